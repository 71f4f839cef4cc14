"""Taking over what was decided at the first import, a few records at a time, each in a transaction of its own.

Killed at any record, the next press goes on with the following one: a row that is done stays done, and a record of
Zoho's can stand for one of ours only once.
"""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import exists, func, select, update
from sqlalchemy.orm import Session, selectinload

from portal.accounting import field_rules, fields, incoming, mapping
from portal.accounting.link import hold
from portal.accounting.mirror.push import INACTIVE
from portal.accounting.models import ImportRow, MirrorRecord
from portal.accounting.pull import changes
from portal.accounting.pull.both_sides import INVENTED, common_of
from portal.accounting.setup import matching, people, reading
from portal.accounting.setup.alike import ours_like
from portal.accounting.setup.desk import Caller
from portal.accounting.setup.tying import tie
from portal.catalogue.actions import ItemFacts, add_item, retire_item
from portal.catalogue.models import Item
from portal.customers.actions import add_customer, retire_customer
from portal.customers.models import Customer
from portal.gateways.zoho.errors import Refused
from portal.shared import clock, outbox
from portal.shared.errors import RuleBroken
from portal.shared.running import job_session
from portal.taxes.models import Tax

SAME, OWN, SKIP = "same", "new", "skip"
_MOST_PRICE = Decimal(10) ** 12


def accept(session: Session, link_id: int) -> None:
    """What needs no decision gets one: matched ones are the same, new ones are taken over. Does not commit."""
    for found, decision in (("matched", SAME), ("new", OWN)):
        session.execute(
            update(ImportRow)
            .where(ImportRow.link_id == link_id, ImportRow.found == found, ImportRow.decision == "")
            .values(decision=decision)
        )


def take_over(caller: Caller, organisation_id: int, link_id: int, *, most: int) -> int:
    """The next records; how many are left. Raises GatewayError: what was taken over so far stays."""
    with job_session(organisation_id) as session:
        rows = session.scalars(_open(link_id).order_by(ImportRow.id).limit(most)).all()
    for row in rows:
        try:
            record = caller.call("GET", f"/contacts/{row.remote_id}")["contact"] if _needs_detail(row) else row.facts
        except Refused as problem:
            _leave(organisation_id, row.id, f"Zoho does not show it any more: {problem.words}")
            continue
        take_one(organisation_id, row.id, record)
    with job_session(organisation_id) as session:
        return session.scalars(select(func.count()).select_from(_open(link_id).subquery())).one()


def _open(link_id: int):  # type: ignore[no-untyped-def]
    return select(ImportRow).where(
        ImportRow.link_id == link_id, ImportRow.done_at.is_(None), ImportRow.decision.in_((SAME, OWN))
    )


def _needs_detail(row: ImportRow) -> bool:
    """Persons and addresses stand in the detail only; items have neither."""
    return row.module == "customer"


def _leave(organisation_id: int, row_id: int, why: str) -> None:
    """One that cannot be taken over holds up no other."""
    with job_session(organisation_id) as session:
        row = session.get_one(ImportRow, row_id, with_for_update=True)
        row.done_at, row.problem = row.done_at or clock.now(), why[:300]


def take_one(organisation_id: int, row_id: int, record: Mapping[str, Any]) -> None:
    """One row as it was decided; `record` is the whole of it as Zoho has it."""
    with job_session(organisation_id) as session:
        hold(session)  # before the row, as whoever parts two does (deciding.part)
        row = session.get_one(ImportRow, row_id, with_for_update=True)
        if row.done_at is not None:
            return  # another press was quicker
        if (ours := _added_meanwhile(session, row)) is not None:
            row.decision, row.found, row.basis, row.local_id = "", matching.UNSURE, ours.basis[:36], ours.local_id
            return
        row.done_at = clock.now()
        try:
            with session.begin_nested():
                local_id = row.local_id if row.decision == SAME else _add(session, row, record)
                if local_id is not None:
                    row.local_id = local_id
                    _tie(session, row, local_id, record)
            row.problem = ""
        except RuleBroken as problem:
            row.problem = problem.sentence[:300]
            if row.decision == SAME:  # people decide it once more: theirs is not lost
                row.done_at, row.decision, row.found = None, "", matching.UNSURE


def _added_meanwhile(session: Session, row: ImportRow) -> matching.Match | None:
    """Of a record that was only in Zoho when its list was read: one of ours that is like it by now, and nobody's twin.
    People decide then, or it would be here twice."""
    if row.found != matching.NEW or row.decision != OWN:
        return None
    theirs = reading.KINDS[row.module].known(row.facts)
    like = matching.match(theirs, ours_like(session, row.module, [theirs]))
    is_twin = exists().where(
        MirrorRecord.link_id == row.link_id, MirrorRecord.module == row.module,
        MirrorRecord.local_id == like.local_id, MirrorRecord.remote_id.is_not(None),
    )  # fmt: skip
    return None if like.local_id is None or session.scalar(select(is_twin)) else like


def _add(session: Session, row: ImportRow, record: Mapping[str, Any]) -> int:
    """One of ours made of theirs. Raises RuleBroken."""
    if row.module == "item":
        facts = replace(_item_facts(session, row.facts), **_mapped(session, row, record))
        return add_item(session, row.organisation_id, facts).id
    of_person = replace(people.facts_of(record), **_mapped(session, row, record))
    return add_customer(session, row.organisation_id, of_person, form_id=None).id


def _mapped(session: Session, row: ImportRow, record: Mapping[str, Any]) -> dict[str, Any]:
    """What the firm's own mapping reads elsewhere than usual, as far as it fits here."""
    rules = field_rules.rules_of(session, row.link_id, row.module)
    moved = [rule for rule in rules if rule not in fields.usual(row.module)]
    values: dict[str, Any] = changes.fitting(row.module, incoming.mapped_values(row.module, record, moved))
    if "payment_terms_days" in values:
        values["payment_terms_days"] = int(values["payment_terms_days"]) if values["payment_terms_days"] else None
    return values


def _tie(session: Session, row: ImportRow, local_id: int, record: Mapping[str, Any]) -> None:
    """Ours and theirs are one from now on. In step as of now: only a later edit goes over, and that ours is in use
    where theirs was not."""
    name = str(record.get("contact_name") or record.get("name") or "")
    snapshot = {
        "sent": None, "persons": _persons(session, row, local_id, record),
        "common": common_of(session, row.link_id, row.module, record), **_invented(session, row, local_id),
    }  # fmt: skip
    is_tied = tie(
        session, row.organisation_id, row.link_id, row.module, local_id, row.remote_id, remote_number=name,
        snapshot=snapshot, remote_status=_leave_unused(session, row, local_id, record),
    )  # fmt: skip
    if not is_tied:
        raise RuleBroken(
            "One of the two is tied to another record already. Say that they are two, or leave theirs in Zoho."
        )
    if _is_to_be_used(row):
        outbox.record(session, row.organisation_id, row.module, local_id)


def _invented(session: Session, row: ImportRow, local_id: int) -> dict[str, str]:
    """The code that an item has only here, as it must have one here: that theirs has none is no difference."""
    if row.module != "item" or row.decision != OWN or row.facts.get("sku"):
        return {}
    return {INVENTED: session.get_one(Item, local_id).code}


def _is_to_be_used(row: ImportRow) -> bool:
    """People knew that theirs was out of use, and said that it is ours."""
    return row.decision == SAME and reading.is_out_of_use(row.facts)


def _leave_unused(session: Session, row: ImportRow, local_id: int, record: Mapping[str, Any]) -> str:
    """Its status there. Made inactive there since its list was read: offered here no more than there."""
    if _is_to_be_used(row):
        return INACTIVE if reading.is_out_of_use(record) else ""
    if not reading.is_out_of_use(record) or row.decision == SAME:
        return ""  # of one of ours that is in use, the next look asks or follows
    if row.module == "customer":
        retire_customer(session, session.get_one(Customer, local_id))
    else:
        retire_item(session, session.get_one(Item, local_id))
    session.flush()
    return INACTIVE


def _persons(session: Session, row: ImportRow, local_id: int, record: Mapping[str, Any]) -> dict[str, str]:
    """Which of their persons are which of ours; those only they have are added, or an edit would drop them."""
    if row.module != "customer":
        return {}
    customer = session.get_one(
        Customer, local_id, options=[selectinload(Customer.contacts), selectinload(Customer.addresses)],
        populate_existing=True,
    )  # fmt: skip
    listed = record.get("contact_persons") or []
    people.add_missing(session, customer, listed)
    return mapping.person_ids(people.record_of(customer), listed)


def _item_facts(session: Session, facts: Mapping[str, str]) -> ItemFacts:
    code = facts.get("sku") or _free_code(session, facts["name"])
    return ItemFacts(
        code=code[:40], kind="service" if facts.get("product_type") == "service" else "part",
        name=facts["name"][:100], unit_price=_price(facts.get("rate", "0")), unit=facts.get("unit", "")[:20],
        description=facts.get("description", "")[:2000], tax_id=_tax_of(session, facts.get("tax_id", "")),
    )  # fmt: skip


def _free_code(session: Session, name: str) -> str:
    """From the name, with a number behind it when another item has that code."""
    stem = "".join(part[:3].upper() for part in name.split()[:3]) or "ITEM"
    alike = select(Item.code).where(func.upper(Item.code).startswith(stem, autoescape=True))
    taken = {code.upper() for code in session.scalars(alike)}
    return next(code for code in (stem, *(f"{stem}-{n}" for n in range(2, 100_000))) if code not in taken)


def _price(rate: str) -> Decimal:
    try:
        price = Decimal(rate)
    except InvalidOperation:
        return Decimal(0)
    return price if price.is_finite() and 0 <= price < _MOST_PRICE else Decimal(0)


def _tax_of(session: Session, remote_id: str) -> int | None:
    """Our tax that stands for theirs, where the taxes were compared before."""
    if not remote_id:
        return None
    of = select(MirrorRecord.local_id).where(MirrorRecord.module == "tax", MirrorRecord.remote_id == remote_id)
    return session.scalars(select(Tax.id).where(Tax.id.in_(of)).limit(1)).first()

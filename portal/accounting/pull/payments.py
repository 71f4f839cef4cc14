"""Payments that were recorded in Zoho: real records here, never guessed from a balance, and never doubled."""

import logging
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.accounting.mirror import uses
from portal.accounting.mirror.lease import Turn, held
from portal.accounting.mirror.modules import MODULES
from portal.accounting.mirror.payloads import payload_now
from portal.accounting.mirror.remote import Remote
from portal.accounting.models import MirrorRecord
from portal.accounting.pull import awaited, payment_changes, put_there, same_or_two, second_payments, sightings
from portal.accounting.pull.changes import in_the_name_of
from portal.accounting.setup.tying import tie
from portal.gateways.zoho import wire
from portal.gateways.zoho.errors import Refused
from portal.invoices.models import Invoice
from portal.organisations.models import Organisation
from portal.payments.actions import BookedPayment, add_booked_payment
from portal.payments.models import Payment
from portal.payments.rules import words_of
from portal.shared.money import Money

log = logging.getLogger(__name__)

Row = Mapping[str, Any]
_METHODS = {"cash": "cash", "check": "cheque", "creditcard": "terminal"}


def follow(turn: Turn, remote: Remote, rows: Sequence[Row]) -> int:
    """How many of the rows brought something."""
    id_key = MODULES["payment"].id_key
    with held(turn) as session:
        known = _known(session, turn.link_id, [str(row[id_key]) for row in rows])
        ours = _own_references(session, turn.link_id, [str(row.get("reference_number") or "-") for row in rows])
    found = 0
    for row in rows:
        twin = known.get(str(row[id_key]))
        if twin is None:
            own = ours.get(str(row.get("reference_number") or ""))
            if own is None:
                found += _take_on(turn, remote, str(row[id_key]))
            elif own.remote_id:  # where ours is not known to be there, this is it: the next try adopts it
                found += second_payments.ask(turn, remote, own.payment_id, str(row[id_key]), facts_of)
        elif sightings.is_news(twin, row):
            found += payment_changes.compare(turn, remote, twin.id, row, facts_of)
    return found


def take_awaited(turn: Turn, remote: Remote) -> None:
    """Those that waited for their customer. One that is gone there meanwhile waits no more."""
    with held(turn) as session:
        due = awaited.due(session, turn.link_id)
        known = _known(session, turn.link_id, due)
    for remote_id in due:
        try:
            if remote_id not in known:
                _take_on(turn, remote, remote_id)
        except Refused as problem:
            log.info("awaited payment is gone", extra={"organisation": turn.organisation_id, "code": problem.code})
        with held(turn) as session:
            awaited.settle(session, turn.link_id, remote_id)


def book(session: Session, organisation_id: int, link_id: int, facts: Mapping[str, Any], product_name: str) -> Payment:
    """Record what `facts` tells of a payment there, and tie the two. Does not commit."""
    organisation = session.get_one(Organisation, organisation_id)
    currency, remote_id = facts["currency"], facts["remote_id"]
    before = select(func.count()).where(Payment.provider_payment_id.startswith(remote_id, autoescape=True))
    count = session.scalars(before).one()  # of those that stood for it here and were reversed
    with in_the_name_of(product_name):
        payment = add_booked_payment(
            session, organisation,
            BookedPayment(
                facts["customer_id"], Money(facts["minor"], currency), facts["method"], facts["reference"],
                date.fromisoformat(facts["on"]), f"{remote_id}/{count + 1}" if count else remote_id,
                {int(invoice_id): Money(minor, currency) for invoice_id, minor in facts["parts"].items()},
            ),
        )  # fmt: skip
    tie_to(session, organisation_id, link_id, payment.id, facts)
    return payment


def tie_to(session: Session, organisation_id: int, link_id: int, payment_id: int, facts: Mapping[str, Any]) -> bool:
    """False when one of the two is tied to another already. Does not commit."""
    tied = tie(
        session, organisation_id, link_id, "payment", payment_id, facts["remote_id"], remote_number=facts["number"],
        snapshot={"there": facts["there"]},
    )  # fmt: skip
    record = session.scalars(
        select(MirrorRecord)
        .where(MirrorRecord.link_id == link_id, MirrorRecord.module == "payment")
        .where(MirrorRecord.local_id == payment_id)
        .execution_options(populate_existing=True)
    ).one()
    _, payload = payload_now(session, record)
    record.snapshot = {
        "there": facts["there"], "sent": payload, "is_theirs": facts["is_partly_ours"], uses.BY_THEM: True,
        uses.SAID: facts.get("said", ""),
    }  # fmt: skip
    record.sending_since = None
    return tied


def _take_on(turn: Turn, remote: Remote, remote_id: str) -> bool:
    detail = remote.detail(MODULES["payment"], remote_id)
    with held(turn) as session:
        facts = facts_of(session, turn, detail)
        if facts and same_or_two.ask(session, turn, facts, detail):
            return True
        if facts is None and _is_advance_of_nobody(session, turn.link_id, detail):
            awaited.note(session, turn, remote_id, str(detail.get("customer_id")))
    if facts is None:
        return False
    put_there.close_payment_pages(turn.organisation_id, [int(invoice_id) for invoice_id in facts["parts"]])
    with held(turn) as session:
        book(session, turn.organisation_id, turn.link_id, facts, turn.product_name)
    return True


def facts_of(session: Session, turn: Turn, detail: Row) -> dict[str, Any] | None:
    """What is needed to record it, in plain values; None for a payment that is no business of ours."""
    currency = str(detail.get("currency_code") or session.scalars(select(Organisation.currency)).one())
    applied = uses.seen(detail, None).applied
    twins = _locals(session, turn.link_id, "invoice", list(applied))
    customer = _customer_of(session, turn.link_id, twins, str(detail.get("customer_id")))
    parts = {str(twins[remote_id]): _minor(amount, currency) for remote_id, amount in applied.items()
             if remote_id in twins and amount > 0}  # fmt: skip
    is_of_ours = bool(parts) or not applied
    if customer is None or not is_of_ours or currency != session.scalars(select(Organisation.currency)).one():
        return None
    is_partly_ours = len(twins) < len(applied)
    minor = sum(parts.values()) if is_partly_ours else _minor(wire.amount(detail["amount"]) or Decimal(0), currency)
    method = _METHODS.get(str(detail.get("payment_mode")), "bank_transfer")
    number, said = str(detail.get("payment_number", "")), str(detail.get("reference_number") or "")
    return {
        "remote_id": str(detail["payment_id"]), "number": number, "customer_id": customer,
        "currency": currency, "minor": minor, "method": method, "on": str(detail["date"]), "parts": parts,
        "reference": f"{words_of(method, said[:60])}, payment {number} in {turn.product_name}",
        "said": said[:100], "there": uses.seen(detail, None).as_text(), "is_partly_ours": is_partly_ours,
    }  # fmt: skip


def _is_advance_of_nobody(session: Session, link_id: int, detail: Row) -> bool:
    """Of a customer who is not here; one on an invoice is that invoice's, which does not come."""
    remote_id = str(detail.get("customer_id"))
    return not uses.seen(detail, None).applied and not _locals(session, link_id, "customer", [remote_id])


def _customer_of(session: Session, link_id: int, invoices: Mapping[str, int], remote_id: str) -> int | None:
    """Whose invoices it pays; there he may be merged into another."""
    if invoices:
        return session.scalars(select(Invoice.customer_id).where(Invoice.id.in_(invoices.values()))).first()
    return _locals(session, link_id, "customer", [remote_id]).get(remote_id)


def _known(session: Session, link_id: int, remote_ids: Sequence[str]) -> dict[str, MirrorRecord]:
    rows = session.scalars(
        select(MirrorRecord).where(
            MirrorRecord.link_id == link_id, MirrorRecord.module == "payment", MirrorRecord.remote_id.in_(remote_ids)
        )
    )
    return {str(record.remote_id): record for record in rows}


class Own(NamedTuple):
    """A payment of ours, and its id in Zoho where that is known."""

    payment_id: int
    remote_id: str | None


def _own_references(session: Session, link_id: int, references: Sequence[str]) -> dict[str, Own]:
    rows = session.execute(
        select(Payment.provider_payment_id, Payment.id, MirrorRecord.remote_id)
        .outerjoin(
            MirrorRecord,
            (MirrorRecord.link_id == link_id)
            & (MirrorRecord.module == "payment")
            & (MirrorRecord.local_id == Payment.id),
        )
        .where(Payment.provider_payment_id.in_(references))
    )
    return {reference: Own(payment_id, remote_id) for reference, payment_id, remote_id in rows}


def _locals(session: Session, link_id: int, module: str, remote_ids: Sequence[str]) -> dict[str, int]:
    rows = session.execute(
        select(MirrorRecord.remote_id, MirrorRecord.local_id).where(
            MirrorRecord.link_id == link_id, MirrorRecord.module == module, MirrorRecord.remote_id.in_(remote_ids)
        )
    )
    return {str(remote_id): local_id for remote_id, local_id in rows}


def _minor(amount: Decimal, currency: str) -> int:
    return Money.rounded(amount, currency).minor

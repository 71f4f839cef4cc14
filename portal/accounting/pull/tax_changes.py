"""A tax that was changed after both sides had agreed on it: offered on the other side, forced on none."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounting import directions
from portal.accounting.models import MirrorRecord
from portal.accounting.pull import questions
from portal.accounting.pull.models import RATE, STATUS
from portal.organisations.models import Organisation
from portal.shared import clock
from portal.taxes.actions import CannotChangeTax, change_rate
from portal.taxes.corrections import correct_rate, follow_rate
from portal.taxes.models import Tax
from portal.taxes.queries import taxes_by_id
from portal.taxes.together import moving_with

AUTHORITY, LEVIED = "tax_authority_name", "levied"  # as Zoho calls it, and who it was there when it was last said
_OURS, _THEIRS = "The rate was changed here", "The rate was changed in Zoho"
_BOTH = "The rate was changed on both sides"
_WHY = "Invoices agree to the cent only while both sides have the same rate."


@dataclass(frozen=True)
class Known:
    """A tax as Zoho has it. rate in percent."""

    name: str
    rate: Decimal

    def as_text(self) -> dict[str, str]:
        return {"name": self.name, "rate": f"{self.rate:f}"}


def known_there(record: MirrorRecord) -> Known | None:
    """As Zoho had it when it was last seen; None when nobody has looked."""
    kept = record.snapshot or {}
    if kept.get("common"):
        return Known(kept["common"]["name"], Decimal(kept["common"]["rate"]))
    sent = kept.get("sent") or {}
    return Known(sent["tax_name"], Decimal(sent["tax_percentage"])) if "tax_percentage" in sent else None


def stands_at(record: MirrorRecord) -> Known | None:
    """What Zoho reckons with, whatever both sides have agreed on."""
    stands = (record.snapshot or {}).get("stands")
    return Known(stands["name"], Decimal(stands["rate"])) if stands else known_there(record)


def seen(record: MirrorRecord, there: Mapping[str, Any]) -> None:
    """Remember what an answer says of a tax or a group."""
    keep(record, common=known_in(there).as_text(), stands=None)


def known_in(there: Mapping[str, Any]) -> Known:
    """As an answer tells it."""
    name = there.get("tax_name") or there.get("tax_group_name") or ""
    rate = there.get("tax_percentage", there.get("tax_group_percentage", 0))
    return Known(str(name), Decimal(str(rate)))


def named_before(record: MirrorRecord, tax: Tax) -> str:
    """What it was called here when both sides agreed on it last."""
    return str((record.snapshot or {}).get("named") or tax.name)


def is_left_apart(record: MirrorRecord, ours: Decimal, theirs: Decimal) -> bool:
    """Has a person left the two as they are?"""
    return (record.snapshot or {}).get("apart") == [said(ours), said(theirs)]


def compare(session: Session, record: MirrorRecord, there: Known) -> bool:
    """Offer what differs, once for each state of it. True when something did. Does not commit."""
    tax = session.get_one(Tax, record.local_id, populate_existing=True)
    ours, before = rate_now(session, tax), known_there(record)
    if ours == there.rate or tax.kind not in ("percent", "zero"):
        questions.settle(session, record, STATUS, RATE)
        keep(record, common=there.as_text(), named=tax.name, apart=None, wanted=None)
        return False
    if is_left_apart(record, ours, there.rate):
        return False
    moved_here, moved_there = before is None or before.rate != ours, before is None or before.rate != there.rate
    title = _BOTH if moved_here and moved_there else _THEIRS if moved_there else _OURS
    editor = questions.last_editor(session, "tax", tax.id) if moved_here else ("", None)
    questions.ask(
        session, questions.of(record), STATUS, field=RATE, ours=said(ours), theirs=said(there.rate),
        ours_by=editor[0], ours_at=editor[1],
        facts={"label": f"Tax {tax.name}", "title": title, "why": why(session, tax), "there": there.as_text()},
    )  # fmt: skip
    return True


def why(session: Session, tax: Tax) -> str:
    others = " and ".join(other.name for other, _share in moving(session, tax))
    return f"{_WHY} With theirs, {others} change here, too: the halves stay equal." if others else _WHY


def is_wanted_there(session: Session, record: MirrorRecord, now: Mapping[str, Any]) -> bool:
    """Has somebody said that our rate is to be theirs? Otherwise it is offered, as far as theirs is known. Taxes that
    were tied keep their names on both sides, and groups their members. Who gets it is ours to say. Does not commit.

    now: the tax as we would send it
    """
    there, kept = known_there(record), record.snapshot or {}
    tax = session.get_one(Tax, record.local_id, populate_existing=True)
    has_new_name = is_name_wanted(record, tax.name)
    if there is None or tax.kind == "group":
        return there is not None and has_new_name
    ours = rate_now(session, tax)
    if kept.get("wanted") == said(ours):
        return True
    if ours == there.rate and (has_new_name or now.get(AUTHORITY, "") not in ("", _levied_there(record))):
        return True
    if directions.direction_of(session, record.link_id, "tax") != directions.BOTH:
        compare(session, record, there)
    return False


def is_name_wanted(record: MirrorRecord, name: str) -> bool:
    """Is it to be called so there, too?"""
    return (record.snapshot or {}).get("wanted_name") == name


def _levied_there(record: MirrorRecord) -> str:
    """Who gets it there: as we sent it, or as it was when both sides agreed; "" where nobody has noted it."""
    kept = record.snapshot or {}
    return str((kept.get("sent") or {}).get(AUTHORITY) or kept.get(LEVIED, ""))


def use_theirs(session: Session, record: MirrorRecord, there: Mapping[str, str]) -> None:
    """From today on. Raises CannotChangeTax. Does not commit."""
    tax = session.get_one(Tax, record.local_id, populate_existing=True, with_for_update=True)
    if tax.kind != "percent":
        raise CannotChangeTax("This tax has no rate of its own here. Make another one, or correct it in Zoho.")
    theirs, day, others = Decimal(there["rate"]), today(session), moving(session, tax)
    before = [(each, each.rate_on(day)) for each in (tax, *(other for other, _share in others))]
    begun = next((rate for rate in tax.rates if rate.valid_from == day), None)
    if tax.rate_on(day) == theirs:
        pass  # its other half was changed a moment ago
    elif begun is not None:
        correct_rate(session, tax, begun, theirs, day, others)
    else:
        change_rate(session, tax, theirs, day, others)
    _names_follow(session, record, before, day)
    # A name that was changed there as well comes by its own rule, at the next look.
    name = (known_there(record) or known_in({"tax_name": there["name"]})).name
    keep(record, common={**there, "name": name}, stands=None, apart=None)


def _names_follow(session: Session, record: MirrorRecord, before: list[tuple[Tax, Decimal]], day: date) -> None:
    """Here only: each side goes on calling them as it does."""
    for tax, rate in before:
        follow_rate(session, tax, rate, tax.rate_on(day))
    names = {tax.id: tax.name for tax, _ in before}
    of = (MirrorRecord.link_id == record.link_id, MirrorRecord.module == "tax", MirrorRecord.local_id.in_(names))
    for each in session.scalars(select(MirrorRecord).where(*of)):
        keep(each, named=names[each.local_id])


def moving(session: Session, tax: Tax) -> list[tuple[Tax, Decimal]]:
    """CGST and SGST stay equal whichever of them was changed, and IGST stays their sum."""
    country = session.scalars(select(Organisation.country)).one()
    return moving_with(tax, taxes_by_id(session), country)


def send_ours(session: Session, record: MirrorRecord) -> None:
    tax = session.get_one(Tax, record.local_id, populate_existing=True)
    keep(record, wanted=said(rate_now(session, tax)), apart=None)


def send_name(session: Session, record: MirrorRecord) -> None:
    keep(record, wanted_name=session.get_one(Tax, record.local_id, populate_existing=True).name)


def call_both_as_they_are(session: Session, record: MirrorRecord, there: Mapping[str, str]) -> None:
    """Each side keeps its own name until one of the two changes."""
    name = session.get_one(Tax, record.local_id, populate_existing=True).name
    before = known_there(record)
    rate = f"{before.rate:f}" if before else there["rate"]
    keep(record, common={"name": there["name"], "rate": rate}, named=name, wanted_name=None)


def is_on_its_way(record: MirrorRecord) -> bool:
    """Our rate is to be theirs, and is not yet: an invoice that bears it would differ by it."""
    return (record.snapshot or {}).get("wanted") is not None and record.state != "in_step"


def leave_apart(record: MirrorRecord, ours: str, theirs: str) -> None:
    """Not asked again until one of the two changes."""
    keep(record, apart=[ours, theirs])


def keep(record: MirrorRecord, **facts: Any) -> None:
    kept = (record.snapshot or {}) | facts
    record.snapshot = {key: value for key, value in kept.items() if value is not None}


def rate_now(session: Session, tax: Tax) -> Decimal:
    return tax.rate_on(today(session))


def today(session: Session) -> date:
    return clock.today(session.scalars(select(Organisation.time_zone)).one())


def said(rate: Decimal) -> str:
    return f"{rate.normalize():f} %"

"""A credit note of Zoho's as one of ours: over the same lines, to the same cent, or not at all."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounting.models import MirrorRecord
from portal.gateways.zoho import wire
from portal.invoices.credit_notes.actions import creditable, raise_credit_note
from portal.invoices.credit_notes.models import CreditNote
from portal.invoices.credit_notes.queries import credited_total
from portal.invoices.credit_notes.rules import CannotCredit
from portal.invoices.models import Invoice
from portal.invoices.queries import get_invoice
from portal.organisations.models import Organisation
from portal.shared.money import Money

_MOST_TRIES = 4
_LONGEST_REASON = 200


class Otherwise(Exception):
    """Ours would come to another total. Carries by how much theirs is more."""

    def __init__(self, left: Money) -> None:
        super().__init__(str(left))
        self.left = left


@dataclass(frozen=True)
class TheirCredit:
    """
    lines    (its item's id there, its name, what it comes to)
    is_kept  nothing of it was put to an invoice
    """

    number: str
    on: date
    total: Money
    lines: Sequence[tuple[str, str, Money]]
    reason: str
    is_kept: bool


def read(detail: Mapping[str, Any], currency: str, *, is_kept: bool) -> TheirCredit:
    def money(value: Any) -> Money:
        return Money.rounded(wire.amount(value) or Money.zero(currency).decimal, currency)

    lines = [
        (str(line.get("item_id") or ""), str(line.get("name") or ""), money(line.get("item_total")))
        for line in detail.get("line_items") or []
    ]  # fmt: skip
    words = str(detail.get("notes") or detail.get("reference_number") or "").strip()
    return TheirCredit(
        str(detail.get("creditnote_number", "")), date.fromisoformat(str(detail["date"])), money(detail.get("total")),
        lines, words, is_kept,
    )  # fmt: skip


def credit_as_theirs(
    session: Session, link_id: int, invoice_id: int, theirs: TheirCredit, product_name: str
) -> CreditNote | None:
    """None where no credit note over this invoice comes to the same. Does not commit."""
    invoice = get_invoice(session, invoice_id, lock=True)
    organisation = session.get_one(Organisation, invoice.organisation_id)
    said = f"{theirs.number} in {product_name}"
    reason = f"{theirs.reason[: _LONGEST_REASON - len(said) - 2]}, {said}" if theirs.reason else said
    for wanted in _guesses(session, link_id, invoice, theirs.total, theirs.lines):
        for _ in range(_MOST_TRIES):
            try:
                with session.begin_nested():
                    note = raise_credit_note(
                        session, organisation, invoice, wanted, reason, keep=theirs.is_kept, issued_on=theirs.on
                    )
                    if note.total != theirs.total:
                        raise Otherwise(theirs.total - note.total)
                    return note
            except Otherwise as problem:
                if abs(problem.left.minor) > len(wanted) + 1:
                    break  # no rounding explains that
                wanted = _nudged(wanted, problem.left)
            except CannotCredit:
                break
    return None


def _guesses(
    session: Session, link_id: int, invoice: Invoice, total: Money, lines: Sequence[tuple[str, str, Money]]
) -> Iterator[dict[int, Money]]:
    """Their own lines, where each is one of ours; all that is left, or an equal part of it."""
    left = creditable(session, invoice)
    named = _by_their_lines(session, link_id, invoice, lines)
    if named:
        yield named
    whole = (invoice.total - credited_total(session, invoice)).minor
    if whole <= 0 or total.minor > whole:
        return
    if total.minor == whole:
        yield dict(enumerate(left))
        return
    yield {at: Money(each.minor * total.minor // whole, total.currency) for at, each in enumerate(left)}


def _by_their_lines(
    session: Session, link_id: int, invoice: Invoice, lines: Sequence[tuple[str, str, Money]]
) -> dict[int, Money]:
    rows = session.execute(
        select(MirrorRecord.local_id, MirrorRecord.remote_id)
        .where(MirrorRecord.link_id == link_id, MirrorRecord.module == "item")
        .where(MirrorRecord.local_id.in_([line.item_id for line in invoice.lines if line.item_id]))
    )
    ids = {local_id: remote_id for local_id, remote_id in rows}
    wanted: dict[int, Money] = {}
    for item_id, name, amount in lines:
        same = [
            at for at, line in enumerate(invoice.lines)
            if at not in wanted and (ids.get(line.item_id or 0) == item_id if item_id else line.name == name)
        ]  # fmt: skip
        if not same:
            return {}
        wanted[same[0]] = amount
    return wanted


def _nudged(wanted: Mapping[int, Money], left: Money) -> dict[int, Money]:
    """The largest line takes what is missing: with tax upon it, a few tries come to the cent."""
    at = max(wanted, key=lambda each: abs(wanted[each].minor))
    return {**wanted, at: wanted[at] + left}

"""A credit note of Zoho's as one of ours: over the same lines, to the same cent and the same tax, put to the same
invoices, or not at all."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounting.agreement.comparison import our_figures
from portal.accounting.models import MirrorRecord
from portal.gateways.zoho import wire
from portal.invoices.credit_notes import rules
from portal.invoices.credit_notes.actions import creditable, raise_credit_note
from portal.invoices.credit_notes.models import CreditNote
from portal.invoices.credit_notes.queries import credited_total
from portal.invoices.credit_notes.rules import CannotCredit
from portal.invoices.models import Invoice
from portal.invoices.queries import balance_of, get_invoice
from portal.organisations.models import Organisation
from portal.payments.actions.allocation import lock_customer, lock_invoices
from portal.shared.money import Money

_MOST_TRIES = 4
_LONGEST_REASON = 200


class Otherwise(Exception):
    """Ours would come to another total, or to another tax. Carries by how much theirs is more."""

    def __init__(self, left: Money) -> None:
        super().__init__(str(left))
        self.left = left


@dataclass(frozen=True)
class TheirLine:
    """item: its id there. amount: what it comes to. rate: of its tax, in percent."""

    item: str
    name: str
    amount: Money
    rate: Decimal


@dataclass(frozen=True)
class TheirCredit:
    """
    taxes    what each of its taxes comes to, none of nothing, the smallest first
    applied  our invoice → how much of it lowers that; the rest is the customer's credit
    """

    number: str
    on: date
    total: Money
    taxes: Sequence[Money]
    lines: Sequence[TheirLine]
    reason: str
    applied: Mapping[int, Money]


def read(detail: Mapping[str, Any], currency: str, applied: Mapping[int, Money]) -> TheirCredit:
    def money(value: Any) -> Money:
        return Money.rounded(wire.amount(value) or Money.zero(currency).decimal, currency)

    lines = [
        TheirLine(
            str(line.get("item_id") or ""), str(line.get("name") or ""), money(line.get("item_total")),
            wire.amount(line.get("tax_percentage")) or Decimal(0),
        )
        for line in detail.get("line_items") or []
    ]  # fmt: skip
    words = str(detail.get("notes") or detail.get("reference_number") or "").strip()
    return TheirCredit(
        str(detail.get("creditnote_number", "")), date.fromisoformat(str(detail["date"])), money(detail.get("total")),
        _none_of_nothing(money(each.get("tax_amount")) for each in detail.get("taxes") or []), lines, words, applied,
    )  # fmt: skip


def why_not_put(session: Session, theirs: TheirCredit) -> str:
    """A sentence, where one of the invoices cannot take here what it has got there."""
    for invoice_id, part in theirs.applied.items():
        invoice = get_invoice(session, invoice_id)
        try:
            rules.check_takes(invoice.number or "", invoice.status, part, balance_of(invoice).balance)
        except rules.CannotCredit as problem:
            return problem.sentence
    return ""


def credit_as_theirs(
    session: Session, link_id: int, invoice_id: int, theirs: TheirCredit, product_name: str
) -> CreditNote | None:
    """None where no credit note over this invoice comes to the same. Does not commit."""
    lock_customer(session, session.get_one(Invoice, invoice_id).customer_id)
    locked = lock_invoices(session, [invoice_id, *theirs.applied])
    invoice, put = locked[invoice_id], [(locked[at], part) for at, part in theirs.applied.items()]
    organisation = session.get_one(Organisation, invoice.organisation_id)
    said = f"{theirs.number} in {product_name}"
    reason = f"{theirs.reason[: _LONGEST_REASON - len(said) - 2]}, {said}" if theirs.reason else said
    for wanted in _guesses(session, link_id, invoice, theirs):
        for _ in range(_MOST_TRIES):
            try:
                with session.begin_nested():
                    note = raise_credit_note(
                        session, organisation, invoice, wanted, reason, issued_on=theirs.on, put=put
                    )
                    if note.total != theirs.total or _taxes_of(note) != theirs.taxes:
                        raise Otherwise(theirs.total - note.total)
                    return note
            except Otherwise as problem:
                if not problem.left or abs(problem.left.minor) > len(wanted) + 1:
                    break  # another tax, or no rounding explains that
                wanted = _nudged(wanted, problem.left)
            except CannotCredit:
                break
    return None


def _taxes_of(note: CreditNote) -> Sequence[Money]:
    figures = our_figures("", (), Decimal(0), note.breakdown)
    return _none_of_nothing(Money.of(amount, note.currency) for _, amount in figures.taxes)


def _none_of_nothing(taxes: Iterable[Money]) -> Sequence[Money]:
    return sorted((each for each in taxes if each), key=lambda each: each.minor)


def _guesses(session: Session, link_id: int, invoice: Invoice, theirs: TheirCredit) -> Iterator[dict[int, Money]]:
    """Their own lines, where each is one of ours; what bears the same tax; all that is left, or an equal part of it."""
    left, total = creditable(session, invoice), theirs.total
    named = _by_their_lines(session, link_id, invoice, theirs.lines)
    if named:
        yield named
    taxed = _by_their_taxes(invoice, left, theirs.lines)
    if taxed:
        yield taxed
    whole = (invoice.total - credited_total(session, invoice)).minor
    if whole <= 0 or total.minor > whole:
        return
    if total.minor == whole:
        yield dict(enumerate(left))
        return
    yield {at: Money(each.minor * total.minor // whole, total.currency) for at, each in enumerate(left)}


def _by_their_taxes(invoice: Invoice, left: Sequence[Money], lines: Sequence[TheirLine]) -> dict[int, Money]:
    """Of all lines that bear the same tax, an equal part; nothing where less is left of them."""
    wanted: dict[int, Money] = {}
    for rate in {line.rate for line in lines}:
        amount = Money.total((line.amount for line in lines if line.rate == rate), invoice.currency)
        same = [at for at, line in enumerate(invoice.lines) if line.tax_rate == rate and left[at].minor > 0]
        whole = sum(left[at].minor for at in same)
        if not 0 < amount.minor <= whole:
            return {}
        parts = {at: Money(left[at].minor * amount.minor // whole, amount.currency) for at in same}
        wanted |= _nudged(parts, amount - Money.total(parts.values(), amount.currency))
    return wanted


def _by_their_lines(session: Session, link_id: int, invoice: Invoice, lines: Sequence[TheirLine]) -> dict[int, Money]:
    rows = session.execute(
        select(MirrorRecord.local_id, MirrorRecord.remote_id)
        .where(MirrorRecord.link_id == link_id, MirrorRecord.module == "item")
        .where(MirrorRecord.local_id.in_([line.item_id for line in invoice.lines if line.item_id]))
    )
    ids = {local_id: remote_id for local_id, remote_id in rows}
    wanted: dict[int, Money] = {}
    for each in lines:
        same = [
            at for at, line in enumerate(invoice.lines)
            if at not in wanted
            and (ids.get(line.item_id or 0) == each.item if each.item else line.name == each.name)
        ]  # fmt: skip
        if not same:
            return {}
        wanted[same[0]] = each.amount
    return wanted


def _nudged(wanted: Mapping[int, Money], left: Money) -> dict[int, Money]:
    """The largest line takes what is missing: with tax upon it, a few tries come to the cent."""
    at = max(wanted, key=lambda each: abs(wanted[each].minor))
    return {**wanted, at: wanted[at] + left}

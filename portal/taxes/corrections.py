"""Putting right what nothing that was sent bears: a mistyped rate, a wrong name, a tax that nobody needs.

What was sent is frozen, whatever happens here; but a tax that stands on it keeps its name and its rates, so that
the papers and the settings tell the same story.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from sqlalchemy import delete
from sqlalchemy.orm import Session

from portal.organisations import audit
from portal.shared import outbox
from portal.shared.errors import NotFound
from portal.taxes import bearing
from portal.taxes.actions import CannotChangeTax, check_name, drafts_follow, said
from portal.taxes.models import Tax, TaxGroupMember, TaxRate
from portal.taxes.naming import following

_SENT = "Invoices that were sent bear it, so it stays as it is."
_WORDS = {
    "items": ("service or part", "services and parts"), "customers": ("customer", "customers"),
    "jobs": ("job", "jobs"), "drafts": ("draft", "drafts"), "groups": ("group", "groups"),
    "places": ("place", "places"), "replaced": ("tax whose place it takes", "taxes whose place it takes"),
}  # fmt: skip


def dated(tax: Tax, rate_id: int) -> TaxRate:
    """One of its rates. Raises NotFound."""
    found = next((each for each in tax.rates if each.id == rate_id), None)
    if found is None:
        raise NotFound
    return found


def is_first(tax: Tax, rate: TaxRate) -> bool:
    """Before it there is none: it cannot go, nor begin another day."""
    return rate.valid_from == min(each.valid_from for each in tax.rates)


def why_rate_stays(session: Session, tax: Tax, rate: TaxRate, others: Sequence[tuple[Tax, Decimal]] = ()) -> str:
    """A sentence, where sent invoices bear it at that rate; the rates that move with it count, too."""
    for each in (rate, *_same_day(rate.valid_from, others)):
        sent = bearing.sent_at_rate(session, each.tax_id, each.rate, each.valid_from)
        if sent:
            papers = "1 invoice that was sent bears" if sent == 1 else f"{sent} invoices that were sent bear"
            return f"{papers} {said(tax, rate.rate)}, so this rate stays. Add a new one from a later day on."
    return ""


def correct_rate(
    session: Session, tax: Tax, rate: TaxRate, right: Decimal, valid_from: date,
    others: Sequence[tuple[Tax, Decimal]] = (),
) -> int:  # fmt: skip
    """In the place of a rate that nothing sent bears. others: as for actions.change_rate.

    Returns how many drafts come to something else. Raises CannotChangeTax. Does not commit.
    """
    if any(right * share > 100 for _other, share in others):
        raise CannotChangeTax("The whole would be more than 100 %.", field="rate")
    _check_free(session, tax, rate, others)
    if valid_from != rate.valid_from and is_first(tax, rate):
        raise CannotChangeTax("The first rate begins when the tax does. Correct the rate only.", field="valid_from")
    if any(each.valid_from == valid_from for each in tax.rates if each.id != rate.id):
        raise CannotChangeTax("There is a rate from that day already. Choose another day.", field="valid_from")
    began = rate.valid_from
    for each, share in ((tax, Decimal(1)), *others):
        _put_right(session, each, began, right * share, valid_from)
    return drafts_follow(session, tax.organisation_id)


def remove_rate(
    session: Session, tax: Tax, rate: TaxRate, others: Sequence[tuple[Tax, Decimal]] = ()
) -> int:  # fmt: skip
    """The one before counts again. Returns how many drafts change. Raises CannotChangeTax. Does not commit."""
    _check_free(session, tax, rate, others)
    if is_first(tax, rate):
        raise CannotChangeTax("A tax has one rate at least. Correct this one, or remove the tax.", field="rate")
    for each in (rate, *_same_day(rate.valid_from, others)):
        owner = session.get_one(Tax, each.tax_id)
        words = f"Removed {said(owner, each.rate)} from {each.valid_from:%d %B %Y}"
        session.delete(each)
        _tell(session, owner, "tax rate removed", words)
        session.expire(owner, ["rates"])
    return drafts_follow(session, tax.organisation_id)


def rename(session: Session, tax: Tax, name: str) -> None:
    """Drafts follow. Raises CannotChangeTax. Does not commit."""
    if name == tax.name:
        return
    check_name(session, name, but=tax.id)
    if bearing.ties_of(session, tax.id).sent:
        raise CannotChangeTax("Invoices that were sent name it so. Add another tax with the right name.", field="name")
    words, tax.name = f"{tax.name} is called {name}", name
    _tell(session, tax, "tax renamed", words)
    drafts_follow(session, tax.organisation_id)


def follow_rate(session: Session, tax: Tax, before: Decimal, rate: Decimal) -> None:
    """Its name says the new rate where it said the one before; also where invoices were sent, as these tell theirs. It
    stays where another tax is called so. Does not commit."""
    name = following(tax.name, before, rate)
    try:
        check_name(session, name, but=tax.id)
    except CannotChangeTax:
        return
    if name != tax.name:
        words, tax.name = f"{tax.name} is called {name}", name
        _tell(session, tax, "tax renamed", words)
        drafts_follow(session, tax.organisation_id)


def why_tax_stays(tax: Tax, ties: bearing.Ties) -> str:
    """A sentence that says what to do instead; "" where it may go."""
    if ties.sent:
        return f"{_SENT} No longer offer it instead."
    if ties.in_books:
        return "Your books have it too, and nothing is deleted there. No longer offer it instead."
    if tax.is_default:
        return "It is the usual tax. Make another one the usual one first."
    counts = [(getattr(ties, name), words) for name, words in _WORDS.items()]
    named = [f"{count} {one if count == 1 else many}" for count, (one, many) in counts if count]
    return f"{' and '.join(named)} would be left without it. Choose another tax there first." if named else ""


def remove_tax(session: Session, tax: Tax) -> None:
    """One that nothing bears, and nothing names. Raises CannotChangeTax. Does not commit."""
    stays = why_tax_stays(tax, bearing.ties_of(session, tax.id))
    if stays:
        raise CannotChangeTax(stays, field="removal")
    _tell(session, tax, "tax removed", f"Removed {tax.name}")
    session.execute(delete(TaxRate).where(TaxRate.tax_id == tax.id))
    session.execute(delete(TaxGroupMember).where(TaxGroupMember.group_id == tax.id))
    session.execute(delete(Tax).where(Tax.id == tax.id))


def _check_free(session: Session, tax: Tax, rate: TaxRate, others: Sequence[tuple[Tax, Decimal]]) -> None:
    stays = why_rate_stays(session, tax, rate, others)
    if stays:
        raise CannotChangeTax(stays, field="rate")


def _same_day(day: date, others: Sequence[tuple[Tax, Decimal]]) -> list[TaxRate]:
    return [each for other, _share in others for each in other.rates if each.valid_from == day]


def _put_right(session: Session, tax: Tax, began: date, right: Decimal, valid_from: date) -> None:
    """The rate that began that day; where there is none (the taxes had parted), a new one."""
    rate = next((each for each in tax.rates if each.valid_from == began), None)
    if rate is None:
        tax.rates.append(TaxRate(organisation_id=tax.organisation_id, rate=right, valid_from=valid_from))
        before = "no rate"
    else:
        before = f"{said(tax, rate.rate)} from {began:%d %B %Y}"
        rate.rate, rate.valid_from = right, valid_from
    _tell(session, tax, "tax rate corrected", f"{before} → {said(tax, right)} from {valid_from:%d %B %Y}")


def _tell(session: Session, tax: Tax, action: str, words: str) -> None:
    session.flush()
    outbox.record(session, tax.organisation_id, "tax", tax.id)
    audit.note(session, tax.organisation_id, action, "tax", tax.id, words=words)

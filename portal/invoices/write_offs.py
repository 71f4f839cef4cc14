"""Giving up what is still owed on an invoice, and taking that back: the invoice itself stays as it was sent.

A write-off has a sum of its own. Money that goes back afterwards is open again, by just so much.
"""

from sqlalchemy.orm import Session

from portal.invoices.models import SENT, Invoice
from portal.invoices.queries import due_on
from portal.organisations import audit
from portal.organisations.models import Organisation
from portal.shared import clock, formats, outbox
from portal.shared.errors import RuleBroken
from portal.shared.money import Money


class CannotWriteOff(RuleBroken):
    """There is nothing to give up, or nothing to take back."""


def write_off(session: Session, invoice: Invoice, reason: str, *, most: Money | None = None) -> Money:
    """How much was given up, beside what was before. Raises CannotWriteOff. Does not commit.

    invoice  its row locked; the caller has made sure that no payment page is open for it
    most     no more than this; None: all that is left to pay
    """
    if invoice.status != SENT:
        raise CannotWriteOff("Only an invoice that was sent can be written off.")
    open_now = due_on(session, invoice.id).balance
    if open_now <= Money.zero(invoice.currency):
        raise CannotWriteOff("Nothing is left to pay on this invoice, so there is nothing to write off.")
    more = open_now if most is None else min(open_now, most)
    locale = session.get_one(Organisation, invoice.organisation_id).locale
    before = invoice.written_off
    invoice.written_off_minor += more.minor
    invoice.written_off_at, invoice.write_off_reason = clock.now(), reason
    _announce(session, invoice, "invoice written off", f"{formats.money(more, locale)} written off: {reason}", before)
    return more


def take_back(session: Session, invoice: Invoice) -> None:
    """It is to be paid again, and reminded of. Raises CannotWriteOff. Does not commit."""
    if not invoice.written_off_minor:
        raise CannotWriteOff("Nothing of this invoice is written off.")
    before = invoice.written_off
    invoice.written_off_minor, invoice.written_off_at, invoice.write_off_reason = 0, None, ""
    _announce(session, invoice, "write-off taken back", "Write-off taken back: it is to be paid again", before)


def _announce(session: Session, invoice: Invoice, what: str, words: str, before: Money) -> None:
    session.flush()
    outbox.record(session, invoice.organisation_id, "invoice", invoice.id)
    audit.note(
        session, invoice.organisation_id, what, "invoice", invoice.id, words=words,
        before={"written_off": str(before)},
        after={"written_off": str(invoice.written_off), "reason": invoice.write_off_reason},
    )  # fmt: skip

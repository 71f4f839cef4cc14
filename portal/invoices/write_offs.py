"""Giving up what is still owed on an invoice, and taking that back: the invoice itself stays as it was sent."""

from sqlalchemy.orm import Session

from portal.invoices.models import SENT, WRITTEN_OFF, Invoice
from portal.invoices.queries import balance_of, due_on
from portal.organisations import audit
from portal.organisations.models import Organisation
from portal.shared import clock, formats, outbox
from portal.shared.errors import RuleBroken
from portal.shared.money import Money


class CannotWriteOff(RuleBroken):
    """There is nothing to give up, or nothing to take back."""


def write_off(session: Session, invoice: Invoice, reason: str) -> Money:
    """How much was given up. Raises CannotWriteOff. Does not commit.

    invoice  its row locked; the caller has made sure that no payment page is open for it
    """
    if invoice.status != SENT:
        raise CannotWriteOff("Only an invoice that was sent can be written off.")
    open_now = due_on(session, invoice.id).balance
    if open_now <= Money.zero(invoice.currency):
        raise CannotWriteOff("Nothing is left to pay on this invoice, so there is nothing to write off.")
    locale = session.get_one(Organisation, invoice.organisation_id).locale
    invoice.status, invoice.written_off_at, invoice.write_off_reason = WRITTEN_OFF, clock.now(), reason
    _announce(session, invoice, "invoice written off", f"{formats.money(open_now, locale)} written off: {reason}", SENT)
    return open_now


def take_back(session: Session, invoice: Invoice) -> None:
    """It is to be paid again, and reminded of. Raises CannotWriteOff. Does not commit."""
    if invoice.status != WRITTEN_OFF:
        raise CannotWriteOff("This invoice is not written off.")
    invoice.status, invoice.written_off_at, invoice.write_off_reason = SENT, None, ""
    _announce(session, invoice, "write-off taken back", "Write-off taken back: it is to be paid again", WRITTEN_OFF)


def given_up(invoice: Invoice) -> Money:
    """What was written off, of an invoice that was read with its balance."""
    known = balance_of(invoice)
    return invoice.amount_due - known.paid - known.credited


def _announce(session: Session, invoice: Invoice, what: str, words: str, before: str) -> None:
    session.flush()
    outbox.record(session, invoice.organisation_id, "invoice", invoice.id)
    audit.note(
        session, invoice.organisation_id, what, "invoice", invoice.id, words=words,
        before={"status": before}, after={"status": invoice.status, "reason": invoice.write_off_reason},
    )  # fmt: skip

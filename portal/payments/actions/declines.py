"""Somebody tries out stolen cards: after so many refusals an invoice takes none for a day."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.organisations import audit
from portal.organisations.models import AuditEntry
from portal.payments import queries, rules
from portal.payments.actions.releases import release_invoice
from portal.payments.models import PaymentAttempt
from portal.payments.rules import PaymentUnderWay
from portal.shared import clock
from portal.shared.running import job_session

_CLOSED = "cards closed"


def close_after_declines(organisation_id: int, attempt_id: int) -> None:
    """Close the page at Stripe when too many cards were refused there, and say so on the invoice.

    Calls Stripe between short transactions of its own. Raises CannotPay, GatewayError for another try.
    """
    with job_session(organisation_id) as session:
        invoice_id = session.get_one(PaymentAttempt, attempt_id).invoice_id
        if queries.refused_cards(session, invoice_id) < rules.MOST_DECLINES:
            return
    try:
        release_invoice(organisation_id, invoice_id)
    except PaymentUnderWay:
        return  # a bank is just paying it: the page is closed already
    with job_session(organisation_id) as session:
        if not _is_told(session, invoice_id):
            words = f"{rules.MOST_DECLINES} cards were refused: no card is taken for a day. Ask the customer how to pay"
            audit.note(session, organisation_id, _CLOSED, "invoice", invoice_id, words=words)


def _is_told(session: Session, invoice_id: int) -> bool:
    """Once for each time that it closes, not once for each card."""
    told = select(AuditEntry.id).where(
        AuditEntry.action == _CLOSED, AuditEntry.record == "invoice", AuditEntry.record_id == invoice_id,
        AuditEntry.created_at > clock.now() - rules.DECLINES_WINDOW,
    )  # fmt: skip
    return session.scalar(told.limit(1)) is not None

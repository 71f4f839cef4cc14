"""Somebody tries out stolen cards: after so many refusals an invoice takes none for a day."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.organisations import audit
from portal.organisations.models import AuditEntry
from portal.payments import queries, rules
from portal.payments.actions.booking import about_of
from portal.payments.actions.releases import release_deposit, release_invoice
from portal.payments.models import PaymentAttempt
from portal.payments.queries import paid_for_by
from portal.payments.rules import PaymentUnderWay
from portal.shared import clock
from portal.shared.running import job_session

_CLOSED = "cards closed"


def close_after_declines(organisation_id: int, attempt_id: int) -> None:
    """Close the page at Stripe when too many cards were refused there, and say so on the invoice.

    Calls Stripe between short transactions of its own. Raises CannotPay, GatewayError for another try.
    """
    with job_session(organisation_id) as session:
        attempt = session.get_one(PaymentAttempt, attempt_id)
        paid_for, about = paid_for_by(attempt), about_of(session, attempt)
        if queries.refused_cards(session, paid_for) < rules.MOST_DECLINES:
            return
    release = release_invoice if paid_for.kind == "invoice" else release_deposit
    try:
        release(organisation_id, paid_for.id)
    except PaymentUnderWay:
        return  # a bank is just paying it: the page is closed already
    with job_session(organisation_id) as session:
        if not _is_told(session, *about):
            words = f"{rules.MOST_DECLINES} cards were refused: no card is taken for a day. Ask the customer how to pay"
            audit.note(session, organisation_id, _CLOSED, *about, words=words)


def _is_told(session: Session, record: str, record_id: int) -> bool:
    """Once for each time that it closes, not once for each card."""
    told = select(AuditEntry.id).where(
        AuditEntry.action == _CLOSED, AuditEntry.record == record, AuditEntry.record_id == record_id,
        AuditEntry.created_at > clock.now() - rules.DECLINES_WINDOW,
    )  # fmt: skip
    return session.scalar(told.limit(1)) is not None

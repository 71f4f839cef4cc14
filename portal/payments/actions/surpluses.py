"""What came beyond what was due waits for a decision: put to another invoice, given back, or left as credit."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.organisations import audit
from portal.payments.actions.staff_news import tell_of_surplus
from portal.payments.models import Payment
from portal.payments.surplus import Surplus
from portal.shared import clock
from portal.shared.money import Money


def note_surplus(session: Session, payment: Payment, surplus: Money, words: str) -> None:
    """It waits from now on. Whoever recorded it by hand knows; of what came online the firm hears by mail.

    words  for the payment's history
    Does not commit.
    """
    session.add(Surplus(organisation_id=payment.organisation_id, payment_id=payment.id))
    audit.note(session, payment.organisation_id, "surplus received", "payment", payment.id, words=words)
    if payment.provider == "stripe":
        tell_of_surplus(session, payment, surplus)


def keep_surplus(session: Session, payment_id: int) -> None:
    """It stays the customer's credit. What does not wait (any more) is no error. Does not commit."""
    waiting = session.scalars(
        select(Surplus).where(Surplus.payment_id == payment_id, Surplus.decided_at.is_(None)).with_for_update()
    ).one_or_none()
    if waiting is not None:
        waiting.decided_at = clock.now()
        words = "What came beyond what was due stays the customer's credit"
        audit.note(session, waiting.organisation_id, "surplus kept", "payment", payment_id, words=words)

"""Reads about money that went back."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.payments.models import Allocation, Payment, StripeEvent
from portal.payments.refunds.models import Dispute, Refund

OVER = ("won", "lost", "warning_closed", "prevented")


def refunds_of(session: Session, payment_id: int) -> Sequence[Refund]:
    """Oldest first."""
    return session.scalars(
        select(Refund)
        .where(Refund.payment_id == payment_id)
        .order_by(Refund.id)
        .execution_options(populate_existing=True)
    ).all()


def disputes_of(session: Session, payment_id: int) -> Sequence[Dispute]:
    return session.scalars(select(Dispute).where(Dispute.payment_id == payment_id).order_by(Dispute.id)).all()


def open_disputes(session: Session) -> Sequence[tuple[Dispute, Payment]]:
    """The one to be answered first is first."""
    rows = session.execute(
        select(Dispute, Payment)
        .join(Payment, Payment.id == Dispute.payment_id)
        .where(Dispute.status.not_in(OVER))
        .order_by(Dispute.due_at.nulls_last(), Dispute.id)
        .limit(100)
    ).all()
    return [(dispute, payment) for dispute, payment in rows]


def is_disputed(session: Session, invoice_id: int) -> bool:
    """Whether money that was put to this invoice is argued about at a bank now."""
    found = (
        select(Dispute.id)
        .join(Allocation, Allocation.payment_id == Dispute.payment_id)
        .where(Allocation.invoice_id == invoice_id, Dispute.status.not_in(OVER))
    )
    return session.scalars(found.limit(1)).first() is not None


def failed_events(session: Session) -> Sequence[StripeEvent]:
    """The newest hundred that wait for a person."""
    return session.scalars(
        select(StripeEvent).where(StripeEvent.state == "failed").order_by(StripeEvent.id.desc()).limit(100)
    ).all()

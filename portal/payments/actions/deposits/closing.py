"""What was asked for before the work is asked for no more: the job's invoice asks for it, or there is no job."""

from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.organisations import audit
from portal.payments.deposits import DepositRequest
from portal.payments.models import PaymentAttempt
from portal.shared import clock, queues
from portal.work_orders.models import WorkOrder

_WORDS = {
    "billed": "The deposit is not asked for any more: the job's invoice is sent",
    "withdrawn": "The deposit is not asked for any more: the job is cancelled",
}


def close_as_billed(session: Session, request_ids: Sequence[int]) -> None:
    """The job's invoice asks for all of it now, but for what a bank has under way.

    Does not commit.
    """
    _close(session, request_ids, "billed")


def close_as_cancelled(session: Session, work_order: WorkOrder) -> None:
    """Nobody is to pay for a job that will not be done. Does not commit."""
    asked = select(DepositRequest.id).where(
        DepositRequest.work_order_id == work_order.id, DepositRequest.closed_at.is_(None)
    )
    _close(session, session.scalars(asked).all(), "withdrawn")


def _close(session: Session, request_ids: Sequence[int], closed_as: str) -> None:
    """A page that is open at Stripe is closed by the payments worker, at once."""
    if not request_ids:
        return
    requests = session.scalars(
        select(DepositRequest)
        .where(DepositRequest.id.in_(request_ids), DepositRequest.closed_at.is_(None))
        .order_by(DepositRequest.id)
        .with_for_update()
    ).all()
    for request in requests:
        request.closed_at, request.closed_as = clock.now(), closed_as
        audit.note(
            session, request.organisation_id, "deposit withdrawn", "work_order", request.work_order_id,
            words=_WORDS[closed_as],
        )  # fmt: skip
        queues.wake(session, "payments", request.organisation_id)
    session.flush()
    free = (
        select(PaymentAttempt.id)
        .where(PaymentAttempt.deposit_request_id.in_(request_ids), PaymentAttempt.state == "open")
        .with_for_update(skip_locked=True)
    )
    session.execute(update(PaymentAttempt).where(PaymentAttempt.id.in_(free)).values(look_at=clock.now()))

"""What was asked for before the work is asked for by the job's invoice, as soon as that is sent."""

from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.organisations import audit
from portal.payments.deposits import DepositRequest
from portal.payments.models import PaymentAttempt
from portal.shared import clock, queues


def close_as_billed(session: Session, request_ids: Sequence[int]) -> None:
    """The job's invoice asks for all of it now. A page that is open at Stripe is closed by the payments worker.

    What a bank has under way is taken off the invoice when it arrives. Does not commit.
    """
    if not request_ids:
        return
    requests = session.scalars(
        select(DepositRequest)
        .where(DepositRequest.id.in_(request_ids), DepositRequest.closed_at.is_(None))
        .order_by(DepositRequest.id)
        .with_for_update()
    ).all()
    for request in requests:
        request.closed_at, request.closed_as = clock.now(), "billed"
        words = "The deposit is not asked for any more: the job's invoice is sent"
        audit.note(
            session, request.organisation_id, "deposit withdrawn", "work_order", request.work_order_id, words=words
        )
        queues.wake(session, "payments", request.organisation_id)
    session.flush()
    free = (
        select(PaymentAttempt.id)
        .where(PaymentAttempt.deposit_request_id.in_(request_ids), PaymentAttempt.state == "open")
        .with_for_update(skip_locked=True)
    )
    session.execute(update(PaymentAttempt).where(PaymentAttempt.id.in_(free)).values(look_at=clock.now()))

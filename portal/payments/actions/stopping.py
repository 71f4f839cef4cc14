"""A link that was stopped is no way to pay any more: what was opened by it at Stripe is closed there."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.invoices.models import PayLink
from portal.payments.actions.settlement import look_soon
from portal.payments.models import PaymentAttempt
from portal.payments.stopped import invoices_behind
from portal.shared import clock, queues


def close_pages(session: Session, link: PayLink) -> None:
    """By the payments worker, at once. What somebody pays there until then is booked as ever. Does not commit."""
    for invoice_id in session.scalars(invoices_behind(link.id)):
        look_soon(session, invoice_id)
    if link.deposit_request_id is not None:
        open_one = select(PaymentAttempt.id).where(
            PaymentAttempt.deposit_request_id == link.deposit_request_id, PaymentAttempt.state == "open"
        )
        free = open_one.with_for_update(skip_locked=True)
        session.execute(update(PaymentAttempt).where(PaymentAttempt.id.in_(free)).values(look_at=clock.now()))
    queues.wake(session, "payments", link.organisation_id)

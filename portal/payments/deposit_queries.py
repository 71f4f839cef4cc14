"""Reads about deposits that are asked for."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.invoices.models import PayLink
from portal.invoices.sendings import Sending
from portal.messages.models import Message
from portal.payments.deposits import Deposit, DepositRequest
from portal.payments.uses import PaymentUse
from portal.people.models import Person
from portal.shared.errors import NotFound
from portal.shared.money import Money
from portal.work_orders.models import WorkOrder


def open_request(session: Session, work_order_id: int, *, lock: bool = False) -> DepositRequest | None:
    """What the customer of this job is asked for now."""
    wanted = select(DepositRequest).where(
        DepositRequest.work_order_id == work_order_id, DepositRequest.closed_at.is_(None)
    )
    if lock:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    return session.scalars(wanted).one_or_none()


def get_request(session: Session, work_order_id: int, request_id: int) -> DepositRequest:
    """With its row lock, also one that is over. Raises NotFound."""
    found = session.scalars(
        select(DepositRequest)
        .where(DepositRequest.id == request_id, DepositRequest.work_order_id == work_order_id)
        .with_for_update()
    ).one_or_none()
    if found is None:
        raise NotFound
    return found


def is_asked(session: Session, request: DepositRequest) -> bool:
    """Whether the firm still wants it: not after the job was cancelled, or given to another customer."""
    job = session.get_one(WorkOrder, request.work_order_id)
    return request.closed_at is None and job.status != "Cancelled" and job.customer_id == request.customer_id


def left_of(session: Session, request: DepositRequest) -> Money:
    """What of it has not come; a deposit recorded by mistake has not, one that was given back has."""
    taken = session.scalar(
        select(func.coalesce(func.sum(PaymentUse.amount_minor - PaymentUse.reversed_minor), 0))
        .join(Deposit, Deposit.payment_id == PaymentUse.payment_id)
        .where(Deposit.deposit_request_id == request.id, PaymentUse.currency == request.currency)
    )
    return Money(max(request.amount_minor - int(taken or 0), 0), request.currency)


def sendings_of_request(session: Session, request_id: int) -> Sequence[Sending]:
    """Its links, newest first."""
    rows = session.execute(
        select(PayLink, Message, Person.name)
        .outerjoin(Message, Message.id == PayLink.message_id)
        .outerjoin(Person, Person.id == PayLink.created_by)
        .where(PayLink.deposit_request_id == request_id)
        .order_by(PayLink.id.desc())
        .limit(50)
    ).all()
    return [Sending(*row) for row in rows]


def get_request_link(session: Session, request_id: int, pay_link_id: int) -> PayLink:
    """With its row lock. Raises NotFound."""
    link = session.scalars(
        select(PayLink).where(PayLink.id == pay_link_id, PayLink.deposit_request_id == request_id).with_for_update()
    ).one_or_none()
    if link is None:
        raise NotFound
    return link

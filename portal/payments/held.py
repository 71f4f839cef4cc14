"""Deposits that stay for their job: until all of it is billed, they are no credit that could pay something else."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select
from sqlalchemy.orm import Session, aliased

from portal.invoices.models import DRAFT, Invoice, InvoiceLine
from portal.payments.deposits import Deposit
from portal.payments.uses import PaymentUse
from portal.work_orders.models import BillingClaim, WorkOrder, WorkOrderLine

# Of their own, so that these conditions fit into any statement, also one that joins the same tables.
_deposit, _job = aliased(Deposit), aliased(WorkOrder)
_line, _claim, _invoice = aliased(WorkOrderLine), aliased(BillingClaim), aliased(Invoice)
_OPEN = ("New", "Scheduled Appointment", "In Progress")


class Held(NamedTuple):
    """Money that waits for the invoice of a job."""

    use: PaymentUse
    work_order_id: int
    number: str  # the job's


def is_held() -> ColumnElement[bool]:
    """Of a PaymentUse: it was taken before a job for the customer who has that job, and the job has not got all its
    invoices: it is still going on, or something of it is to bill. One that is cancelled or free of charge gets none."""
    of_job, is_charged = _line.work_order_id == _job.id, _line.non_billable_reason == ""
    asked = (
        exists()
        .where(_claim.work_order_line_id == _line.id, _claim.released_at.is_(None))
        .where(_invoice.id == _claim.invoice_id, _invoice.status != DRAFT)
    )
    has_waiting, has_billed = exists().where(of_job, is_charged, ~asked), exists().where(of_job, asked)
    return exists().where(
        _deposit.payment_id == PaymentUse.payment_id, _deposit.freed_at.is_(None),
        _job.id == _deposit.work_order_id, _job.customer_id == PaymentUse.customer_id,
        _job.status != "Cancelled", _job.non_billable_reason == "",
        or_(_job.status.in_(_OPEN), has_waiting, and_(_job.status == "Completed", ~has_billed)),
    )  # fmt: skip


def is_for(invoice_id: int) -> ColumnElement[bool]:
    """Of a PaymentUse: a deposit of a job that this invoice bills."""
    jobs = (
        select(_line.work_order_id)
        .join(InvoiceLine, InvoiceLine.work_order_line_id == _line.id)
        .where(InvoiceLine.invoice_id == invoice_id)
    )
    return exists().where(_deposit.payment_id == PaymentUse.payment_id, _deposit.work_order_id.in_(jobs))


def held_deposits(
    session: Session, customer_id: int, currency: str = "", *, but_for: int | None = None
) -> Sequence[Held]:  # fmt: skip
    """What of the customer's money waits for a job, oldest first, in one currency or in all.

    but_for  not what this invoice may have now
    """
    wanted = _held().where(PaymentUse.customer_id == customer_id)
    if currency:
        wanted = wanted.where(PaymentUse.currency == currency)
    if but_for is not None:
        wanted = wanted.where(~is_for(but_for))
    return [Held(*row) for row in session.execute(wanted)]


def held_of(session: Session, payment_id: int) -> Held | None:
    """For which job this payment waits, if it does."""
    row = session.execute(_held().where(PaymentUse.payment_id == payment_id)).one_or_none()
    return Held(*row) if row else None


def _held() -> Select[PaymentUse, int, str]:
    return (
        select(PaymentUse, WorkOrder.id, WorkOrder.number)
        .join(Deposit, Deposit.payment_id == PaymentUse.payment_id)
        .join(WorkOrder, WorkOrder.id == Deposit.work_order_id)
        .where(PaymentUse.unused_minor > 0, is_held())
        .order_by(PaymentUse.payment_id)
        .execution_options(populate_existing=True)
    )

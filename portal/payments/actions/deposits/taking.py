"""Deposits: what a customer paid before the work is taken off the job's invoice by itself."""

from collections.abc import Sequence

from sqlalchemy import Select, bindparam, func, null, select
from sqlalchemy.orm import Session

from portal.invoices.models import Invoice, InvoiceLine
from portal.invoices.prepaid import Prepaid
from portal.organisations import audit
from portal.organisations.models import Organisation
from portal.payments.actions.allocation import lock_customer
from portal.payments.actions.deposits.closing import close_as_billed
from portal.payments.actions.deposits.receipts import queue_deposit_receipt
from portal.payments.deposit_queries import left_of
from portal.payments.deposits import Deposit, DepositRequest
from portal.payments.models import Allocation, Payment, PaymentAttempt
from portal.payments.uses import PaymentUse
from portal.shared import clock, formats, outbox
from portal.shared.money import Money
from portal.work_orders.models import WorkOrder, WorkOrderLine


def keep_deposit(
    session: Session, organisation: Organisation, payment: Payment, work_order_id: int,
    request: DepositRequest | None = None,
) -> None:  # fmt: skip
    """Note for which job a payment was taken, and send its receipt. Does not commit.

    request  what asked for it, under its lock: closed as soon as all of it has come
    """
    session.add(
        Deposit(
            organisation_id=organisation.id, payment_id=payment.id, work_order_id=work_order_id,
            deposit_request_id=request.id if request else None,
        )
    )  # fmt: skip
    session.flush()
    if request is not None and request.closed_at is None and not left_of(session, request):
        request.closed_at, request.closed_as = clock.now(), "paid"
    amount = formats.money(payment.taken, organisation.locale)
    words = f"Deposit of {amount} taken, receipt {payment.number}"
    audit.note(session, organisation.id, "deposit taken", "work_order", work_order_id, words=words)
    queue_deposit_receipt(session, organisation, payment, session.get_one(WorkOrder, work_order_id), request)


def put_deposits(session: Session, organisation: Organisation, invoice: Invoice) -> Prepaid:
    """Put what is left of the jobs' deposits to an invoice that was sent in this very transaction, and what a bank has
    under way for one, as far as it fits.

    Nobody else can pay the invoice yet. Does not commit.
    """
    left = invoice.amount_due
    changed: list[tuple[str, int]] = []
    unused, request_ids = _waiting(session, invoice)
    for use in unused:
        part = min(left, use.unused)
        if not part:
            break
        session.add(
            Allocation(
                organisation_id=organisation.id, payment_id=use.payment_id, invoice_id=invoice.id,
                amount_minor=part.minor, currency=part.currency,
            )
        )  # fmt: skip
        changed.append(("payment", use.payment_id))
        left -= part
    if changed:
        session.flush()
        words = f"{formats.money(invoice.amount_due - left, organisation.locale)} taken off: the deposit for this job"
        audit.note(session, organisation.id, "deposit used", "invoice", invoice.id, words=words)
        outbox.record_all(session, organisation.id, *changed)
    return Prepaid(invoice.amount_due - left, _bring_debits(session, organisation, invoice, request_ids, left))


def _bring_debits(
    session: Session, organisation: Organisation, invoice: Invoice, request_ids: Sequence[int], left: Money
) -> Money:
    """What a bank has under way for a deposit pays the invoice from now on: it is asked for no second time, and should
    the bank refuse it, it is to pay again. One of more than is left stays a deposit of the job."""
    brought = Money.zero(left.currency)
    if not request_ids:
        return brought
    under_way = session.scalars(
        select(PaymentAttempt)
        .where(PaymentAttempt.deposit_request_id.in_(request_ids), PaymentAttempt.state == "processing")
        .order_by(PaymentAttempt.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    for attempt in under_way.all():
        if attempt.currency == left.currency and attempt.amount <= left - brought:
            attempt.deposit_request_id, attempt.invoice_id = None, invoice.id
            attempt.invoice_revision = invoice.revision
            brought += attempt.amount
    if brought:
        session.flush()
        words = f"{formats.money(brought, organisation.locale)} is under way at the customer's bank: the deposit for it"
        audit.note(session, organisation.id, "deposit used", "invoice", invoice.id, words=words)
    return brought


def waiting_deposits(session: Session, customer_id: int, currency: str, jobs: Select[int] | Sequence[int]) -> Money:
    """What put_deposits would find for these jobs (ids, or a statement that gives them)."""
    unused = session.scalar(
        select(func.coalesce(func.sum(PaymentUse.unused_minor), 0))
        .join(Deposit, Deposit.payment_id == PaymentUse.payment_id)
        .where(PaymentUse.customer_id == customer_id, PaymentUse.currency == currency)
        .where(Deposit.work_order_id.in_(jobs))
    )
    return Money(int(unused or 0), currency)


def waiting_for(session: Session, invoice: Invoice) -> Money:
    """The same for the jobs of a draft."""
    jobs = _ITS_JOBS.params(invoice_id=invoice.id)
    return min(waiting_deposits(session, invoice.customer_id, invoice.currency, jobs), invoice.amount_due)


def _waiting(session: Session, invoice: Invoice) -> tuple[Sequence[PaymentUse], Sequence[int]]:
    """(what is not used yet of its jobs' deposits, oldest first; the requests for deposits that were open until now);
    under the customer's lock, as whoever else uses their payments holds.

    What was asked for by a link is asked for by the invoice now: its page at Stripe is closed by the payments worker.
    """
    its = {"invoice_id": invoice.id, "customer_id": invoice.customer_id, "currency": invoice.currency}
    if not session.execute(_FOR_ITS_JOBS, its).all():
        return [], []
    lock_customer(session, invoice.customer_id)
    found = session.execute(_FOR_ITS_JOBS, its).all()  # one may have come in until the lock was ours
    ids = [row.payment_id for row in found if row.payment_id is not None]
    request_ids = [row.request_id for row in found if row.request_id is not None]
    close_as_billed(session, request_ids)
    unused = session.scalars(
        select(PaymentUse)
        .where(PaymentUse.payment_id.in_(ids), PaymentUse.unused_minor > 0)
        .order_by(PaymentUse.payment_id)
        .execution_options(populate_existing=True)
    ).all()
    return unused, request_ids


_ITS_JOBS = (
    select(WorkOrderLine.work_order_id)
    .join(InvoiceLine, InvoiceLine.work_order_line_id == WorkOrderLine.id)
    .where(InvoiceLine.invoice_id == bindparam("invoice_id"))
)
# Made once: every invoice that is sent asks, and few have any.
_FOR_ITS_JOBS = (
    select(Payment.id.label("payment_id"), null().label("request_id"))
    .join(Deposit, Deposit.payment_id == Payment.id)
    .where(
        Payment.customer_id == bindparam("customer_id"), Payment.currency == bindparam("currency"),
        Deposit.work_order_id.in_(_ITS_JOBS),
    )
    .union_all(
        select(null(), DepositRequest.id)
        .where(DepositRequest.closed_at.is_(None), DepositRequest.work_order_id.in_(_ITS_JOBS))
    )
)  # fmt: skip

"""What was received for a deposit that a link asked for: once, whoever comes first, whatever the request is now."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from portal.gateways.stripe_gateway import Receipt
from portal.invoices.models import SENT, Invoice, InvoiceLine
from portal.invoices.queries import due_on
from portal.organisations import audit
from portal.organisations.models import Organisation
from portal.payments import queries, rules
from portal.payments.actions.allocation import lock_customer, put_to
from portal.payments.actions.booking import add_received, note
from portal.payments.actions.deposits.taking import keep_deposit
from portal.payments.actions.surpluses import note_surplus
from portal.payments.deposit_queries import is_asked, left_of
from portal.payments.deposits import DepositRequest
from portal.payments.models import Payment, PaymentAttempt, StripeAccount
from portal.shared import formats, outbox
from portal.shared.money import Money
from portal.work_orders.models import WorkOrderLine


class LockedDeposit(NamedTuple):
    """A request for a deposit that an attempt pays."""

    attempt: PaymentAttempt
    request: DepositRequest
    account: StripeAccount
    organisation: Organisation


def lock_deposit(session: Session, attempt_id: int) -> Sequence[LockedDeposit]:
    """Under the customer's lock, then the request's: in the order in which staff record a deposit."""
    customer_id = session.scalar(
        select(DepositRequest.customer_id)
        .join(PaymentAttempt, PaymentAttempt.deposit_request_id == DepositRequest.id)
        .where(PaymentAttempt.id == attempt_id)
    )
    if customer_id is None:
        return []
    lock_customer(session, customer_id)
    rows = session.execute(
        select(PaymentAttempt, DepositRequest, StripeAccount, Organisation)
        .join(DepositRequest, DepositRequest.id == PaymentAttempt.deposit_request_id)
        .join(StripeAccount, StripeAccount.id == PaymentAttempt.stripe_account_id)
        .join(Organisation, Organisation.id == PaymentAttempt.organisation_id)
        .where(PaymentAttempt.id == attempt_id)
        .with_for_update(of=[DepositRequest, PaymentAttempt])
        .execution_options(populate_existing=True)
    )
    return [LockedDeposit(*row) for row in rows]


def book_deposit(session: Session, locked: LockedDeposit, receipt: Receipt) -> None:
    """Record what was received, once, and that it is a deposit of this job. Money that has come is never refused.

    Where the job is billed already, it is taken off that invoice now. Does not commit.
    """
    attempt, request, _, organisation = locked
    attempt.payment_intent_id = receipt.payment_id
    if session.scalar(select(_is_booked(receipt.payment_id))):
        return
    surplus = _beyond(session, request, receipt.amount)
    no_tip = Money.zero(receipt.amount.currency)
    payment = add_received(session, organisation, attempt, request.customer_id, receipt, no_tip)
    after = {"received": str(receipt.amount), "asked": str(attempt.amount), "stripe_payment": receipt.payment_id}
    audit.note(session, organisation.id, "payment received", "payment", payment.id, after=after)
    keep_deposit(session, organisation, payment, request.work_order_id, request)
    is_billed = request.closed_as == "billed"
    parts = _put_to_invoices(session, organisation, payment, request.work_order_id) if is_billed else {}
    surplus -= min(surplus, Money.total(parts.values(), surplus.currency))
    if surplus:
        amount = formats.money(surplus, organisation.locale)
        words = f"{amount} is more than was asked for: kept as credit, needs a decision"
        note_surplus(session, payment, surplus, words)
        note(session, attempt, "surplus received", words)
    outbox.record_all(session, organisation.id, ("payment", payment.id), *(("invoice", each) for each in parts))


def _beyond(session: Session, request: DepositRequest, received: Money) -> Money:
    """What of it nobody asks for, or not any more."""
    left = left_of(session, request)
    if left.currency != received.currency or not is_asked(session, request):
        return received
    return max(received - left, Money.zero(left.currency))


def _put_to_invoices(
    session: Session, organisation: Organisation, payment: Payment, work_order_id: int
) -> dict[int, Money]:
    """Take it off what this job's sent invoices still ask for, oldest first.

    One that is being paid at this moment is left alone: the money stays credit, and staff are told.
    """
    invoices = session.scalars(
        select(Invoice)
        .where(
            Invoice.status == SENT, Invoice.customer_id == payment.customer_id, Invoice.currency == payment.currency,
            Invoice.id.in_(
                select(InvoiceLine.invoice_id)
                .join(WorkOrderLine, WorkOrderLine.id == InvoiceLine.work_order_line_id)
                .where(WorkOrderLine.work_order_id == work_order_id)
            ),
        )
        .order_by(Invoice.id)
        .with_for_update()
    ).all()  # fmt: skip
    due = [
        (each.id, to_pay)
        for each in invoices
        if (to_pay := due_on(session, each.id).to_pay) and _is_free(session, each.id)
    ]
    parts = rules.spread(payment.amount, due, {})
    put_to(session, payment, parts)
    for invoice_id, part in parts.items():
        amount = formats.money(part, organisation.locale)
        words = f"{amount} taken off: the deposit for this job, receipt {payment.number}"
        audit.note(session, organisation.id, "deposit used", "invoice", invoice_id, words=words, by=audit.CUSTOMER)
    return parts


def _is_free(session: Session, invoice_id: int) -> bool:
    return queries.open_attempt(session, invoice_id) is None


def _is_booked(payment_id: str) -> ColumnElement[bool]:
    return exists().where(Payment.provider == "stripe", Payment.provider_payment_id == payment_id)

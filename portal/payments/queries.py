"""Reads about money coming in."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.customers.models import Customer
from portal.invoices.models import Invoice, InvoiceBalance
from portal.payments.models import OPEN_STATES, Allocation, Payment, PaymentAttempt, StripeAccount
from portal.payments.rules import MOST_SESSIONS
from portal.shared.money import Money


@dataclass(frozen=True)
class AllocatedTo:
    """Where a part of a payment went."""

    invoice_id: int
    invoice_number: str
    amount: Money


@dataclass(frozen=True)
class ListedPayment:
    """A payment as the list shows it."""

    payment: Payment
    customer_name: str
    invoices: Sequence[AllocatedTo]

    @property
    def unused(self) -> Money:
        """What was received beyond what was due: the customer's credit."""
        used = Money.total((part.amount for part in self.invoices), self.payment.currency)
        return self.payment.amount - used


def list_payments(
    session: Session, *, before: int | None, most: int, since: date | None = None, currency: str = ""
) -> list[ListedPayment]:
    """The newest payments, `most` at a time; `before` is the id of the last one on the page before.

    since, currency  only those received on that day or later, only those in that currency
    """
    wanted = select(Payment, Customer.name).join(Customer, Customer.id == Payment.customer_id)
    if before is not None:
        wanted = wanted.where(Payment.id < before)
    if since is not None:
        wanted = wanted.where(Payment.received_on >= since)
    if currency:
        wanted = wanted.where(Payment.currency == currency)
    rows = session.execute(wanted.order_by(Payment.id.desc()).limit(most)).all()
    parts = _allocations(session, [payment.id for payment, _name in rows])
    return [ListedPayment(payment, name, parts[payment.id]) for payment, name in rows]


def payments_of(session: Session, invoice_id: int) -> Sequence[tuple[Payment, Money]]:
    """The payments of one invoice and how much of each went to it, oldest first."""
    rows = session.execute(
        select(Payment, Allocation)
        .join(Allocation, Allocation.payment_id == Payment.id)
        .where(Allocation.invoice_id == invoice_id)
        .order_by(Allocation.id)
    ).all()
    return [(payment, part.amount) for payment, part in rows]


def open_attempt(session: Session, invoice_id: int) -> PaymentAttempt | None:
    """The one attempt by which this invoice may be paid right now."""
    return session.scalars(
        select(PaymentAttempt).where(
            PaymentAttempt.invoice_id == invoice_id, PaymentAttempt.state.in_(OPEN_STATES)
        )
    ).one_or_none()  # fmt: skip


def sessions_made_at(session: Session, invoice_id: int) -> Sequence[datetime]:
    """When the latest Sessions of an invoice were begun, newest first; no more than rules.check_pace looks at."""
    return session.scalars(
        select(PaymentAttempt.created_at)
        .where(PaymentAttempt.invoice_id == invoice_id, PaymentAttempt.session_id.is_not(None))
        .order_by(PaymentAttempt.id.desc())
        .limit(MOST_SESSIONS)
    ).all()


def live_account(session: Session) -> StripeAccount | None:
    """The Stripe account that takes this organisation's card payments."""
    return session.scalars(select(StripeAccount).where(StripeAccount.closed_at.is_(None))).one_or_none()


def balance_of(session: Session, invoice_id: int) -> Money:
    """What is still to pay, as the database computes it now."""
    row = session.execute(
        select(InvoiceBalance.balance_minor, InvoiceBalance.currency).where(InvoiceBalance.invoice_id == invoice_id)
    ).one()
    return Money(row.balance_minor, row.currency)


def _allocations(session: Session, payment_ids: Iterable[int]) -> dict[int, list[AllocatedTo]]:
    parts: dict[int, list[AllocatedTo]] = defaultdict(list)
    rows = session.execute(
        select(Allocation, Invoice.number)
        .join(Invoice, Invoice.id == Allocation.invoice_id)
        .where(Allocation.payment_id.in_(list(payment_ids)))
        .order_by(Allocation.id)
    )
    for part, number in rows:
        parts[part.payment_id].append(AllocatedTo(part.invoice_id, number or "", part.amount))
    return parts

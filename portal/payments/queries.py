"""Reads about money coming in."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, literal, or_, select
from sqlalchemy.orm import Session, contains_eager

from portal.customers.models import Customer
from portal.invoices import holds
from portal.invoices.models import Invoice, InvoiceBalance
from portal.invoices.queries import due_on, visible_to
from portal.payments.deposits import Deposit
from portal.payments.models import (
    HOLDS_THE_PLACE,
    OPEN_STATES,
    Allocation,
    Payment,
    PaymentAttempt,
    StripeAccount,
)
from portal.payments.refusals import count_refused
from portal.payments.rules import DECLINES_WINDOW, MOST_SESSIONS
from portal.payments.uses import PaymentUse
from portal.shared import clock
from portal.shared.access import Viewer
from portal.shared.errors import NotFound
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
    use: PaymentUse

    @property
    def tip_back(self) -> Money:
        return self.payment.tip - self.use.tip_left


class PaidFor(NamedTuple):
    """What an attempt is for. kind: invoice or deposit (a request for one), as in the metadata at Stripe, too."""

    kind: str
    id: int

    @property
    def of_attempts(self) -> ColumnElement[bool]:
        column = PaymentAttempt.invoice_id if self.kind == "invoice" else PaymentAttempt.deposit_request_id
        return column == self.id

    @property
    def in_its_place(self) -> ColumnElement[bool]:
        """What keeps another attempt from being begun. A deposit is paid whole: then none of it is left to pay."""
        return HOLDS_THE_PLACE if self.kind == "invoice" else PaymentAttempt.state.in_(OPEN_STATES)


def paid_for_by(attempt: PaymentAttempt) -> PaidFor:
    if attempt.invoice_id is not None:
        return PaidFor("invoice", attempt.invoice_id)
    return PaidFor("deposit", attempt.deposit_request_id or 0)


class TakenDeposit(NamedTuple):
    """A deposit and where its money is."""

    payment: Payment
    use: PaymentUse


def list_payments(
    session: Session, *, before: int | None, most: int, since: date | None = None, currency: str = ""
) -> list[ListedPayment]:
    """The newest payments, `most` at a time; `before` is the id of the last one on the page before.

    since, currency  only those received on that day or later, only those in that currency
    """
    wanted = (
        select(Payment, Customer.name, PaymentUse)
        .join(Customer, Customer.id == Payment.customer_id)
        .join(PaymentUse, PaymentUse.payment_id == Payment.id)
    )
    if before is not None:
        wanted = wanted.where(Payment.id < before)
    if since is not None:
        wanted = wanted.where(Payment.received_on >= since, PaymentUse.reversed_minor == 0)
    if currency:
        wanted = wanted.where(Payment.currency == currency)
    rows = session.execute(wanted.order_by(Payment.id.desc()).limit(most)).all()
    parts = allocations_of(session, [payment.id for payment, _name, _use in rows], with_ended=True)
    return [ListedPayment(payment, name, parts[payment.id], use) for payment, name, use in rows]


def get_payment(session: Session, payment_id: int) -> ListedPayment:
    """One payment and where its money is now. Raises NotFound."""
    row = session.execute(
        select(Payment, Customer.name, PaymentUse)
        .join(Customer, Customer.id == Payment.customer_id)
        .join(PaymentUse, PaymentUse.payment_id == Payment.id)
        .where(Payment.id == payment_id)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        raise NotFound
    payment, name, use = row
    return ListedPayment(payment, name, allocations_of(session, [payment_id])[payment_id], use)


def open_invoices(
    session: Session, viewer: Viewer, customer_id: int, currency: str, *, to_ask: bool = False
) -> Sequence[Invoice]:
    """What this customer still owes and the viewer may see, oldest first, with balances.

    to_ask  only what may be asked for: nothing held, nothing that is wholly under way
    """
    to_pay = InvoiceBalance.balance_minor > InvoiceBalance.under_way_minor
    return session.scalars(
        select(Invoice)
        .join(Invoice.balance_row)
        .options(contains_eager(Invoice.balance_row))
        .where(
            Invoice.customer_id == customer_id, Invoice.currency == currency, Invoice.status == "sent",
            InvoiceBalance.balance_minor > 0, visible_to(viewer), *([~holds.stands(), to_pay] if to_ask else []),
        )
        .order_by(Invoice.due_on, Invoice.id)
    ).all()  # fmt: skip


def payments_of(session: Session, invoice_id: int) -> Sequence[tuple[Payment, Money]]:
    """The payments of one invoice and how much of each went to it, oldest first."""
    used = func.sum(Allocation.amount_minor)
    rows = session.execute(
        select(Payment, used)
        .join(Allocation, Allocation.payment_id == Payment.id)
        .where(Allocation.invoice_id == invoice_id)
        .group_by(Payment.id)
        .having(used > 0)
        .order_by(Payment.id)
    ).all()
    return [(payment, Money(int(minor), payment.currency)) for payment, minor in rows]


def tips_left_on(session: Session, invoice_id: int, currency: str) -> Money:
    """What of the tips is with the firm that came with what paid this invoice."""
    ids = [payment.id for payment, _ in payments_of(session, invoice_id) if payment.tip]
    wanted = select(func.coalesce(func.sum(PaymentUse.tip_left_minor), 0)).where(PaymentUse.payment_id.in_(ids))
    return Money(int(session.scalars(wanted).one()) if ids else 0, currency)


def deposits_of(session: Session, work_order_id: int) -> Sequence[TakenDeposit]:
    """Oldest first, with those that were given back or reversed."""
    rows = session.execute(
        select(Payment, PaymentUse)
        .join(Deposit, Deposit.payment_id == Payment.id)
        .join(PaymentUse, PaymentUse.payment_id == Payment.id)
        .where(Deposit.work_order_id == work_order_id)
        .order_by(Payment.id)
        .execution_options(populate_existing=True)
    )
    return [TakenDeposit(*row) for row in rows]


def open_attempt(session: Session, invoice_id: int) -> PaymentAttempt | None:
    """The one attempt by which this invoice may be paid right now; not what a bank has under way."""
    return open_attempt_for(session, PaidFor("invoice", invoice_id))


def open_attempt_for(session: Session, paid_for: PaidFor) -> PaymentAttempt | None:
    """The one attempt by which it may be paid right now."""
    return session.scalars(
        select(PaymentAttempt).where(paid_for.of_attempts, paid_for.in_its_place)
    ).one_or_none()  # fmt: skip


def family_of(session: Session, lead_id: int) -> list[tuple[PaymentAttempt, Invoice]]:
    """Every invoice that one Session pays, with its row; the leading one first."""
    rows = session.execute(
        select(PaymentAttempt, Invoice)
        .join(Invoice, Invoice.id == PaymentAttempt.invoice_id)
        .where(PaymentAttempt.lead_id == lead_id)
        .order_by(PaymentAttempt.id)
    )
    return [(attempt, invoice) for attempt, invoice in rows]


def sessions_made_at(session: Session, paid_for: PaidFor) -> Sequence[datetime]:
    """When the latest Sessions for it were begun, newest first; no more than rules.check_pace looks at."""
    return session.scalars(
        select(PaymentAttempt.created_at)
        .where(paid_for.of_attempts)
        .where(or_(PaymentAttempt.session_id.is_not(None), PaymentAttempt.lead_id.is_not(None)))
        .order_by(PaymentAttempt.id.desc())
        .limit(MOST_SESSIONS)
    ).all()


def refused_cards(session: Session, paid_for: PaidFor) -> int:
    """How many cards were refused for it within rules.DECLINES_WINDOW."""
    asked = count_refused(literal(paid_for.id), clock.now() - DECLINES_WINDOW, kind=paid_for.kind)
    return session.scalar(select(asked)) or 0


def live_account(session: Session) -> StripeAccount | None:
    """The Stripe account that takes this organisation's card payments."""
    return session.scalars(select(StripeAccount).where(StripeAccount.closed_at.is_(None))).one_or_none()


def balance_of(session: Session, invoice_id: int) -> Money:
    """What is still to pay, as the database computes it now."""
    return due_on(session, invoice_id).balance


def allocations_of(
    session: Session, payment_ids: Iterable[int], *, with_ended: bool = False
) -> dict[int, list[AllocatedTo]]:  # fmt: skip
    """To which invoices each payment is put now. with_ended: also those from which all of it was taken back."""
    parts: dict[int, list[AllocatedTo]] = defaultdict(list)
    used = func.sum(Allocation.amount_minor)
    rows = session.execute(
        select(Allocation.payment_id, Allocation.invoice_id, Allocation.currency, Invoice.number, used.label("minor"))
        .join(Invoice, Invoice.id == Allocation.invoice_id)
        .where(Allocation.payment_id.in_(list(payment_ids)))
        .group_by(Allocation.payment_id, Allocation.invoice_id, Allocation.currency, Invoice.number)
        .having(used >= 0 if with_ended else used > 0)
        .order_by(Allocation.invoice_id)
    )
    for row in rows:
        amount = Money(int(row.minor), row.currency)
        parts[row.payment_id].append(AllocatedTo(row.invoice_id, row.number or "", amount))
    return parts

"""Reads about money that went back."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Row, ScalarSelect, Select, func, select
from sqlalchemy.orm import Session, aliased

from portal.customers.models import Customer
from portal.invoices.credit_notes.queries import notes_of
from portal.invoices.holds import BACK, InvoiceHold
from portal.invoices.models import SENT, Invoice, InvoiceBalance
from portal.payments.debits import RETURNED
from portal.payments.models import Allocation, Payment, StripeEvent
from portal.payments.refunds.models import COUNTS, Dispute, Refund
from portal.payments.uses import PaymentUse
from portal.shared.money import Money

# How the forms of credit notes begin that go with a refund, or that somebody decided on after one.
WITH_REFUND, AFTER_REFUND = "back-", "hold-"
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


def disputes_about(invoice_id: int) -> Select[Dispute]:
    """The open ones about money of this invoice, the one to be answered first at the top. Not asked yet."""
    return (
        select(Dispute)
        .join(Allocation, Allocation.payment_id == Dispute.payment_id)
        .where(Allocation.invoice_id == invoice_id, Dispute.status.not_in(OVER))
        .order_by(Dispute.due_at.nulls_last(), Dispute.id)
        .limit(1)
    )


def is_disputed(session: Session, invoice_id: int) -> bool:
    """Whether money that was put to this invoice is argued about at a bank now."""
    return session.scalars(disputes_about(invoice_id)).first() is not None


def failed_refunds_of(invoice_id: int) -> Select[Refund]:
    """The newest that did not reach the customer, as long as nothing of that payment went back after it. Not
    asked yet."""
    later = aliased(Refund)
    followed = select(later.id).where(later.payment_id == Refund.payment_id, later.id > Refund.id)
    of_invoice = select(Allocation.id).where(Allocation.invoice_id == invoice_id, Allocation.refund_id == Refund.id)
    found = select(Refund).where(
        of_invoice.exists(), Refund.way == "stripe", Refund.state.in_(("failed", "refused")), ~followed.exists()
    )
    return found.order_by(Refund.id.desc()).limit(1)


def given_twice_of(invoice_id: int) -> Select[Refund]:
    """What left Stripe of this invoice's money although it had gone back another way, until somebody has said how that
    was settled. Not asked yet."""
    of_invoice = select(Allocation.payment_id).where(Allocation.invoice_id == invoice_id)
    return select(Refund).where(*_TWICE, Refund.payment_id.in_(of_invoice)).order_by(Refund.id)


def given_twice() -> ScalarSelect[int]:
    """How many there are. Not asked yet."""
    return select(func.count()).select_from(Refund).where(*_TWICE).scalar_subquery()


def list_given_twice(session: Session) -> Sequence[tuple[Refund, Payment, str]]:
    """The oldest hundred, each with its payment and the customer's name."""
    found = (
        select(Refund, Payment, Customer.name)
        .join(Payment, Payment.id == Refund.payment_id)
        .join(Customer, Customer.id == Payment.customer_id)
    )
    rows = session.execute(found.where(*_TWICE).order_by(Refund.id).limit(100))
    return [(refund, payment, name) for refund, payment, name in rows]


_TWICE = (Refund.beyond_minor > 0, Refund.settled_at.is_(None), Refund.state.in_(COUNTS))


def won_credit_of(invoice_id: int) -> Select[PaymentUse]:
    """A payment of this invoice that a bank returned, as long as some of it pays nothing. Not asked yet."""
    returned = (
        select(Allocation.payment_id)
        .join(Refund, Refund.id == Allocation.refund_id)
        .where(Allocation.invoice_id == invoice_id, Refund.way == "dispute", Refund.state == "failed")
    )
    found = select(PaymentUse).where(PaymentUse.payment_id.in_(returned), PaymentUse.unused_minor > 0)
    return found.order_by(PaymentUse.payment_id).limit(1)


def to_pay_again(session: Session, invoice_id: int, balance: Money) -> Money:
    """What of `balance` is open because money went back: not what has been paid since, nor what a credit note took off
    together with a refund."""
    again = sum(minor for refund, minor in _went(session, invoice_id) if not refund.is_of_note)
    notes = notes_of(session, invoice_id)
    again -= sum(
        note.worth.minor for note in notes
        if not note.is_void and (note.form_id or "").startswith((WITH_REFUND, AFTER_REFUND))
    )  # fmt: skip
    return min(balance, Money(max(0, int(again)), balance.currency))


def bank_took_it(session: Session, invoice_id: int) -> bool:
    """What is to pay again went back by no other way: a bank took it."""
    in_place = {note.form_id for note in notes_of(session, invoice_id) if not note.is_void}
    ways = {
        refund.way for refund, _ in _went(session, invoice_id)
        if not refund.is_of_note and f"{WITH_REFUND}{refund.id}-{invoice_id}" not in in_place
    }  # fmt: skip
    return ways == {"dispute"}


def _went(session: Session, invoice_id: int) -> Sequence[Row[Refund, int]]:
    """What went back, with what this invoice lost by it."""
    return session.execute(
        select(Refund, func.sum(-Allocation.amount_minor))
        .join(Allocation, Allocation.refund_id == Refund.id)
        .where(Allocation.invoice_id == invoice_id, Refund.state.in_(COUNTS))
        .group_by(Refund.id)
    ).all()


def debit_returned_at(session: Session, invoice_id: int) -> datetime | None:
    """When a bank last took back a debit that had paid this invoice."""
    return session.scalar(
        select(func.max(Refund.created_at))
        .join(Allocation, Allocation.refund_id == Refund.id)
        .join(Payment, Payment.id == Refund.payment_id)
        .join(Dispute, Dispute.payment_id == Payment.id)
        .where(
            Allocation.invoice_id == invoice_id, Refund.way == "dispute", Refund.state.in_(COUNTS),
            Payment.method == "bank_transfer", Dispute.reason.in_(RETURNED),
        )
    )  # fmt: skip


def undecided() -> ScalarSelect[int]:
    """How many invoices lost money and wait for somebody to say what follows. Not asked yet."""
    return select(func.count()).select_from(Invoice).join(Invoice.balance_row).where(*_UNDECIDED).scalar_subquery()


def list_undecided(session: Session) -> Sequence[tuple[Invoice, Money]]:
    """The oldest hundred of these, and how much left each."""
    found = (
        select(Invoice, InvoiceHold.lost_minor)
        .join(Invoice.balance_row)
        .join(InvoiceHold, InvoiceHold.invoice_id == Invoice.id)
        .where(*_IS_OPEN, *_WENT_BACK)
    )
    rows = session.execute(found.order_by(Invoice.id).limit(100))
    return [(invoice, Money(lost_minor, invoice.currency)) for invoice, lost_minor in rows]


_IS_OPEN = (Invoice.status == SENT, InvoiceBalance.balance_minor > 0)
_WENT_BACK = (InvoiceHold.kind == BACK, InvoiceHold.released_at.is_(None))
_UNDECIDED = (*_IS_OPEN, select(InvoiceHold.id).where(InvoiceHold.invoice_id == Invoice.id, *_WENT_BACK).exists())


def failed_events(session: Session) -> Sequence[StripeEvent]:
    """The newest hundred that wait for a person."""
    return session.scalars(
        select(StripeEvent).where(StripeEvent.state == "failed").order_by(StripeEvent.id.desc()).limit(100)
    ).all()

"""What can go back to a customer at most. Whoever asks holds the customer's lock."""

from sqlalchemy import ColumnElement, ScalarSelect, SQLColumnExpression, func, select
from sqlalchemy.orm import Session

from portal.invoices.credit_notes.models import CreditApplication, CreditNote, CreditRefund
from portal.invoices.credit_notes.queries import IN_FORCE
from portal.invoices.models import SENT, Invoice
from portal.payments.models import Allocation
from portal.payments.refunds.rules import Claim, money_in_credit
from portal.payments.uses import PaymentUse
from portal.shared.money import Money


def credit_in_money(session: Session, customer_id: int, currency: str) -> Money:
    """How much of what the customer's credit notes left was paid by them, and pays nothing else."""
    return Money(max(0, covered(session, customer_id, currency)), currency)


def covered(session: Session, customer_id: int, currency: str) -> int:
    """The same in minor units, below zero where more went back than they had to get."""
    rows = session.execute(
        select(Invoice.total_minor - Invoice.withheld_minor - _NOTES_OVER, _PAYMENTS + _NOTES_OF_OTHERS).where(
            Invoice.customer_id == customer_id, Invoice.currency == currency,
            Invoice.status == SENT,
        )
    )  # fmt: skip
    claims = [Claim(int(worth), int(paid)) for worth, paid in rows]
    put_to_invoices = _of_payments(session, PaymentUse.allocated_minor, customer_id, currency)
    return money_in_credit(put_to_invoices, claims, _given_back(session, customer_id, currency))


def left_of_payments(session: Session, customer_id: int, currency: str) -> Money:
    """What of all the customer's payments has not gone back: neither of them, nor of credit notes."""
    left = _of_payments(session, PaymentUse.allocated_minor + PaymentUse.unused_minor, customer_id, currency)
    return Money(max(0, left - _given_back(session, customer_id, currency)), currency)


def _of_payments(session: Session, what: SQLColumnExpression[int], customer_id: int, currency: str) -> int:
    wanted = select(func.coalesce(func.sum(what), 0))
    of = (PaymentUse.customer_id == customer_id, PaymentUse.currency == currency)
    return int(session.scalars(wanted.where(*of)).one())


def _given_back(session: Session, customer_id: int, currency: str) -> int:
    wanted = select(func.coalesce(func.sum(CreditRefund.amount_minor), 0)).join(
        CreditNote, CreditNote.id == CreditRefund.credit_note_id
    )
    return int(
        session.scalars(wanted.where(CreditNote.customer_id == customer_id, CreditNote.currency == currency)).one()
    )


def _sum(what: SQLColumnExpression[int], *where: ColumnElement[bool]) -> ScalarSelect[int]:
    return select(func.coalesce(func.sum(what), 0)).where(*where).correlate(Invoice).scalar_subquery()


_NOTES_OVER = _sum(CreditNote.total_minor - CreditNote.withheld_minor, CreditNote.invoice_id == Invoice.id, IN_FORCE)
_PAYMENTS = _sum(Allocation.amount_minor, Allocation.invoice_id == Invoice.id)
_NOTES_OF_OTHERS = _sum(
    CreditApplication.amount_minor,
    CreditApplication.invoice_id == Invoice.id,
    CreditApplication.credit_note_id == CreditNote.id,
    CreditNote.invoice_id != Invoice.id,
)

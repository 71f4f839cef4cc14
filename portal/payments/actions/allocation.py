"""Putting money to invoices and taking it away again, under locks that are always taken in the same order.

First the customer, then invoices by their number in the database. Settlement locks one invoice and only adds a new
payment, so it fits in anywhere.
"""

from collections.abc import Iterable

from sqlalchemy.orm import Session

from portal.customers.models import Customer
from portal.invoices.models import Invoice
from portal.invoices.queries import due_on, get_invoice
from portal.payments import queries
from portal.payments.models import Allocation, Payment
from portal.payments.rules import CannotPay, PaymentUnderWay
from portal.shared.errors import NotFound
from portal.shared.money import Money

BUSY = "The customer is paying this invoice at this moment. Look again in a minute."
AT_THE_BANK = "The customer's bank is just paying this invoice. Wait until it is paid or refused."


def lock_customer(session: Session, customer_id: int) -> Customer:
    """Whoever else uses this customer's payments waits. References to the customer stay possible. Raises NotFound."""
    customer = session.get(Customer, customer_id, with_for_update={"key_share": True}, populate_existing=True)
    if customer is None:
        raise NotFound
    return customer


def lock_invoices(session: Session, invoice_ids: Iterable[int]) -> dict[int, Invoice]:
    """With lines and balances, as they are once nobody else can change them. Raises NotFound."""
    return {invoice_id: get_invoice(session, invoice_id, lock=True) for invoice_id in sorted(set(invoice_ids))}


def check_not_being_paid(session: Session, invoice_id: int) -> None:
    """Expects the invoice's lock, under which nobody can begin. Raises CannotPay."""
    if queries.open_attempt(session, invoice_id) is not None:
        raise CannotPay(BUSY)


def check_nothing_under_way(session: Session, invoice_id: int) -> None:
    """Before all of it is given up. Expects the invoice's lock. Raises PaymentUnderWay."""
    if due_on(session, invoice_id).under_way:
        raise PaymentUnderWay(AT_THE_BANK)


def put_to(session: Session, payment: Payment, parts: dict[int, Money], *, refund_id: int | None = None) -> None:
    """parts: invoice → how much; below zero takes away. The database refuses more than was received."""
    session.add_all(
        Allocation(
            organisation_id=payment.organisation_id, payment_id=payment.id, invoice_id=invoice_id,
            amount_minor=part.minor, currency=part.currency, refund_id=refund_id,
        )
        for invoice_id, part in sorted(parts.items()) if part
    )  # fmt: skip
    session.flush()

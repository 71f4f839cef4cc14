"""Money that somebody recorded in the linked books: a payment like any other here, and marked as theirs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.invoices.models import SENT
from portal.organisations import audit
from portal.organisations.models import Organisation
from portal.organisations.numbering import next_number
from portal.payments import queries
from portal.payments.actions.allocation import lock_customer, lock_invoices, put_to
from portal.payments.actions.surpluses import note_surplus
from portal.payments.models import Payment
from portal.payments.rules import CannotRecord
from portal.payments.uses import PaymentUse
from portal.shared import formats, outbox
from portal.shared.money import Money

PROVIDER = "books"


@dataclass(frozen=True)
class BookedPayment:
    """
    remote_id  the payment's id in the books; one of ours stands for it only once
    parts      our invoice → how much the books have put to it
    """

    customer_id: int
    amount: Money
    method: str
    reference: str
    received_on: date
    remote_id: str
    parts: Mapping[int, Money]


def add_booked_payment(session: Session, organisation: Organisation, booked: BookedPayment) -> Payment:
    """Record it as the books have it. What no invoice here can take stays the customer's credit, and is said. Safe to
    repeat. Nobody is mailed a receipt: the money came some other way. Does not commit."""
    lock_customer(session, booked.customer_id)
    known = session.scalars(
        select(Payment).where(Payment.provider == PROVIDER, Payment.provider_payment_id == booked.remote_id)
    ).one_or_none()
    if known is not None:
        return known
    invoices = lock_invoices(session, booked.parts)
    payment = Payment(
        organisation_id=organisation.id, number=next_number(session, organisation.id, "payment"),
        customer_id=booked.customer_id, method=booked.method, amount_minor=booked.amount.minor,
        currency=booked.amount.currency, received_on=booked.received_on, provider=PROVIDER,
        provider_payment_id=booked.remote_id, reference=booked.reference[:100],
    )  # fmt: skip
    session.add(payment)
    session.flush()
    zero = Money.zero(booked.amount.currency)
    parts = {
        invoice_id: max(zero, min(part, queries.balance_of(session, invoice_id)))
        for invoice_id, part in booked.parts.items() if invoices[invoice_id].status == SENT
    }  # fmt: skip
    put_to(session, payment, parts)
    _tell(session, organisation, payment, parts)
    changed = [("invoice", invoice_id) for invoice_id in parts]
    outbox.record_all(session, organisation.id, ("payment", payment.id), *changed)
    return payment


def put_booked_payment(session: Session, payment: Payment, parts: Mapping[int, Money]) -> None:
    """Put so much of what is not used of it to these invoices, as the books did: all of it, or nothing. Raises
    CannotRecord. Does not commit."""
    lock_customer(session, payment.customer_id)
    invoices = lock_invoices(session, parts)
    use = session.get_one(PaymentUse, payment.id, populate_existing=True)
    if Money.total(parts.values(), payment.currency) > use.unused:
        raise CannotRecord(f"Only {formats.money(use.unused)} of it is left here.")
    for invoice_id, part in parts.items():
        if invoices[invoice_id].status != SENT or part > queries.balance_of(session, invoice_id):
            raise CannotRecord(f"Not so much is to pay on {invoices[invoice_id].number} here.")
    put_to(session, payment, dict(parts))
    locale = session.get_one(Organisation, payment.organisation_id).locale
    for invoice_id, part in parts.items():
        words = f"{formats.money(part, locale)} paid from the customer's credit, as recorded in the books"
        audit.note(session, payment.organisation_id, "credit used", "invoice", invoice_id, words=words)
    changed = [("invoice", invoice_id) for invoice_id in parts]
    outbox.record_all(session, payment.organisation_id, ("payment", payment.id), *changed)


def set_free(session: Session, payment_id: int, invoice_id: int, most: Money, why: str) -> Money:
    """Up to so much of what a payment has paid of an invoice becomes the customer's credit, as the books have it. How
    much that was. Does not commit.

    why  for the timelines, after the words
    """
    payment = session.get_one(Payment, payment_id)
    lock_customer(session, payment.customer_id)
    invoices = lock_invoices(session, [invoice_id])
    put = {part.invoice_id: part.amount for part in queries.allocations_of(session, [payment_id])[payment_id]}
    part = max(Money.zero(most.currency), min(most, put.get(invoice_id, Money.zero(most.currency))))
    if not part:
        return part
    put_to(session, payment, {invoice_id: -part})
    said = f"{formats.money(part)} of receipt {payment.number} is the customer's credit now, {why}"
    changed = [("payment", payment_id), *(("invoice", each) for each in invoices)]
    for record, record_id in changed:
        audit.note(session, payment.organisation_id, "payment set free", record, record_id, words=said)
    outbox.record_all(session, payment.organisation_id, *changed)
    return part


def _tell(session: Session, organisation: Organisation, payment: Payment, parts: Mapping[int, Money]) -> None:
    after = {"received": str(payment.amount), "way": payment.reference, "books": payment.provider_payment_id}
    audit.note(session, organisation.id, "payment booked", "payment", payment.id, words="Recorded in the books",
               after=after)  # fmt: skip
    for invoice_id, part in parts.items():
        words = f"{formats.money(part, organisation.locale)} paid, recorded in the books, receipt {payment.number}"
        audit.note(session, organisation.id, "payment booked", "invoice", invoice_id, words=words)
    surplus = payment.amount - Money.total(parts.values(), payment.currency)
    if surplus:
        words = f"{formats.money(surplus, organisation.locale)} is kept as the customer's credit"
        note_surplus(session, payment, surplus, words)

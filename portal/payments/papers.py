"""Receipts: what a payment was put to when it came in, kept as papers.py of the invoices keeps documents."""

from datetime import datetime

from sqlalchemy import bindparam, exists, select
from sqlalchemy.orm import Session

from portal.customers.models import Customer
from portal.invoices.documents.models import Document
from portal.invoices.documents.papers import LOOKED_BACK, MOST_AT_ONCE, Edition, keep, kept_or_made
from portal.invoices.documents.pdf import receipt_pdf
from portal.invoices.documents.receipts import receipt_facts
from portal.invoices.letterhead import drawn_up
from portal.organisations.models import Organisation
from portal.payments import queries
from portal.payments.models import Payment
from portal.payments.wording import way_in
from portal.shared import clock, phrases


def receipt_paper(session: Session, organisation: Organisation, payment: Payment) -> bytes:
    """The whole payment with every invoice it went to."""
    return kept_or_made(session, Edition("receipt", payment.id), lambda: _made(session, organisation, payment))


def receipt_for(session: Session, organisation: Organisation, payment: Payment, invoice_id: int) -> bytes:
    """What a payment brought to one invoice: the link to that invoice shows nothing of another."""
    parts = queries.allocations_of(session, [payment.id])[payment.id]
    if all(part.invoice_id == invoice_id for part in parts):
        return receipt_paper(session, organisation, payment)
    return _made(session, organisation, payment, of_invoice=invoice_id)


def keep_missing_receipts(session: Session, organisation: Organisation) -> int:
    """As papers.keep_missing does. Does not commit."""
    since: datetime = clock.now() - LOOKED_BACK
    payments = session.scalars(_MISSING, {"since": since}).all()
    for payment in payments:
        keep(session, organisation.id, Edition("receipt", payment.id), _made(session, organisation, payment))
    return len(payments)


_MISSING = (
    select(Payment)
    .where(
        Payment.created_at >= bindparam("since"),
        ~exists().where(Document.kind == "receipt", Document.record_id == Payment.id),
    )
    .order_by(Payment.id.desc())
    .limit(MOST_AT_ONCE)
)


def _made(session: Session, organisation: Organisation, payment: Payment, *, of_invoice: int | None = None) -> bytes:
    parts = queries.allocations_of(session, [payment.id])[payment.id]
    payer = session.get_one(Customer, payment.customer_id)
    shown = [part for part in parts if of_invoice in (None, part.invoice_id)]
    language = phrases.choose(payer.language, organisation.locale)
    amount = payment.taken if of_invoice is None else shown[0].amount
    facts = receipt_facts(
        drawn_up(organisation, payer.language), number=payment.number, received_on=payment.received_on,
        payer=payer.name, how=way_in(language, payment.method, payment.reference), amount=amount,
        parts=[(part.invoice_number, part.amount) for part in shown],
        rounding=payment.rounding if of_invoice is None else None, tip=payment.tip if of_invoice is None else None,
    )  # fmt: skip
    return receipt_pdf(organisation, facts, payment.created_at)

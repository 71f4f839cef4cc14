"""The invoice and its receipts as files, for whoever holds the link."""

from flask import Response, abort
from sqlalchemy.orm import Session

from portal.invoices.documents.papers import invoice_paper
from portal.invoices.documents.pdf import as_response
from portal.invoices.queries import get_invoice
from portal.pay_page.queries import PayPage
from portal.payments.papers import receipt_for


def invoice_response(session: Session, page: PayPage) -> Response:
    invoice = get_invoice(session, page.invoice.id)
    return as_response(invoice_paper(session, page.organisation, invoice), str(invoice.number))


def receipt_response(session: Session, page: PayPage, payment_id: int) -> Response:
    """Of a payment that this invoice received: any other is not there."""
    payment = next((payment for payment, _part in page.payments if payment.id == payment_id), None)
    if payment is None:
        abort(404)
    return as_response(receipt_for(session, page.organisation, payment, page.invoice.id), payment.number)

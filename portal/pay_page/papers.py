"""The invoice and its receipts as files, for whoever holds the link."""

from flask import Response, abort
from sqlalchemy.orm import Session

from portal.invoices.documents.papers import invoice_paper
from portal.invoices.documents.pdf import as_response
from portal.invoices.queries import get_invoice
from portal.pay_page.queries import PayPage, jobs_billed
from portal.payments.papers import receipt_for
from portal.work_orders.pictures.papers import picture_response


def invoice_response(session: Session, page: PayPage) -> Response:
    invoice = get_invoice(session, page.invoice.id)
    return as_response(invoice_paper(session, page.organisation, invoice), str(invoice.number))


def receipt_response(session: Session, page: PayPage, payment_id: int) -> Response:
    """Of a payment that this invoice received: any other is not there."""
    payment = next((payment for payment, _part in page.payments if payment.id == payment_id), None)
    if payment is None:
        abort(404)
    return as_response(receipt_for(session, page.organisation, payment, page.invoice.id), payment.number)


def photo_response(session: Session, page: PayPage, picture_id: int, *, is_small: bool) -> Response:
    """Of the work that this invoice bills. Raises NotFound for any other."""
    return picture_response(session, jobs_billed(page.invoice), picture_id, is_small=is_small)

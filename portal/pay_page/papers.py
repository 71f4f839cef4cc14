"""The invoice, its receipts and its credit notes, for whoever holds the link: to read, and as files."""

from typing import Any

from flask import Response, abort
from sqlalchemy.orm import Session

from portal.invoices.credit_notes.models import CreditNote
from portal.invoices.credit_notes.queries import get_credit_note
from portal.invoices.documents.facts import credit_note_facts
from portal.invoices.documents.papers import credit_note_paper, invoice_paper
from portal.invoices.documents.pdf import as_response
from portal.invoices.queries import get_invoice
from portal.pay_page.queries import PayPage, jobs_billed
from portal.payments.models import Payment
from portal.payments.papers import receipt_for, receipt_shown
from portal.work_orders.pictures.papers import picture_response


def invoice_response(session: Session, page: PayPage) -> Response:
    invoice = get_invoice(session, page.invoice.id)
    return as_response(invoice_paper(session, page.organisation, invoice), str(invoice.number))


def receipt_response(session: Session, page: PayPage, payment_id: int) -> Response:
    payment = _payment_on(page, payment_id)
    return as_response(receipt_for(session, page.organisation, payment, [page.invoice.id]), payment.number)


def receipt_on(session: Session, page: PayPage, payment_id: int, language: str) -> dict[str, Any]:
    """What the receipt says, in `language`."""
    return receipt_shown(session, page.organisation, _payment_on(page, payment_id), language, [page.invoice.id])


def credit_note_response(session: Session, page: PayPage, note_id: int) -> Response:
    note = get_credit_note(session, _note_on(page, note_id).id)
    return as_response(credit_note_paper(session, page.organisation, note), note.number)


def credit_note_on(session: Session, page: PayPage, note_id: int, language: str) -> dict[str, Any]:
    """As receipt_on does."""
    return credit_note_facts(page.organisation, get_credit_note(session, _note_on(page, note_id).id), language)


def _payment_on(page: PayPage, payment_id: int) -> Payment:
    """One that this invoice received, also one that was taken back: any other is not there."""
    return next((each.payment for each in page.payments if each.payment.id == payment_id), None) or abort(404)


def _note_on(page: PayPage, note_id: int) -> CreditNote:
    """One that takes back some of this invoice."""
    return next((each.note for each in page.notes if each.note.id == note_id), None) or abort(404)


def photo_response(session: Session, page: PayPage, picture_id: int, *, is_small: bool) -> Response:
    """Of the work that this invoice bills. Raises NotFound for any other."""
    return picture_response(session, jobs_billed(page.invoice), picture_id, is_small=is_small)

"""Invoices and credit notes for other people's machines."""

from flask import Response, g, make_response

from portal.invoices import queries
from portal.invoices.credit_notes.pages import note_page
from portal.invoices.credit_notes.queries import get_credit_note
from portal.invoices.e_invoice import making
from portal.invoices.e_invoice.rules import CannotExport
from portal.invoices.views.pages import bp, invoice_page
from portal.shared.access import allow
from portal.shared.forms import Form
from portal.shared.web import request_session

_XML, _PDF = "application/xml", "application/pdf"


@bp.get("/invoices/<int:invoice_id>/e-invoice.xml")
@allow("raise_invoices", "see_board")
def show_ubl(invoice_id: int) -> Response:
    return _invoice_file(invoice_id, _XML)


@bp.get("/invoices/<int:invoice_id>/e-invoice.pdf")
@allow("raise_invoices", "see_board")
def show_facturx(invoice_id: int) -> Response:
    return _invoice_file(invoice_id, _PDF)


@bp.get("/credit-notes/<int:credit_note_id>/e-credit-note.xml")
@allow("raise_invoices", "see_board")
def show_credit_note_ubl(credit_note_id: int) -> Response:
    return _note_file(credit_note_id, _XML)


@bp.get("/credit-notes/<int:credit_note_id>/e-credit-note.pdf")
@allow("raise_invoices", "see_board")
def show_credit_note_facturx(credit_note_id: int) -> Response:
    return _note_file(credit_note_id, _PDF)


def _invoice_file(invoice_id: int, kind: str) -> Response:
    invoice = queries.get_invoice(request_session(), invoice_id, g.viewer)
    make = making.ubl_of if kind == _XML else making.facturx_of
    try:
        return _file(make(g.organisation, invoice), f"{invoice.number}-e-invoice", kind)
    except CannotExport as problem:
        return make_response(invoice_page(invoice, problem=str(problem)), 422)


def _note_file(credit_note_id: int, kind: str) -> Response:
    note = get_credit_note(request_session(), credit_note_id, g.viewer)
    make = making.ubl_of_note if kind == _XML else making.facturx_of_note
    try:
        return _file(make(g.organisation, note), f"{note.number}-e-credit-note", kind)
    except CannotExport as problem:
        form = Form()
        form.refuse(problem)
        return make_response(note_page(note, form), 422)


def _file(content: bytes, name: str, kind: str) -> Response:
    response = make_response(content)
    response.headers["Content-Type"] = kind
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{kind.rpartition("/")[2]}"'
    return response

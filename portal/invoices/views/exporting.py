"""Invoices for other people's machines."""

from collections.abc import Callable

from flask import Response, g, make_response

from portal.invoices import queries
from portal.invoices.e_invoice import making
from portal.invoices.e_invoice.rules import CannotExport
from portal.invoices.models import Invoice
from portal.invoices.views.pages import bp, invoice_page
from portal.organisations.models import Organisation
from portal.shared.access import allow
from portal.shared.web import request_session


@bp.get("/invoices/<int:invoice_id>/e-invoice.xml")
@allow("raise_invoices", "see_board")
def show_ubl(invoice_id: int) -> Response:
    return _file(invoice_id, making.ubl_of, "xml", "application/xml")


@bp.get("/invoices/<int:invoice_id>/e-invoice.pdf")
@allow("raise_invoices", "see_board")
def show_facturx(invoice_id: int) -> Response:
    return _file(invoice_id, making.facturx_of, "pdf", "application/pdf")


def _file(invoice_id: int, make: Callable[[Organisation, Invoice], bytes], ending: str, kind: str) -> Response:
    invoice = queries.get_invoice(request_session(), invoice_id, g.viewer)
    try:
        response = make_response(make(g.organisation, invoice))
    except CannotExport as problem:
        return make_response(invoice_page(invoice, problem=str(problem)), 422)
    response.headers["Content-Type"] = kind
    response.headers["Content-Disposition"] = f'attachment; filename="{invoice.number}-e-invoice.{ending}"'
    return response

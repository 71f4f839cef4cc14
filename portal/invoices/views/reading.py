"""Invoices to look at."""

from flask import Response, g, render_template, request

from portal.invoices import queries
from portal.invoices.documents.papers import invoice_paper
from portal.invoices.documents.pdf import as_response
from portal.invoices.sendings import count_undelivered
from portal.invoices.views.pages import bp, invoice_page, status_of
from portal.shared import clock
from portal.shared.access import allow
from portal.shared.htmx import page_or_fragment, wants_fragment
from portal.shared.text import clean
from portal.shared.web import page_number, request_session


@bp.get("/invoices")
@allow("raise_invoices", "see_board")
def index() -> Response:
    state = request.args.get("state", "")
    search = clean(request.args.get("q", ""))[:100]
    page, today = page_number(), clock.today(g.time_zone)
    rows, has_more = queries.list_invoices(
        request_session(), g.viewer, state=state, search=search, today=today, page=page
    )
    return page_or_fragment(
        "invoices/index.html", "invoices/_rows.html", rows=rows, has_more=has_more, page=page, search=search,
        state=state, today=today, status_of=queries.status_of,
        undelivered=count_undelivered(request_session(), g.viewer) if not wants_fragment() else 0,
    )  # fmt: skip


@bp.get("/invoices/<int:invoice_id>")
@allow("raise_invoices", "see_board")
def show(invoice_id: int) -> str:
    return invoice_page(queries.get_invoice(request_session(), invoice_id, g.viewer))


@bp.get("/invoices/<int:invoice_id>/payment-state")
@allow("raise_invoices", "see_board")
def payment_state(invoice_id: int) -> str:
    """The fragment that turns to Paid by itself."""
    invoice = queries.get_invoice(request_session(), invoice_id, g.viewer)
    return render_template(
        "invoices/_payment_state.html", invoice=invoice, status=status_of(invoice), balance=queries.balance_of(invoice)
    )


@bp.get("/invoices/<int:invoice_id>/invoice.pdf")
@allow("raise_invoices", "see_board")
def show_pdf(invoice_id: int) -> Response:
    session = request_session()
    invoice = queries.get_invoice(session, invoice_id, g.viewer)
    return as_response(invoice_paper(session, g.organisation, invoice), invoice.number or "draft")

"""Credit notes to look at, and the form of a new one. It is posted to payments, which close an open card page first."""

import uuid

from flask import Response, g, make_response, request, url_for

from portal.invoices import queries
from portal.invoices.billing_again import bill_again
from portal.invoices.credit_notes import actions, forms, rules
from portal.invoices.credit_notes import queries as credit_queries
from portal.invoices.credit_notes.pages import new_page, note_page
from portal.invoices.documents.papers import credit_note_paper
from portal.invoices.documents.pdf import as_response
from portal.invoices.views.pages import bp
from portal.shared.access import allow
from portal.shared.errors import RuleBroken
from portal.shared.forms import Form
from portal.shared.htmx import page_or_fragment, see_other
from portal.shared.text import clean
from portal.shared.web import page_number, request_session


@bp.get("/credit-notes")
@allow("raise_invoices", "see_board")
def credit_notes() -> Response:
    state = request.args.get("state", "")
    search = clean(request.args.get("q", ""))[:100]
    page = page_number()
    rows, has_more = credit_queries.list_credit_notes(
        request_session(), g.viewer, state=state, search=search, page=page
    )
    return page_or_fragment(
        "credit_notes/index.html", "credit_notes/_rows.html", rows=rows, has_more=has_more, page=page, search=search,
        state=state,
    )  # fmt: skip


@bp.get("/invoices/<int:invoice_id>/credit-notes/new")
@allow("void")
def new_credit_note(invoice_id: int) -> Response:
    session = request_session()
    invoice = queries.get_invoice(session, invoice_id, g.viewer)
    form = Form()
    try:
        rules.check_creditable(invoice.status, invoice.breakdown)
    except RuleBroken as problem:
        form.refuse(problem)
        return make_response(new_page(invoice, [], form), 422)
    left = actions.creditable(session, invoice)
    if not any(left):
        form.errors["form"] = "All of this invoice has been credited."
        return make_response(new_page(invoice, [], form), 422)
    then = "refund" if request.args.get("then") == "refund" else "apply"
    return make_response(new_page(invoice, left, forms.filled_with(left, uuid.uuid4().hex, then)))


@bp.post("/invoices/<int:invoice_id>/billing-again")
@allow("void")
def create_billing_again(invoice_id: int) -> Response:
    """Safe to repeat."""
    session = request_session()
    job_id = bill_again(session, queries.get_invoice(session, invoice_id, g.viewer, lock=True))
    session.commit()
    if job_id is None or not g.viewer.may("raise_invoices"):
        return see_other(url_for("invoices.show", invoice_id=invoice_id))
    return see_other(url_for("invoices.new", work_order_id=job_id))


@bp.get("/credit-notes/<int:credit_note_id>")
@allow("raise_invoices", "see_board")
def show_credit_note(credit_note_id: int) -> str:
    return note_page(credit_queries.get_credit_note(request_session(), credit_note_id, g.viewer), Form())


@bp.get("/credit-notes/<int:credit_note_id>/credit-note.pdf")
@allow("raise_invoices", "see_board")
def show_credit_note_pdf(credit_note_id: int) -> Response:
    session = request_session()
    note = credit_queries.get_credit_note(session, credit_note_id, g.viewer)
    return as_response(credit_note_paper(session, g.organisation, note), note.number)

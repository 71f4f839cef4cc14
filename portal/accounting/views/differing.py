"""An invoice that comes to another amount in Zoho: both sides beside each other, and what can be done."""

from flask import Response, flash, g, make_response, render_template, request, url_for

from portal.accounting.agreement import deciding, queries
from portal.accounting.link import live_link
from portal.accounting.views.pages import bp
from portal.invoices.models import Invoice
from portal.invoices.queries import get_invoice
from portal.shared.access import allow
from portal.shared.errors import RuleBroken
from portal.shared.forms import Form
from portal.shared.htmx import see_other
from portal.shared.web import request_session


@bp.get("/books/differences/<int:invoice_id>")
@allow("see_board", "manage_link")
def show_difference(invoice_id: int) -> Response:
    return make_response(_page(get_invoice(request_session(), invoice_id, g.viewer), Form()))


@bp.post("/books/differences/<int:invoice_id>/acceptance")
@allow("manage_link")
def accept_difference(invoice_id: int) -> Response:
    session, form = request_session(), Form(request.form)
    get_invoice(session, invoice_id, g.viewer)
    reason = form.text("reason", "why this difference may stand")
    try:
        if form.ok:
            deciding.accept(session, invoice_id, reason, decided_by=g.viewer.id)
            session.commit()
            flash("The difference stands. What waited for this invoice goes on.", "good")
            return see_other(url_for("accounting.show_difference", invoice_id=invoice_id))
    except RuleBroken as problem:
        session.rollback()
        form.refuse(problem)
    return make_response(_page(get_invoice(session, invoice_id, g.viewer), form), 422)


@bp.post("/books/differences/<int:invoice_id>/rounding")
@allow("manage_link")
def send_rounding(invoice_id: int) -> Response:
    session, form = request_session(), Form()
    invoice = get_invoice(session, invoice_id, g.viewer)
    try:
        deciding.send_difference(session, invoice_id, invoice.currency, decided_by=g.viewer.id)
    except RuleBroken as problem:
        session.rollback()
        form.refuse(problem)
        return make_response(_page(get_invoice(session, invoice_id, g.viewer), form), 422)
    session.commit()
    flash("The rounding is on its way to Zoho. Its answer decides.", "good")
    return see_other(url_for("accounting.show_difference", invoice_id=invoice_id))


def _page(invoice: Invoice, form: Form) -> str:
    session = request_session()
    link = live_link(session)
    found = queries.difference_of(session, link, invoice.id) if link is not None else None
    return render_template("accounting/difference.html", invoice=invoice, form=form, found=found, link=link)

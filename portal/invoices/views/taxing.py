"""Which taxes a draft's lines bear: as the rules say, or chosen by a person."""

from flask import Response, g, make_response, render_template, request, url_for

from portal.invoices import forms, queries, retaxing
from portal.invoices.models import DRAFT, Invoice
from portal.invoices.views.pages import bp, invoice_page, place_of
from portal.shared.access import allow
from portal.shared.errors import RuleBroken
from portal.shared.forms import Form
from portal.shared.htmx import see_other
from portal.shared.web import request_session


@bp.get("/invoices/<int:invoice_id>/taxes")
@allow("edit_catalogue")
def edit_taxes(invoice_id: int) -> Response:
    invoice = queries.get_invoice(request_session(), invoice_id, g.viewer)
    if invoice.status != DRAFT:
        return see_other(place_of(invoice))
    return make_response(_page(invoice, forms.taxes_of(invoice)))


@bp.post("/invoices/<int:invoice_id>/taxes")
@allow("edit_catalogue")
def update_taxes(invoice_id: int) -> Response:
    session = request_session()
    invoice = queries.get_invoice(session, invoice_id, g.viewer, lock=True)
    form = Form(request.form)
    bearable = {tax.id: tax for tax in retaxing.choices_for(session, g.organisation, invoice)}
    choices = forms.read_taxes(form, invoice, bearable)
    if form.ok:
        try:
            retaxing.settle_taxes(session, g.organisation, invoice, choices)
            session.commit()
            return see_other(url_for("invoices.show", invoice_id=invoice.id))
        except RuleBroken as problem:
            session.rollback()
            form.refuse(problem)
            invoice = queries.get_invoice(session, invoice_id, g.viewer)
    return make_response(_page(invoice, form), 422)


@bp.post("/invoices/<int:invoice_id>/usual-tax")
@allow("raise_invoices")
def create_usual_tax(invoice_id: int) -> Response:
    """For whoever stands at the customer's door: the firm's usual tax where the rules find none."""
    session = request_session()
    invoice = queries.get_invoice(session, invoice_id, g.viewer, lock=True)
    try:
        retaxing.use_usual(session, g.organisation, invoice)
    except RuleBroken as problem:
        session.rollback()
        return make_response(invoice_page(queries.get_invoice(session, invoice_id, g.viewer), problem.sentence), 422)
    session.commit()
    return see_other(url_for("invoices.show", invoice_id=invoice.id))


def _page(invoice: Invoice, form: Form) -> str:
    bearable = retaxing.choices_for(request_session(), g.organisation, invoice)
    choices = [(tax.id, tax.name) for tax in bearable] + [("none", "No tax")]
    return render_template("invoices/taxes.html", invoice=invoice, form=form, choices=choices)

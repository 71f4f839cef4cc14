"""A draft's discounts, shipping and adjustment."""

from flask import Response, g, make_response, render_template, request, url_for

from portal.invoices import drafts, forms, queries
from portal.invoices.models import DRAFT, Invoice
from portal.invoices.views.pages import bp, place_of
from portal.shared.access import allow
from portal.shared.errors import RuleBroken
from portal.shared.forms import Form
from portal.shared.htmx import see_other
from portal.shared.web import request_session
from portal.taxes.queries import list_taxes


@bp.get("/invoices/<int:invoice_id>/prices")
@allow("raise_invoices")
def edit_prices(invoice_id: int) -> Response:
    invoice = queries.get_invoice(request_session(), invoice_id, g.viewer)
    if invoice.status != DRAFT:
        return see_other(place_of(invoice))
    return make_response(_page(invoice, forms.filled_with(invoice)))


@bp.post("/invoices/<int:invoice_id>/prices")
@allow("raise_invoices")
def update_prices(invoice_id: int) -> Response:
    session = request_session()
    invoice = queries.get_invoice(session, invoice_id, g.viewer, lock=True)
    form = Form(request.form)
    tax_ids = {tax.id for tax in list_taxes(session)}
    wanted = forms.read_pricing(form, invoice, tax_ids, may_adjust=g.viewer.may("give_discount"))
    if form.ok:
        try:
            drafts.price_draft(session, g.organisation, invoice, wanted, g.viewer.discount_limit)
            session.commit()
            return see_other(url_for("invoices.show", invoice_id=invoice.id))
        except RuleBroken as problem:
            session.rollback()
            form.refuse(problem)
            invoice = queries.get_invoice(session, invoice_id, g.viewer)
    return make_response(_page(invoice, form), 422)


def _page(invoice: Invoice, form: Form) -> str:
    taxes = [(tax.id, tax.name) for tax in list_taxes(request_session())]
    return render_template(
        "invoices/prices.html", invoice=invoice, form=form, taxes=taxes, gross=drafts.gross_of(invoice),
        limit=g.viewer.discount_limit, style=g.organisation.discount_style, may_adjust=g.viewer.may("give_discount"),
    )  # fmt: skip

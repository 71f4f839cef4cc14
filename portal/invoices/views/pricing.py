"""A draft's discounts, shipping and adjustment."""

from flask import Response, g, make_response, render_template, request, url_for

from portal.invoices import drafts, forms, queries
from portal.invoices.documents.rules import other_currency
from portal.invoices.models import DRAFT, Invoice
from portal.invoices.views.pages import bp, place_of
from portal.shared.access import allow
from portal.shared.errors import RuleBroken
from portal.shared.forms import Form
from portal.shared.htmx import see_other
from portal.shared.web import request_session
from portal.taxes.queries import taxes_by_id
from portal.taxes.together import stands_alone


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
    bearable, withheld = _taxes(invoice)
    wanted = forms.read_pricing(form, invoice, dict(bearable), dict(withheld), may_adjust=g.viewer.may("give_discount"))
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
    taxes, withheld = _taxes(invoice)
    return render_template(
        "invoices/prices.html", invoice=invoice, form=form, taxes=taxes, withheld=withheld,
        other_currency=other_currency(g.organisation.country, invoice.currency),
        gross=drafts.gross_of(invoice),
        limit=g.viewer.discount_limit, style=g.organisation.discount_style, may_adjust=g.viewer.may("give_discount"),
    )  # fmt: skip


def _taxes(invoice: Invoice) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    """(id, name) of those that shipping can bear, and of those that a customer withholds."""
    known = taxes_by_id(request_session())
    taxes = [
        tax for tax in known.values()
        if tax.is_active or tax.id in (invoice.shipping_usual_tax_id, invoice.withholding_tax_id)
    ]  # fmt: skip
    named = sorted(taxes, key=lambda tax: (not tax.is_default, tax.name))
    bearable = [tax for tax in named if stands_alone(tax, known, g.organisation.country)]
    withheld = [tax for tax in named if tax.is_withheld]
    return [(tax.id, tax.name) for tax in bearable], [(tax.id, tax.name) for tax in withheld]

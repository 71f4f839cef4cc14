"""What a tax costs, from which day on."""

from flask import Response, flash, g, make_response, render_template, request, url_for

from portal.shared.access import allow
from portal.shared.forms import Form
from portal.shared.htmx import see_other
from portal.shared.web import request_session
from portal.taxes import actions, bearing, corrections, forms, queries
from portal.taxes.models import Tax
from portal.taxes.tax_point import words_of
from portal.taxes.views.pages import bp, keep, moving, tax_page, told


@bp.post("/settings/taxes/<int:tax_id>/rates")
@allow("manage_organisation")
def create_rate(tax_id: int) -> Response:
    tax = queries.get_tax(request_session(), tax_id)
    form, rate, valid_from = forms.read_rate(request.form, tax.kind)
    changed = None
    if form.ok and valid_from is not None:
        others = moving(tax)
        changed = keep(form, lambda session: actions.change_rate(session, tax, rate, valid_from, others))
    if not form.ok:
        return tax_page(tax_id, form, 422)
    flash(told(changed), "good")
    return see_other(url_for("taxes.show", tax_id=tax_id))


@bp.get("/settings/taxes/<int:tax_id>/rates/<int:rate_id>")
@allow("manage_organisation")
def edit_rate(tax_id: int, rate_id: int) -> Response:
    tax = queries.get_tax(request_session(), tax_id)
    return _rate_page(tax, rate_id, forms.rate_as_it_is(corrections.dated(tax, rate_id)))


@bp.post("/settings/taxes/<int:tax_id>/rates/<int:rate_id>")
@allow("manage_organisation")
def update_rate(tax_id: int, rate_id: int) -> Response:
    tax = queries.get_tax(request_session(), tax_id)
    rate = corrections.dated(tax, rate_id)
    typed = rate.valid_from if corrections.is_first(tax, rate) else None
    form, right, valid_from = forms.read_rate(request.form, tax.kind, valid_from=typed)
    changed = None
    if form.ok and valid_from is not None:
        others = moving(tax)
        changed = keep(form, lambda session: corrections.correct_rate(session, tax, rate, right, valid_from, others))
    if not form.ok:
        return _rate_page(queries.get_tax(request_session(), tax_id), rate_id, form, 422)
    flash(told(changed), "good")
    return see_other(url_for("taxes.show", tax_id=tax_id))


@bp.post("/settings/taxes/<int:tax_id>/rates/<int:rate_id>/removal")
@allow("manage_organisation")
def remove_rate(tax_id: int, rate_id: int) -> Response:
    tax = queries.get_tax(request_session(), tax_id)
    rate, others, form = corrections.dated(tax, rate_id), moving(tax), Form()
    changed = keep(form, lambda session: corrections.remove_rate(session, tax, rate, others))
    if not form.ok:
        tax = queries.get_tax(request_session(), tax_id)
        form.values = forms.rate_as_it_is(corrections.dated(tax, rate_id)).values
        return _rate_page(tax, rate_id, form, 422)
    flash(told(changed), "good")
    return see_other(url_for("taxes.show", tax_id=tax_id))


def _rate_page(tax: Tax, rate_id: int, form: Form, status: int = 200) -> Response:
    session = request_session()
    rate, others = corrections.dated(tax, rate_id), moving(tax)
    page = render_template(
        "taxes/rate.html", tax=tax, rate=rate, form=form, is_first=corrections.is_first(tax, rate), moving=others,
        stays=corrections.why_rate_stays(session, tax, rate, others),
        in_books=bearing.ties_of(session, tax.id).in_books,
        is_per_unit=tax.kind == "fixed_per_unit", rate_counts=words_of(g.organisation.country),
    )  # fmt: skip
    return make_response(page, status)

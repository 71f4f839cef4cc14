"""Settings of taxes: what there is, a new one, groups."""

from flask import Response, flash, g, make_response, render_template, request, url_for

from portal.shared import clock
from portal.shared.access import allow
from portal.shared.forms import Form
from portal.shared.htmx import see_other
from portal.shared.web import request_session
from portal.taxes import actions, forms, queries
from portal.taxes.arithmetic.document import WITHHOLDING
from portal.taxes.authorities.queries import names_of_authorities
from portal.taxes.regions import pack
from portal.taxes.regions.standing import standing_of
from portal.taxes.views.pages import bp, keep


@bp.get("/settings/taxes")
@allow("manage_organisation")
def index() -> Response:
    return _index_page(Form(kind="percent"), Form())


@bp.post("/settings/taxes")
@allow("manage_organisation")
def create() -> Response:
    form, new = forms.read_tax(request.form, names_of_authorities(request_session()))
    if form.ok:
        keep(form, lambda session: actions.add_tax(
            session, g.viewer.organisation_id, new.name, new.rate, kind=new.kind, authority_id=new.authority_id,
            why=new.why, is_default=new.is_default,
        ))  # fmt: skip
    if not form.ok:
        return _index_page(form, Form(), 422)
    is_withheld = new.kind == WITHHOLDING
    where = "on a draft, under Discount, shipping" if is_withheld else "for services and parts in the catalogue"
    flash(f"Added. Choose it {where}.", "good")
    return see_other(url_for("taxes.index"))


@bp.post("/settings/taxes/groups")
@allow("manage_organisation")
def create_group() -> Response:
    form, new = forms.read_group(request.form, queries.groupable(request_session()))
    if form.ok:
        keep(form, lambda session: actions.add_group(
            session, g.viewer.organisation_id, new.name, new.members, why=new.why,
            last_is_compound=new.last_is_compound,
        ))  # fmt: skip
    if not form.ok:
        return _index_page(Form(kind="percent"), form, 422)
    flash("Added. Each of its taxes is reckoned and printed by itself.", "good")
    return see_other(url_for("taxes.index"))


def _index_page(form: Form, group_form: Form, status: int = 200) -> Response:
    taxes = queries.taxes_by_id(request_session()).values()
    ticked = set(request.form.getlist("member"))
    page = render_template(
        "taxes/index.html", source=pack(g.organisation.country)["source"],
        by_address=standing_of(g.organisation.country).get("by_address"),
        form=form, group_form=group_form, kinds=forms.KINDS,
        taxes=sorted(taxes, key=lambda tax: (not tax.is_active, not tax.is_default, tax.name)),
        groupable=queries.groupable(request_session()), ticked=ticked,
        today=clock.today(g.time_zone), authorities=names_of_authorities(request_session()),
    )  # fmt: skip
    return make_response(page, status)

"""Settings of standing: the firm's registration, taxes by place."""

from flask import Blueprint, Response, flash, g, make_response, render_template, request, url_for

from portal.organisations.models import Organisation
from portal.shared.access import allow
from portal.shared.errors import RuleBroken
from portal.shared.forms import Form
from portal.shared.htmx import see_other
from portal.shared.web import request_session
from portal.taxes.models import Tax
from portal.taxes.queries import list_taxes, taxes_by_id
from portal.taxes.regions import own_places
from portal.taxes.regions.standing import standing_of
from portal.taxes.standing import actions, forms, queries

bp = Blueprint("standing", __name__)


@bp.get("/settings/taxes/registration")
@allow("manage_organisation")
def registration() -> Response:
    return _registration_page(forms.filled_with(g.organisation))


@bp.post("/settings/taxes/registration")
@allow("manage_organisation")
def update_registration() -> Response:
    session = request_session()
    form, wanted = forms.read_registration(request.form, own_places(g.organisation.country), g.organisation.tax_number)
    if not form.ok:
        return _registration_page(form, 422)
    actions.change_registration(session, session.get_one(Organisation, g.viewer.organisation_id), wanted)
    session.commit()
    flash("Saved. It counts for what is drafted from now on; drafts and sent invoices keep what they say.", "good")
    return see_other(url_for("taxes.index"))


@bp.get("/settings/taxes/places")
@allow("manage_organisation")
def local_taxes() -> Response:
    return _places_page(Form())


@bp.post("/settings/taxes/places")
@allow("manage_organisation")
def create_local_tax() -> Response:
    session, country = request_session(), g.organisation.country
    form, place, taxes = forms.read_place(request.form, country, _states(), _borne())
    if form.ok:
        try:
            actions.add_local_tax(session, g.viewer.organisation_id, place, taxes)
            session.commit()
            flash(
                "Added. It counts for what is drafted from now on; drafts and sent invoices stay as they are.", "good"
            )
            return see_other(url_for("standing.local_taxes"))
        except RuleBroken as problem:
            session.rollback()
            form.refuse(problem)
    return _places_page(form, 422)


@bp.post("/settings/taxes/places/<int:local_tax_id>/removal")
@allow("manage_organisation")
def remove_local_tax(local_tax_id: int) -> Response:
    session = request_session()
    actions.remove_local_tax(session, queries.get_local_tax(session, local_tax_id))
    session.commit()
    return see_other(url_for("standing.local_taxes"))


def _states() -> dict[str, str]:
    """Code → name, where addresses decide; elsewhere there is none to choose."""
    return dict(standing_of(g.organisation.country).get("states", {}))


def _borne() -> list[Tax]:
    """What a place may ask for."""
    kinds = ("percent", "fixed_per_unit", "group", "exempt", "zero")
    return [tax for tax in list_taxes(request_session()) if tax.kind in kinds and not tax.is_withheld]


def _places_page(form: Form, status: int = 200) -> Response:
    session = request_session()
    taxes, states = taxes_by_id(session), _states()
    found = queries.list_local_taxes(session)
    places = [(each, states.get(each.state, each.state), taxes[each.tax_id]) for each in found]
    page = render_template(
        "standing/places.html", form=form, places=places, states=states, taxes=_borne(),
        ticked=set(request.form.getlist("member")),
    )  # fmt: skip
    return make_response(page, status)


def _registration_page(form: Form, status: int = 200) -> Response:
    page = render_template(
        "standing/registration.html", form=form, own_places=own_places(g.organisation.country),
        own_place=standing_of(g.organisation.country).get("own_place", ""),
    )  # fmt: skip
    return make_response(page, status)

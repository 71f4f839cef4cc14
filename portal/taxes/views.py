"""Settings of taxes: what there is, a new one, a new rate from a day on, groups."""

from collections.abc import Callable

from flask import Blueprint, Response, flash, g, make_response, render_template, request, url_for
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.organisations.audit import timeline
from portal.shared import clock
from portal.shared.access import allow
from portal.shared.forms import Form
from portal.shared.htmx import see_other
from portal.shared.web import request_session
from portal.taxes import actions, forms, queries
from portal.taxes.actions import CannotChangeTax
from portal.taxes.authorities.queries import names_of_authorities
from portal.taxes.models import Tax
from portal.taxes.regions.standing import standing_of
from portal.taxes.tax_point import words_of
from portal.taxes.together import moving_with, stands_alone

bp = Blueprint("taxes", __name__)

_TAKEN = "Another tax has this name. Choose another one."


@bp.get("/settings/taxes")
@allow("manage_organisation")
def index() -> Response:
    return _index_page(Form(kind="percent"), Form())


@bp.post("/settings/taxes")
@allow("manage_organisation")
def create() -> Response:
    form, new = forms.read_tax(request.form, names_of_authorities(request_session()))
    if form.ok:
        _keep(form, lambda session: actions.add_tax(
            session, g.viewer.organisation_id, new.name, new.rate, kind=new.kind, authority_id=new.authority_id,
            why=new.why, is_default=new.is_default,
        ))  # fmt: skip
    if not form.ok:
        return _index_page(form, Form(), 422)
    flash("Added. Choose it for services and parts in the catalogue.", "good")
    return see_other(url_for("taxes.index"))


@bp.post("/settings/taxes/groups")
@allow("manage_organisation")
def create_group() -> Response:
    form, new = forms.read_group(request.form, queries.groupable(request_session()))
    if form.ok:
        _keep(form, lambda session: actions.add_group(
            session, g.viewer.organisation_id, new.name, new.members, why=new.why,
            last_is_compound=new.last_is_compound,
        ))  # fmt: skip
    if not form.ok:
        return _index_page(Form(kind="percent"), form, 422)
    flash("Added. Each of its taxes is reckoned and printed by itself.", "good")
    return see_other(url_for("taxes.index"))


@bp.get("/settings/taxes/<int:tax_id>")
@allow("manage_organisation")
def show(tax_id: int) -> Response:
    return _tax_page(queries.get_tax(request_session(), tax_id), Form())


@bp.post("/settings/taxes/<int:tax_id>/words")
@allow("manage_organisation")
def update_words(tax_id: int) -> Response:
    session = request_session()
    tax = queries.get_tax(session, tax_id)
    form, why, authority_id = forms.read_words(request.form, tax.kind, names_of_authorities(session))
    if not form.ok:
        return _tax_page(tax, form, 422)
    actions.change_words(session, tax, why=why, authority_id=authority_id)
    session.commit()
    flash("Saved. Lines that are drafted or sent keep what they say.", "good")
    return see_other(url_for("taxes.show", tax_id=tax_id))


@bp.post("/settings/taxes/<int:tax_id>/rates")
@allow("manage_organisation")
def create_rate(tax_id: int) -> Response:
    tax = queries.get_tax(request_session(), tax_id)
    form, rate, valid_from = forms.read_rate(request.form, tax.kind)
    if form.ok and valid_from is not None:
        others = moving_with(tax, queries.taxes_by_id(request_session()), g.organisation.country)
        _keep(form, lambda session: actions.change_together(session, tax, rate, valid_from, others))
    if not form.ok:
        return _tax_page(queries.get_tax(request_session(), tax_id), form, 422)
    flash("Saved. Invoices sent before keep what they say.", "good")
    return see_other(url_for("taxes.show", tax_id=tax_id))


@bp.post("/settings/taxes/<int:tax_id>/usual")
@allow("manage_organisation")
def make_usual(tax_id: int) -> Response:
    session = request_session()
    tax = queries.get_tax(session, tax_id)
    if stands_alone(tax, queries.taxes_by_id(session), g.organisation.country):
        actions.make_usual(session, tax)
        session.commit()
    else:
        flash("This one stands beside a tax, or is a part of one. Make the tax itself the usual one.", "late")
    return see_other(url_for("taxes.show", tax_id=tax_id))


@bp.post("/settings/taxes/<int:tax_id>/between-states")
@allow("manage_organisation")
def update_between_states(tax_id: int) -> Response:
    """What takes its place when the customer is in another state; nothing chosen: nothing does."""
    session = request_session()
    tax = queries.get_tax(session, tax_id)
    form, choices = Form(request.form), {each.id: each for each in _across(tax)}
    other_id = form.record("between_states_id", "a tax", required=False)
    if other_id is not None and other_id not in choices:
        form.errors["between_states_id"] = "Choose a tax from the list."
    if not form.ok:
        return _tax_page(tax, form, 422)
    actions.set_between_states(session, tax, choices.get(other_id or 0))
    session.commit()
    flash("Saved. It counts for what is drafted from now on.", "good")
    return see_other(url_for("taxes.show", tax_id=tax.id))


@bp.post("/settings/taxes/<int:tax_id>/retirement")
@allow("manage_organisation")
def retire(tax_id: int) -> Response:
    return _set_active(tax_id, is_active=False)


@bp.post("/settings/taxes/<int:tax_id>/return")
@allow("manage_organisation")
def bring_back(tax_id: int) -> Response:
    return _set_active(tax_id, is_active=True)


def _set_active(tax_id: int, *, is_active: bool) -> Response:
    session = request_session()
    actions.set_active(session, queries.get_tax(session, tax_id), is_active=is_active)
    session.commit()
    return see_other(url_for("taxes.show", tax_id=tax_id))


def _keep(form: Form, change: Callable[[Session], object]) -> None:
    """Make the change and commit it; what cannot be is said beside the field."""
    session = request_session()
    try:
        change(session)
        session.commit()
    except CannotChangeTax as problem:
        session.rollback()
        form.refuse(problem)
    except IntegrityError:
        session.rollback()
        form.errors["name"] = _TAKEN


def _across(tax: Tax) -> list[Tax]:
    """What may take its place elsewhere in the country: where there is such a place, and it has a rate."""
    if not standing_of(g.organisation.country).get("replaced_in") or tax.kind not in ("percent", "group"):
        return []
    return [each for each in queries.groupable(request_session()) if each.id != tax.id and each.kind == "percent"]


def _index_page(form: Form, group_form: Form, status: int = 200) -> Response:
    taxes = queries.taxes_by_id(request_session()).values()
    ticked = set(request.form.getlist("member"))
    page = render_template(
        "taxes/index.html", by_address=standing_of(g.organisation.country).get("by_address"),
        form=form, group_form=group_form, kinds=forms.KINDS,
        taxes=sorted(taxes, key=lambda tax: (not tax.is_active, not tax.is_default, tax.name)),
        groupable=queries.groupable(request_session()), ticked=ticked,
        today=clock.today(g.time_zone), authorities=names_of_authorities(request_session()),
    )  # fmt: skip
    return make_response(page, status)


def _tax_page(tax: Tax, form: Form, status: int = 200) -> Response:
    """form: what was typed into one of its forms; the others show the tax as it is."""
    session = request_session()
    as_it_is = {"why": tax.why} | {
        name: str(getattr(tax, name) or "") for name in ("between_states_id", "authority_id")
    }  # fmt: skip
    form.values = as_it_is | form.values
    page = render_template(
        "taxes/show.html", tax=tax, form=form, kinds=forms.KINDS | {"group": "Group"}, today=clock.today(g.time_zone),
        touched=queries.touched_by(session, tax.id), across=_across(tax),
        replaced_in=standing_of(g.organisation.country).get("replaced_in"), has_rate=tax.kind in actions.WITH_RATE,
        moving=moving_with(tax, queries.taxes_by_id(session), g.organisation.country),
        stands_alone=stands_alone(tax, queries.taxes_by_id(session), g.organisation.country),
        is_per_unit=tax.kind == "fixed_per_unit",
        authorities=names_of_authorities(session),
        events=timeline(session, "tax", tax.id), rate_counts=words_of(g.organisation.country),
    )  # fmt: skip
    return make_response(page, status)

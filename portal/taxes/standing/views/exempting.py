"""Reasons to charge no tax: added, corrected, taken away, removed."""

from collections.abc import Callable

from flask import Response, g, make_response, render_template, request, url_for
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.organisations.audit import timeline
from portal.shared.access import allow
from portal.shared.errors import RuleBroken
from portal.shared.forms import Form
from portal.shared.htmx import see_other
from portal.shared.web import request_session
from portal.taxes.standing import actions, forms, queries
from portal.taxes.standing.views.pages import bp


@bp.get("/settings/taxes/exemptions")
@allow("manage_organisation")
def exemptions() -> Response:
    return _exemptions_page(Form(applies_to="customer"))


@bp.post("/settings/taxes/exemptions")
@allow("manage_organisation")
def create_exemption() -> Response:
    form, name, applies_to, is_outside = forms.read_exemption(request.form)
    own = g.viewer.organisation_id
    if form.ok and _keep(
        form, lambda session: actions.add_exemption(session, own, name, applies_to, is_outside=is_outside)
    ):  # fmt: skip
        return see_other(url_for("standing.exemptions"))
    return _exemptions_page(form, 422)


@bp.get("/settings/taxes/exemptions/<int:exemption_id>")
@allow("manage_organisation")
def exemption(exemption_id: int) -> Response:
    found = queries.get_exemption(request_session(), exemption_id)
    return _exemption_page(exemption_id, Form(name=found.name))


@bp.post("/settings/taxes/exemptions/<int:exemption_id>")
@allow("manage_organisation")
def update_exemption(exemption_id: int) -> Response:
    found = queries.get_exemption(request_session(), exemption_id)
    form, name = forms.read_reason(request.form)
    if form.ok and _keep(form, lambda session: actions.rename_exemption(session, found, name)):
        return see_other(url_for("standing.exemptions"))
    return _exemption_page(exemption_id, form, 422)


@bp.post("/settings/taxes/exemptions/<int:exemption_id>/removal")
@allow("manage_organisation")
def remove_exemption(exemption_id: int) -> Response:
    found, form = queries.get_exemption(request_session(), exemption_id), Form()
    name = found.name
    if _keep(form, lambda session: actions.remove_exemption(session, found)):
        return see_other(url_for("standing.exemptions"))
    form.values = {"name": name}
    return _exemption_page(exemption_id, form, 422)


@bp.post("/settings/taxes/exemptions/<int:exemption_id>/retirement")
@allow("manage_organisation")
def retire_exemption(exemption_id: int) -> Response:
    return _offer(exemption_id, is_active=False)


@bp.post("/settings/taxes/exemptions/<int:exemption_id>/return")
@allow("manage_organisation")
def bring_back_exemption(exemption_id: int) -> Response:
    return _offer(exemption_id, is_active=True)


def _offer(exemption_id: int, *, is_active: bool) -> Response:
    session = request_session()
    actions.offer_exemption(session, queries.get_exemption(session, exemption_id), is_active=is_active)
    session.commit()
    return see_other(url_for("standing.exemptions"))


def _keep(form: Form, change: Callable[[Session], object]) -> bool:
    """Make the change and commit it; what cannot be is said beside the field."""
    session = request_session()
    try:
        change(session)
        session.commit()
    except RuleBroken as problem:
        session.rollback()
        form.refuse(problem)
    except IntegrityError:  # somebody else took the words, or chose the reason, at the same moment
        session.rollback()
        form.errors["name"] = "Somebody has changed this at the same moment. Look again, then save once more."
    return form.ok


def _exemptions_page(form: Form, status: int = 200) -> Response:
    page = render_template(
        "standing/exemptions.html", form=form, exemptions=queries.all_exemptions(request_session()),
        applies_to=forms.APPLIES_TO, words_on=forms.words_on,
    )  # fmt: skip
    return make_response(page, status)


def _exemption_page(exemption_id: int, form: Form, status: int = 200) -> Response:
    session = request_session()
    holders = queries.holders_of(session, exemption_id)
    page = render_template(
        "standing/exemption.html", form=form, exemption=queries.get_exemption(session, exemption_id),
        words_on=forms.words_on, holders=holders, stays=actions.why_exemption_stays(holders),
        events=timeline(session, "exemption", exemption_id),
    )  # fmt: skip
    return make_response(page, status)

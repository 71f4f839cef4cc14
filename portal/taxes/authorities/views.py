"""Settings of authorities: who gets which taxes."""

from collections import Counter

from flask import Blueprint, Response, flash, g, make_response, render_template, request, url_for
from sqlalchemy.exc import IntegrityError

from portal.organisations.audit import timeline
from portal.shared import clock
from portal.shared.access import allow
from portal.shared.forms import Form
from portal.shared.htmx import see_other
from portal.shared.web import request_session
from portal.taxes.authorities import actions, forms, queries
from portal.taxes.authorities.actions import CannotChangeAuthority, Said
from portal.taxes.models import Authority
from portal.taxes.queries import taxes_by_id

bp = Blueprint("authorities", __name__)


@bp.get("/settings/taxes/authorities")
@allow("manage_organisation")
def index() -> Response:
    return _index_page(Form())


@bp.post("/settings/taxes/authorities")
@allow("manage_organisation")
def create() -> Response:
    form, said = forms.read_authority(request.form)
    if not (form.ok and _keep(form, said)):
        return _index_page(form, 422)
    flash("Added. Choose it on the page of each tax that it gets.", "good")
    return see_other(url_for("authorities.index"))


@bp.get("/settings/taxes/authorities/<int:authority_id>")
@allow("manage_organisation")
def show(authority_id: int) -> Response:
    authority = queries.get_authority(request_session(), authority_id)
    return _page(authority_id, forms.filled_with(authority))


@bp.post("/settings/taxes/authorities/<int:authority_id>")
@allow("manage_organisation")
def update(authority_id: int) -> Response:
    authority = queries.get_authority(request_session(), authority_id)
    form, said = forms.read_authority(request.form)
    if not (form.ok and _keep(form, said, authority)):
        return _page(authority_id, form, 422)
    flash("Saved. Drafts and sent invoices keep what they say.", "good")
    return see_other(url_for("authorities.show", authority_id=authority_id))


@bp.post("/settings/taxes/authorities/<int:authority_id>/removal")
@allow("manage_organisation")
def remove(authority_id: int) -> Response:
    session = request_session()
    authority = queries.get_authority(session, authority_id)
    try:
        actions.remove_authority(session, authority)
        session.commit()
    except (CannotChangeAuthority, IntegrityError):  # a tax names it, since before or since a moment ago
        session.rollback()
        form = forms.filled_with(queries.get_authority(session, authority_id))
        form.errors["removal"] = actions.STILL_NAMED
        return _page(authority_id, form, 422)
    flash("It is removed. No tax named it.", "good")
    return see_other(url_for("authorities.index"))


def _keep(form: Form, said: Said, authority: Authority | None = None) -> bool:
    """Add it, or change the one given; what cannot be is said beside the field."""
    session = request_session()
    try:
        if authority is None:
            actions.add_authority(session, g.viewer.organisation_id, said)
        else:
            actions.change_authority(session, authority, said)
        session.commit()
    except CannotChangeAuthority as problem:
        session.rollback()
        form.refuse(problem)
    except IntegrityError:  # somebody else took the name at the same moment
        session.rollback()
        form.errors["name"] = "Another authority has this name. Choose another one."
    return form.ok


def _index_page(form: Form, status: int = 200) -> Response:
    session = request_session()
    counted = Counter(tax.authority_id for tax in taxes_by_id(session).values())
    page = render_template(
        "authorities/index.html", form=form, authorities=queries.list_authorities(session), counted=counted
    )
    return make_response(page, status)


def _page(authority_id: int, form: Form, status: int = 200) -> Response:
    session = request_session()
    page = render_template(
        "authorities/show.html", authority=queries.get_authority(session, authority_id), form=form,
        taxes=queries.taxes_of(session, authority_id), today=clock.today(g.time_zone),
        events=timeline(session, "authority", authority_id),
    )  # fmt: skip
    return make_response(page, status)

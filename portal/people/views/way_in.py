"""The blueprint, who is behind a request, and where they go first."""

import flask
from flask import Blueprint, Response, g, redirect, url_for
from flask_login import login_user
from sqlalchemy.exc import IntegrityError

from portal.people import sign_in as sign_ins
from portal.people.actions import EmailTaken
from portal.people.sign_in import Viewer
from portal.shared import formats
from portal.shared.access import signed_in
from portal.shared.errors import RuleBroken
from portal.shared.text import decimal_mark
from portal.shared.web import request_session

bp = Blueprint("people", __name__)


def load_viewer(secret: str) -> Viewer | None:
    """Who is behind the request, for flask-login. Also says which organisation's words the page speaks."""
    found = sign_ins.find_viewer(request_session(), secret)
    if found is None:
        return None
    viewer, organisation = found
    g.organisation, g.locale, g.time_zone = organisation, organisation.locale, organisation.time_zone
    decimal_mark.set(formats.decimal_mark_of(organisation.locale))
    return viewer


@bp.get("/")
@signed_in
def home() -> Response:
    page = "reports.board" if g.viewer.may("see_board") else "work_orders.today"
    return redirect(url_for(page), code=303)  # type: ignore[return-value]


def admit(secret: str) -> None:
    """Begin the session afresh, so that nothing planted before the sign-in lives on."""
    flask.session.clear()
    viewer = load_viewer(secret)
    if viewer is not None:
        login_user(viewer)


def told(problem: RuleBroken | IntegrityError) -> RuleBroken:
    """Two people took the same address in the same moment: what the slower one reads."""
    if isinstance(problem, RuleBroken):
        return problem
    return EmailTaken("Someone signs in with this e-mail already. Use another address.", field="email")

"""One's own password."""

from datetime import timedelta

from flask import Response, flash, g, make_response, render_template, request, url_for

from portal.people import actions, forms, queries
from portal.people.views.way_in import bp
from portal.shared import throttle
from portal.shared.access import signed_in
from portal.shared.errors import RuleBroken
from portal.shared.forms import Form
from portal.shared.htmx import see_other
from portal.shared.web import request_session

_WINDOW, _MOST_TRIES = timedelta(hours=1), 10


@bp.get("/people/me/password")
@signed_in
def edit_password() -> Response:
    return make_response(render_template("people/password.html", form=Form()))


@bp.post("/people/me/password")
@signed_in
def update_password() -> Response:
    session, viewer = request_session(), g.viewer
    form, current, new = forms.read_new_password(request.form, viewer.email)
    is_throttled = throttle.tries(session, "own_password", str(viewer.id)) >= _MOST_TRIES
    if is_throttled:
        form.errors = {"form": "Too many wrong tries. Wait an hour, then try again."}
    if form.ok:
        try:
            actions.change_password(session, queries.get_person(session, viewer.id), current, new, keep=viewer.digest)
        except RuleBroken as problem:
            throttle.hit(session, "own_password", str(viewer.id), window=_WINDOW)
            form.refuse(problem)
    session.commit()
    if not form.ok:
        return make_response(render_template("people/password.html", form=form), 429 if is_throttled else 422)
    flash("Your password is changed. Everywhere else you have been signed out.", "good")
    return see_other(url_for("people.home"))

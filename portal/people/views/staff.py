"""The staff: taking people on, and ending their access."""

from flask import Response, flash, g, make_response, render_template, request, url_for
from sqlalchemy.exc import IntegrityError

from portal.people import actions, forms, queries
from portal.people.roles import NAMES
from portal.people.views.way_in import bp, told
from portal.shared.access import allow
from portal.shared.errors import RuleBroken
from portal.shared.forms import Form
from portal.shared.htmx import see_other
from portal.shared.web import request_session


@bp.get("/people")
@allow("manage_people")
def index() -> Response:
    return _people_page(Form(role="field_agent"))


@bp.post("/people")
@allow("manage_people")
def create() -> Response:
    session = request_session()
    form, new = forms.read_person(request.form)
    if not form.ok:
        return _people_page(form, 422)
    try:
        actions.invite(session, g.viewer.organisation_id, name=new.name, email=new.email, role=new.role, by=g.viewer.id)
        session.commit()
    except (RuleBroken, IntegrityError) as problem:
        session.rollback()
        form.refuse(told(problem))
        return _people_page(form, 422)
    # Without the name: the message travels in a cookie that anybody can read.
    flash("Added. A mail is on its way, in which they choose their password.", "good")
    return see_other(url_for("people.index"))


@bp.post("/people/<int:person_id>/deactivation")
@allow("manage_people")
def deactivate(person_id: int) -> Response:
    session = request_session()
    person = queries.get_person(session, person_id)
    try:
        actions.deactivate(session, person)
    except actions.LastAdministrator as problem:
        session.rollback()
        return _people_page(Form(role="field_agent"), 422, problem.sentence)
    session.commit()
    flash("Done. They can sign in no more.", "quiet")
    return see_other(url_for("people.index"))


@bp.post("/people/<int:person_id>/reactivation")
@allow("manage_people")
def reactivate(person_id: int) -> Response:
    session = request_session()
    actions.reactivate(session, queries.get_person(session, person_id), by=g.viewer.id)
    session.commit()
    flash("Done. A mail is on its way, in which they choose a new password.", "good")
    return see_other(url_for("people.index"))


def _people_page(form: Form, status: int = 200, problem: str = "") -> Response:
    people = queries.list_people(request_session())
    page = render_template("people/index.html", form=form, people=people, roles=NAMES, problem=problem)
    return make_response(page, status)

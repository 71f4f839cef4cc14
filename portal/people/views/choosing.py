"""A forgotten password, and choosing one by the link in a mail."""

from flask import Response, flash, g, make_response, render_template, request, url_for

from portal.people import forms, tokens
from portal.people.views.way_in import admit, bp
from portal.shared.access import everyone
from portal.shared.errors import RuleBroken
from portal.shared.forms import Form
from portal.shared.htmx import see_other
from portal.shared.web import client_address, request_session


@bp.get("/forgotten-password")
@everyone
def new_password_request() -> Response:
    return make_response(render_template("people/forgotten.html", form=Form()))


@bp.post("/forgotten-password")
@everyone
def create_password_request() -> Response:
    """The same answer whether somebody signs in with this address or not."""
    session, form = request_session(), Form(request.form)
    email = form.email("email", "your e-mail address")
    if not form.ok:
        return make_response(render_template("people/forgotten.html", form=form), 422)
    try:
        may_mail = tokens.count_request(session, email, client_address())
    except RuleBroken as problem:
        session.commit()
        form.refuse(problem)
        return make_response(render_template("people/forgotten.html", form=form), 429)
    session.commit()  # the count stays, whatever becomes of the rest
    if may_mail:
        tokens.ask(session, email)
        session.commit()
    return make_response(render_template("people/mailed.html"))


@bp.get("/choose-password/<password_token>")
@everyone
def edit_forgotten(password_token: str) -> Response:
    g.public_page = True  # the address is a secret: it goes to nobody as a referrer
    person = tokens.whose(request_session(), password_token)
    return _choosing_page(Form(), password_token, person.email)


@bp.post("/choose-password/<password_token>")
@everyone
def update_forgotten(password_token: str) -> Response:
    g.public_page = True
    session = request_session()
    person = tokens.whose(session, password_token)
    form, password = forms.read_first_password(request.form, person.email)
    if not form.ok:
        return _choosing_page(form, password_token, person.email, 422)
    secret = tokens.choose(session, password_token, password)
    session.commit()
    admit(secret)
    flash("Your password is set. Everywhere else you have been signed out.", "good")
    return see_other(url_for("people.home"))


@bp.errorhandler(tokens.TokenGone)
def _gone(_problem: tokens.TokenGone) -> Response:
    request_session().rollback()
    return make_response(render_template("people/link_gone.html"), 404)


def _choosing_page(form: Form, token: str, email: str, status: int = 200) -> Response:
    return make_response(render_template("people/choose.html", form=form, token=token, email=email), status)

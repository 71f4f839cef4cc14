"""Signing in and out."""

import flask
from flask import Response, g, make_response, redirect, render_template, request, url_for
from flask_login import current_user, logout_user

from portal.people import forms
from portal.people import sign_in as sign_ins
from portal.people.views.way_in import admit, bp
from portal.shared.access import everyone, signed_in
from portal.shared.errors import RuleBroken
from portal.shared.forms import Form
from portal.shared.htmx import see_other
from portal.shared.web import client_address, request_session


@bp.get("/sign-in")
@everyone
def new_sign_in() -> Response:
    wanted = forms.own_path(request.args.get("next", ""))
    if current_user.is_authenticated:
        return redirect(wanted or url_for("people.home"), code=303)  # type: ignore[return-value]
    return make_response(render_template("people/sign_in.html", form=Form(next=wanted)))


@bp.post("/sign-in")
@everyone
def create_sign_in() -> Response:
    if current_user.is_authenticated:
        return see_other(url_for("people.home"))
    session = request_session()
    form, email, password = forms.read_sign_in(request.form)
    wanted = form.values["next"] = forms.own_path(form.values.get("next", ""))
    secret, status = None, 422
    if form.ok:
        try:
            sign_ins.count_try(session, email, client_address())
            session.commit()
            secret = sign_ins.sign_in(session, email, password, address=client_address())
        except RuleBroken as problem:
            form.refuse(problem)
            status = 429 if isinstance(problem, sign_ins.TooManyTries) else 422
    session.commit()
    if secret is None:
        return make_response(render_template("people/sign_in.html", form=form), status)
    admit(secret)
    return see_other(wanted or url_for("people.home"))


@bp.post("/sign-out")
@signed_in
def sign_out() -> Response:
    session = request_session()
    sign_ins.sign_out(session, g.viewer.digest)
    session.commit()
    logout_user()
    flask.session.clear()
    return see_other(url_for("people.new_sign_in"))

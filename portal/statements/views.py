"""A customer's statement: look, print, mail."""

import uuid

from flask import Blueprint, Response, flash, g, make_response, render_template, request, url_for

from portal.customers.queries import get_customer
from portal.shared.access import allow
from portal.shared.errors import RuleBroken
from portal.shared.forms import Form
from portal.shared.htmx import see_other
from portal.shared.web import request_session
from portal.statements import actions

bp = Blueprint("statements", __name__)


@bp.get("/customers/<int:customer_id>/statement")
@allow("see_board")
def show(customer_id: int) -> Response:
    customer = get_customer(request_session(), customer_id)
    return _page(customer_id, Form(email=customer.email))


@bp.post("/customers/<int:customer_id>/statements")
@allow("see_board")
def create(customer_id: int) -> Response:
    session, form = request_session(), Form(request.form)
    customer = get_customer(session, customer_id)
    email = form.email("email", "an e-mail address")
    form_id = form.text("form_id", "the form's id", longest=40, required=False) or uuid.uuid4().hex
    if not form.ok:
        return _page(customer_id, form, 422)
    statement = actions.draw_up(session, g.organisation, g.viewer, customer_id)
    try:
        is_new = actions.mail_statement(
            session, g.organisation, customer, statement, email, form_id=form_id, sent_by=g.viewer.id
        )
    except RuleBroken as problem:
        session.rollback()
        form.refuse(problem)
        return _page(customer_id, form, 422)
    if is_new:
        session.commit()
    else:
        session.rollback()  # the second tap: the links made for it lead nowhere
    flash("The statement is on its way.", "good")
    return see_other(url_for("customers.show", customer_id=customer_id))


def _page(customer_id: int, form: Form, status: int = 200) -> Response:
    session = request_session()
    customer = get_customer(session, customer_id)
    statement = actions.draw_up(session, g.organisation, g.viewer, customer_id)
    page = render_template(
        "statements/show.html", customer=customer, statement=statement, form=form, form_id=uuid.uuid4().hex
    )
    return make_response(page, status)

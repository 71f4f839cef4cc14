"""The set-up of a link, step by step; each can be left and taken up again."""

from flask import Response, flash, make_response, render_template, url_for

from portal.accounting import link
from portal.accounting.setup import steps
from portal.accounting.views.pages import bp
from portal.shared.access import allow
from portal.shared.errors import RuleBroken
from portal.shared.htmx import see_other
from portal.shared.web import request_session

ADDRESSES = {steps.TAXES: "accounting.show_taxes", steps.MATCH: "accounting.show_match"}


@bp.get("/books/setup")
@allow("manage_link")
def show_setup() -> Response:
    tied = link.live_link(request_session())
    if tied is None:
        return see_other(url_for("accounting.show"))
    page = render_template(
        "accounting/setup.html", tied=tied, steps=steps.steps_of(tied), is_open=steps.is_open(tied),
        addresses={step: url_for(endpoint) for step, endpoint in ADDRESSES.items()},
    )  # fmt: skip
    return make_response(page)


@bp.post("/books/setup/start")
@allow("manage_link")
def start() -> Response:
    """Everything goes over from now on."""
    session = request_session()
    tied = link.live_link(session)
    if tied is None or not steps.is_open(tied):
        return see_other(url_for("accounting.show"))
    try:
        steps.start(session, tied)
    except RuleBroken as problem:
        session.rollback()
        flash(problem.sentence, "late")
        return see_other(url_for("accounting.show_setup"))
    session.commit()
    flash("Started. What you have sent so far is on its way.", "good")
    return see_other(url_for("accounting.show"))

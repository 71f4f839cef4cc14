"""The set-up of a link, step by step; each can be left and taken up again."""

from flask import Response, flash, make_response, render_template, url_for

from portal.accounting import belonging, directions, link
from portal.accounting.models import Consent, Link
from portal.accounting.setup import importing, rehearsal, steps
from portal.accounting.setup.desk import Desk
from portal.accounting.views.pages import bp
from portal.gateways.errors import GatewayError
from portal.shared.access import allow
from portal.shared.errors import RuleBroken
from portal.shared.htmx import see_other
from portal.shared.web import request_session

ADDRESSES = {
    steps.TAXES: "accounting.show_taxes", steps.FIELDS: "accounting.show_fields", steps.MATCH: "accounting.show_match",
}  # fmt: skip


@bp.get("/books/setup")
@allow("manage_link")
def show_setup() -> Response:
    tied = link.live_link(request_session())
    if tied is None:
        return see_other(url_for("accounting.show"))
    all_steps = steps.steps_of(tied)
    missing = [step for step in all_steps if step.is_needed and not step.is_done]
    page = render_template(
        "accounting/setup.html", tied=tied, steps=all_steps, is_open=steps.is_open(tied), missing=missing,
        coming=next((step for step in all_steps if missing and not step.is_done), None),
        addresses={step: url_for(endpoint) for step, endpoint in ADDRESSES.items()},
        is_rehearsing=tied.importing == importing.REHEARSE, begins_by_itself=steps.begins_by_itself(tied),
        is_rehearsed=steps.REHEARSAL in tied.setup_steps,
        staying=belonging.staying(request_session(), tied),
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


@bp.post("/books/setup/rehearsal")
@allow("manage_link")
def rehearse() -> Response:
    """One test invoice over and back, while the person waits."""
    session = request_session()
    tied = link.live_link(session)
    if tied is None:
        return see_other(url_for("accounting.show"))
    if tied.importing == importing.REHEARSE:
        return see_other(url_for("accounting.show_setup"))  # the workers are at it
    try:
        planned = rehearsal.plan(session, tied)
        consent = session.get_one(Consent, tied.consent_id)
        session.commit()  # no transaction stays open while Zoho is called
        with Desk(tied, consent) as desk:
            words = rehearsal.play(desk, planned)
    except rehearsal.CannotRehearse as problem:
        session.rollback()
        _send_taxes_first(session.merge(tied), problem)
        return see_other(url_for("accounting.show_setup"))
    except (RuleBroken, GatewayError) as problem:
        session.rollback()
        flash(problem.sentence if isinstance(problem, RuleBroken) else problem.words, "late")
        return see_other(url_for("accounting.show_setup"))
    session.refresh(tied)
    rehearsal.remember(session, tied, planned, words)
    tied.import_problem = "" if not words else tied.import_problem
    session.commit()
    flash(words or f"{planned.number} came back equal to the cent, and is void again.", "late" if words else "good")
    return see_other(url_for("accounting.show_setup"))


def _send_taxes_first(tied: Link, problem: rehearsal.CannotRehearse) -> None:
    """Both sides have agreed on their taxes, so these may go before the start: the workers send them, then rehearse."""
    session = request_session()
    if not steps.is_open(tied) or steps.TAXES not in tied.setup_steps:
        flash(problem.sentence, "late")
        return
    rehearsal.ask_for_taxes(session, tied)
    directions.resume(session, tied, "tax")
    importing.go(session, tied, importing.REHEARSE)
    session.commit()
    flash("Your taxes go to Zoho first: the test invoice bears one that is not there yet.", "quiet")

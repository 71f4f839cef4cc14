"""Going over on a day set in advance: the day is moved, all is called off, or, once it has come, a person goes over."""

from datetime import date
from typing import Any

from flask import Response, flash, g, request, url_for

from portal.accounting import consents, in_doubt, link, rules
from portal.accounting.models import Consent, Link
from portal.accounting.planned import actions, day
from portal.accounting.planned.models import PlannedSwitch
from portal.accounting.planned.queries import open_plan, waiting, why_not
from portal.accounting.setup import steps
from portal.accounting.views import going_over, sure
from portal.accounting.views.linking import show_page
from portal.accounting.views.pages import bp
from portal.shared import clock
from portal.shared.access import allow
from portal.shared.errors import RuleBroken
from portal.shared.forms import Form
from portal.shared.htmx import see_other
from portal.shared.web import request_session


@bp.get("/books/plan/day")
@allow("manage_link")
def ask_about_day() -> Response:
    try:
        live, plan = _seen()
        chosen = going_over.coming_day(Form(request.args))
    except RuleBroken as problem:
        return show_page(problem.sentence, 422)
    return sure.ask(going_over.asked_to_move(live, plan, chosen), _named(cut_over_on=chosen.isoformat()))


@bp.post("/books/plan/day")
@allow("manage_link")
def move_day() -> Response:
    session = request_session()
    try:
        _, plan = _seen()
        chosen = going_over.coming_day(Form(request.form))
        if not sure.is_sure():
            return _asking("accounting.ask_about_day", cut_over_on=chosen.isoformat())
        actions.change_day(session, plan.id, request.form.get("was", ""), chosen)
    except RuleBroken as problem:
        session.rollback()
        return show_page(problem.sentence, 422)
    session.commit()
    flash(f"On {chosen:%-d %b %Y} the books move to {plan.remote_name}.", "good")
    return see_other(url_for("accounting.show"))


@bp.get("/books/plan/end")
@allow("manage_link")
def ask_about_calling_off() -> Response:
    try:
        live, plan = _seen()
    except RuleBroken as problem:
        return show_page(problem.sentence, 422)
    return sure.ask(going_over.asked_to_call_off(live, plan, waiting(request_session(), plan)), _named())


@bp.post("/books/plan/end")
@allow("manage_link")
def call_off() -> Response:
    session = request_session()
    try:
        live, plan = _seen()
        if not sure.is_sure():
            return _asking("accounting.ask_about_calling_off")
        plan, given_up = actions.call_off(session, plan.id, request.form.get("was", ""))
    except RuleBroken as problem:
        session.rollback()
        return show_page(problem.sentence, 422)
    session.commit()
    consents.give_back(given_up)
    flash(f"Called off: the books stay in {live.remote_name}.", "quiet")
    return see_other(url_for("accounting.show"))


@bp.get("/books/plan/now")
@allow("manage_link")
def ask_about_now() -> Response:
    try:
        live, plan = _come()
    except RuleBroken as problem:
        return show_page(problem.sentence, 422)
    return sure.ask(going_over.asked_now(live, plan, why_not(request_session(), plan)), _named())


@bp.post("/books/plan/now")
@allow("manage_link")
def go_over_now() -> Response:
    """On the day or after it, whatever is still on its way."""
    session = request_session()
    try:
        _, plan = _come()
        if not sure.is_sure():
            return _asking("accounting.ask_about_now")
        session.commit()  # Zoho is asked first
        ready = day.ask(plan)
        in_doubt.find_out(plan.organisation_id)
        tied, given_up = day.go_over(session, plan, ready)
    except RuleBroken as problem:
        session.rollback()
        return show_page(problem.sentence, 422)
    session.commit()
    consents.give_back(given_up)
    flash(f"The books have moved to {tied.remote_name}.", "good")
    return see_other(url_for("accounting.show_setup" if steps.is_open(tied) else "accounting.show"))


def asked_ahead(live: Link, candidate: rules.Candidate, consent: Consent, on: date, *, is_new: bool) -> sure.Asked:
    """What is told before a day to come is set. Raises CannotLink."""
    actions.refuse_a_second(open_plan(request_session()))
    return going_over.asked_ahead(live, candidate, consent, on, is_new=is_new)


def plan_ahead(consent: Consent, candidate: rules.Candidate, on: date, *, is_new: bool) -> Response:
    """Raises CannotLink."""
    session = request_session()
    live = link.live_link(session)
    if live is not None:
        plan = actions.plan(
            session, live, session.merge(consent), candidate, cut_over_on=on, is_new=is_new, planned_by=g.viewer.id
        )
        session.commit()
        flash(f"On {plan.cut_over_on:%-d %b %Y} the books move to {plan.remote_name}.", "good")
    return see_other(url_for("accounting.show"))


def take_permission(consent: Consent, candidate: rules.Candidate) -> Response:
    """A new one for the organisation of the plan. Raises CannotLink."""
    session = request_session()
    given_up = actions.permit(session, session.merge(consent), candidate)
    session.commit()
    consents.give_back(given_up)
    flash(f"Zoho lets us into {candidate.name} again. The plan stands.", "good")
    return see_other(url_for("accounting.show"))


def goes_to() -> str:
    """Zoho's number of the organisation of the plan."""
    plan = open_plan(request_session())
    return plan.remote_organisation_id if plan is not None else ""


def _named(**more: str) -> dict[str, str]:
    """The plan that the page is about, as it was when it was shown."""
    return {"plan": request.values.get("plan", ""), "was": request.values.get("was", "")} | more


def _asking(endpoint: str, **more: str) -> Response:
    named: dict[str, Any] = _named(**more)
    return see_other(url_for(endpoint, **named))


def _seen() -> tuple[Link, PlannedSwitch]:
    """The plan that the page was about. Raises CannotLink."""
    session = request_session()
    live, plan = link.live_link(session), open_plan(session)
    if live is None or plan is None or request.values.get("plan", "") != str(plan.id):
        raise link.CannotLink("There is no such plan any more. Look at what is linked, then decide again.")
    return live, plan


def _come() -> tuple[Link, PlannedSwitch]:
    """As _seen, once its day has come. Raises CannotLink."""
    live, plan = _seen()
    if plan.cut_over_on > clock.today(g.time_zone):
        raise link.CannotLink(f"The day is {plan.cut_over_on:%-d %b %Y}. Move it to today to go over now.")
    return live, plan

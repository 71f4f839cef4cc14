"""The taxes of both sides beside each other, before they are kept."""

from flask import Response, flash, g, make_response, render_template, request, url_for

from portal.accounting import link
from portal.accounting.models import Consent, Link
from portal.accounting.setup import habits, steps, tax_reading, taxes
from portal.accounting.setup.desk import Desk
from portal.accounting.views.linking import show_page
from portal.accounting.views.pages import bp
from portal.gateways.errors import GatewayError
from portal.organisations.models import Organisation
from portal.shared.access import allow
from portal.shared.errors import RuleBroken
from portal.shared.htmx import see_other
from portal.shared.web import request_session


@bp.get("/books/setup/taxes")
@allow("manage_link")
def show_taxes() -> Response:
    session = request_session()
    tied = link.live_link(session)
    if tied is None:
        return see_other(url_for("accounting.show"))
    try:
        theirs, preferences = _read(tied)
    except GatewayError as problem:
        return show_page(problem.words, 502)
    organisation = session.get_one(Organisation, g.viewer.organisation_id)
    page = render_template(
        "accounting/taxes.html", tied=tied, rows=taxes.compare(session, organisation, theirs),
        preferences=preferences, habits=habits.habits(session, organisation, preferences),
        is_done=steps.TAXES in tied.setup_steps,
    )  # fmt: skip
    return make_response(page)


@bp.post("/books/setup/taxes")
@allow("manage_link")
def update_taxes() -> Response:
    """What Zoho says now is kept, not what the page showed."""
    session = request_session()
    tied = link.live_link(session)
    if tied is None:
        return see_other(url_for("accounting.show"))
    try:
        theirs, preferences = _read(tied)
    except GatewayError as problem:
        return show_page(problem.words, 502)
    tied = session.merge(tied)
    steps.lock(session, tied)
    organisation = session.get_one(Organisation, g.viewer.organisation_id)
    rows = taxes.compare(session, organisation, theirs)
    wanted, settings = request.form.getlist("take"), request.form.getlist("settings")
    try:
        if not set(wanted) <= {row.remote_id for row in rows} or not set(settings) <= set(habits.KINDS):
            raise RuleBroken("One of what you ticked is no longer in Zoho. Nothing was kept: look again.")
        taxes.keep(session, tied, theirs, rows, wanted)
        habits.keep(session, organisation, preferences, settings)
    except RuleBroken as problem:
        session.rollback()
        flash(problem.sentence, "late")
        return see_other(url_for("accounting.show_taxes"))
    steps.finish(session, tied, steps.TAXES)
    session.commit()
    flash("Taxes are settled.", "good")
    return see_other(url_for("accounting.show_setup"))


def _read(tied: Link) -> tuple[list[tax_reading.TheirTax], tax_reading.Preferences]:
    session = request_session()
    consent = session.get_one(Consent, tied.consent_id)
    session.commit()  # no transaction stays open while Zoho is called
    with Desk(tied, consent) as desk:
        return tax_reading.read(desk), tax_reading.read_preferences(desk)

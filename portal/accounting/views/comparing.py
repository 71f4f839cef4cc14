"""The taxes of both sides beside each other, before they are kept."""

from typing import NamedTuple

from flask import Response, flash, g, make_response, render_template, request, url_for

from portal.accounting import link
from portal.accounting.models import Consent, Link
from portal.accounting.setup import authorities, habits, steps, tax_reading, taxes
from portal.accounting.setup.desk import Desk
from portal.accounting.views.linking import show_page
from portal.accounting.views.pages import bp
from portal.accounting.views.silence import ask_again
from portal.gateways.errors import GatewayError
from portal.organisations.models import Organisation
from portal.shared.access import allow
from portal.shared.errors import RuleBroken
from portal.shared.forms import Form
from portal.shared.htmx import see_other
from portal.shared.web import request_session

_CHOICES = (taxes.OURS, taxes.THEIRS)
_GONE = "One of what you ticked is no longer in Zoho. Nothing was kept: look again."


class _There(NamedTuple):
    """What Zoho says now."""

    taxes: list[tax_reading.TheirTax]
    preferences: tax_reading.Preferences
    authorities: list[authorities.TheirAuthority]
    uses: dict[str, int]


class _Sides(NamedTuple):
    """Both sides beside each other."""

    rows: list[taxes.TaxRow]
    habits: list[habits.Habit]
    authorities: list[authorities.AuthorityRow]


@bp.get("/books/setup/taxes")
@allow("manage_link")
def show_taxes() -> Response:
    tied = link.live_link(request_session())
    if tied is None:
        return see_other(url_for("accounting.show"))
    try:
        there = _read(tied)
    except GatewayError as problem:
        return show_page(problem.words, 502)
    return _page(tied, there, _compare(there))


@bp.post("/books/setup/taxes")
@allow("manage_link")
def update_taxes() -> Response:
    """What Zoho says now is kept, not what the page showed."""
    session, form = request_session(), Form(request.form)
    tied = link.live_link(session)
    if tied is None:
        return see_other(url_for("accounting.show"))
    try:
        there = _read(tied)
    except GatewayError as problem:
        return ask_again(problem, title="Your taxes and theirs", back=url_for("accounting.show_setup"))
    tied = session.merge(tied)
    steps.lock(session, tied)
    sides = _compare(there)
    rates = _rates(form, sides.rows)
    if form.ok:
        try:
            _keep(tied, there, sides, rates)
        except RuleBroken as problem:
            session.rollback()
            form.errors["form"] = problem.sentence
    if not form.ok:
        return _page(session.merge(tied), there, _compare(there), form, 422)
    steps.finish(session, tied, steps.TAXES)
    session.commit()
    flash("Taxes are settled.", "good")
    return see_other(url_for("accounting.show_setup"))


def _keep(tied: Link, there: _There, sides: _Sides, rates: dict[str, str]) -> None:
    """Raises RuleBroken."""
    session, organisation = request_session(), _organisation()
    wanted, settings, named = (request.form.getlist(name) for name in ("take", "settings", "authority"))
    known = {each.remote_id for each in sides.authorities}
    are_there = set(wanted) <= {row.remote_id for row in sides.rows} and set(named) <= known
    if not are_there or not set(settings) <= set(habits.KINDS):
        raise RuleBroken(_GONE)
    authorities.keep(session, tied.organisation_id, there.authorities, named)
    taxes.keep(session, tied, there.taxes, sides.rows, wanted, rates)
    habits.keep(session, organisation, there.preferences, settings)


def _rates(form: Form, rows: list[taxes.TaxRow]) -> dict[str, str]:
    """Their tax → whose rate is to be; what is not answered is asked, but for what somebody has left as it is."""
    found = {}
    for row in rows:
        if row.their_rate is None:
            continue
        said = request.form.get(row.called_by, "")
        if said in _CHOICES:
            found[row.remote_id] = said
        elif said or not row.is_left:
            form.errors[row.called_by] = f"Say which rate {row.name} is to have on both sides."
    return found


def _page(tied: Link, there: _There, sides: _Sides, form: Form | None = None, status: int = 200) -> Response:
    """form: what was sent, which stays ticked."""
    is_done = steps.TAXES in tied.setup_steps
    if form is not None:
        ticked = {name: set(request.form.getlist(name)) for name in ("take", "settings", "authority")}
    else:
        ticked = {
            "take": {row.remote_id for row in sides.rows if not row.obstacle and not is_done},
            "settings": {each.kind for each in sides.habits if each.is_usual and not is_done},
            "authority": {each.remote_id for each in sides.authorities if not is_done},
        }
    page = render_template(
        "accounting/taxes.html", tied=tied, rows=sides.rows, preferences=there.preferences, habits=sides.habits,
        authorities=sides.authorities, form=form or Form(), ticked=ticked, is_open=steps.is_open(tied),
    )  # fmt: skip
    return make_response(page, status)


def _compare(there: _There) -> _Sides:
    session, organisation = request_session(), _organisation()
    return _Sides(
        taxes.compare(session, organisation, there.taxes, there.uses),
        habits.habits(session, organisation, there.preferences),
        authorities.compare(session, there.authorities, there.taxes),
    )


def _organisation() -> Organisation:
    return request_session().get_one(Organisation, g.viewer.organisation_id)


def _read(tied: Link) -> _There:
    session = request_session()
    consent = session.get_one(Consent, tied.consent_id)
    session.commit()  # no transaction stays open while Zoho is called
    with Desk(tied, consent) as desk:
        return _There(
            tax_reading.read(desk), tax_reading.read_preferences(desk), authorities.read(desk, g.organisation.country),
            tax_reading.count_uses(desk),
        )  # fmt: skip

"""After the consent: which organisation is linked, or a new one made."""

from dataclasses import replace
from datetime import date
from typing import Any

from flask import Response, flash, g, make_response, render_template, request, url_for

from portal.accounting import belonging, consents, directions, in_doubt, link, proving, queries, rules, switching
from portal.accounting.models import Consent, Link
from portal.accounting.planned.queries import open_plan
from portal.accounting.setup import beginning, importing, new_organisation, sizes, steps
from portal.accounting.views import going_over, offering, planned, sure
from portal.accounting.views.linking import AGAIN, PLANNED
from portal.accounting.views.pages import bp
from portal.accounting.views.permission import open_consent, show_silence
from portal.gateways.errors import GatewayError
from portal.shared import clock
from portal.shared.access import allow
from portal.shared.errors import RuleBroken
from portal.shared.forms import Form
from portal.shared.htmx import see_other
from portal.shared.web import request_session

_COMPARED = "What was there before goes on. Customers, items and taxes that are new on either side are compared now."
_TAKEN = "Another firm of this portal is linked to it."
_MADE_NOW = "is_made_now"  # the organisation, by the press before this one
CHOSEN = ("remote_organisation_id", "cut_over_on", "is_right_account", "is_other_product", _MADE_NOW)
_RIGHT_ACCOUNT = "Say that this is the right Zoho account, or sign in at Zoho as another user and connect again."


@bp.get("/books/consents/<int:consent_id>")
@allow("manage_link")
def choose(consent_id: int) -> Response:
    return choice_page(open_consent(consent_id))


@bp.post("/books/consents/<int:consent_id>")
@allow("manage_link")
def create_link(consent_id: int) -> Response:
    """Tie the chosen organisation, or the one that is made now. What Zoho says now counts, not what the page showed."""
    consent = open_consent(consent_id)
    form = Form(request.form)
    try:
        is_made = form.values.get("do") == "create"
        candidate = _create(consent, form) if is_made else chosen(consent, form)
        if candidate is None:
            return choice_page(consent, form, 422)
        quota = proving.check_base_currency(consent.organisation_id, consent, candidate)
        is_new = is_made_now(consent, candidate, form)
        if consent.wish == PLANNED:
            return planned.take_permission(consent, candidate)
        day = day_of_going_over(form, candidate)
        if day is not None and not sure.is_sure():
            return see_other(_asking_page(consent, candidate, form, is_new=is_new))
        if day is not None and going_over.is_ahead(day):
            return planned.plan_ahead(consent, candidate, day, is_new=is_new)
        tied, given_up = _attach(consent, candidate, day, is_new=is_new)
        proving.note_quota(tied, quota)
    except RuleBroken as problem:
        request_session().rollback()
        form.refuse(problem, "wished_name" if form.values.get("do") == "create" else "remote_organisation_id")
        return choice_page(consent, form, 422)
    except GatewayError as problem:
        request_session().rollback()
        return show_silence(problem, consent)
    request_session().commit()
    consents.give_back(given_up)
    if steps.is_open(tied):
        told = (
            "A test invoice goes first."
            if tied.importing == importing.REHEARSE
            else "Nothing goes over before you start it below."
        )
        flash(f"{tied.remote_name} is linked. {told}", "good")
        return see_other(url_for("accounting.show_setup"))
    if directions.AGAIN in tied.setup_steps:
        flash(f"{tied.remote_name} is linked. {_COMPARED}", "good")
        return see_other(url_for("accounting.show_match"))
    flash(f"{tied.remote_name} is linked. What you have sent so far is on its way there.", "good")
    return see_other(url_for("accounting.show"))


def _attach(
    consent: Consent, candidate: rules.Candidate, cut_over_on: date | None, *, is_new: bool
) -> tuple[Link, list[consents.GivenUp]]:
    """cut_over_on  where another organisation is left for this one"""
    session = request_session()
    live, is_renewed = link.live_link(session), False
    if live is not None and cut_over_on is not None:
        session.commit()  # Zoho is asked first
        in_doubt.find_out(live.organisation_id)
        tied, given_up = switching.switch(
            session, live, consent, candidate, cut_over_on=cut_over_on, connected_by=g.viewer.id
        )
    else:
        link.take_turn(session, consent.organisation_id)
        live = link.live_link(session)  # another press may have been quicker
        is_renewed = live is not None and candidate.id == live.remote_organisation_id
        tied = link.attach(session, consent, candidate, connected_by=g.viewer.id)
        # Where nothing was linked, the later ones are no half-made going over either.
        given_up = consents.give_up_others(session, consent) if live else consents.give_up_all(session, consent)
    if not is_renewed:
        beginning.begin(session, tied, is_new=is_new)
    return tied, given_up


def day_of_going_over(form: Form, candidate: rules.Candidate) -> date | None:
    """None where no other organisation is left. Raises CannotLink."""
    live = link.live_link(request_session())
    if live is None or candidate.id == live.remote_organisation_id:
        return None
    return going_over.first_day(form)


def is_made_now(consent: Consent, candidate: rules.Candidate, form: Form) -> bool:
    """One of our name may have been there before, with customers in it: then it is compared like any other."""
    is_said = form.values.get("do") == "create" or form.values.get(_MADE_NOW) == "1"
    return is_said and new_organisation.is_empty(consent, candidate)


def _asking_page(consent: Consent, candidate: rules.Candidate, form: Form, *, is_new: bool) -> str:
    """Where it is told what going over means: an address that names all that was chosen."""
    named: dict[str, Any] = {name: form.values[name] for name in CHOSEN if form.values.get(name)}
    named |= {"remote_organisation_id": candidate.id} | ({_MADE_NOW: "1"} if is_new else {})
    return url_for("accounting.ask_about_going_over", consent_id=consent.id, **named)


def _create(consent: Consent, form: Form) -> rules.Candidate | None:
    name = form.text("wished_name", "a name")
    _ask_about_the_account(link.offered(consent.organisation_id, consent, g.organisation.currency), form)
    return new_organisation.find_or_create(consent, g.organisation, name) if form.ok else None


def chosen(consent: Consent, form: Form) -> rules.Candidate:
    """Raises CannotLink."""
    offered = link.offered(consent.organisation_id, consent, g.organisation.currency)
    candidate = offered.find(form.values.get("remote_organisation_id", ""))
    if candidate is None:
        raise link.CannotLink("Choose one of the organisations below.")
    if candidate.obstacle:
        raise link.CannotLink(f"{candidate.name} cannot be linked. {candidate.obstacle}")
    _ask_about_the_account(offered, form)
    if form.values.get(_MADE_NOW) != "1":
        _ask_about_the_product(candidate, consent.wish, form)
    return candidate


def _ask_about_the_account(offered: rules.Choice, form: Form) -> None:
    """Raises CannotLink."""
    if not _is_our_account(offered) and not form.values.get("is_right_account"):
        raise link.CannotLink(_RIGHT_ACCOUNT, field="is_right_account")


def _ask_about_the_product(candidate: rules.Candidate, wish: str, form: Form) -> None:
    """The card that was chosen said beforehand what will happen, for its own product only. Raises CannotLink."""
    if (told := offering.other_product(candidate, wish)) and not form.values.get("is_other_product"):
        raise link.CannotLink(f"{told} Say that you mean it, or choose another.", field="is_other_product")


def choice_page(consent: Consent, form: Form | None = None, status: int = 200) -> Response:
    try:
        offered = _without_taken(link.offered(consent.organisation_id, consent, g.organisation.currency))
        shown = _but_the_linked(offered, consent)
        options = offering.options(shown, consent.wish, sizes.customers_in(consent, shown.candidates))
    except GatewayError as failure:
        return show_silence(failure, consent)
    whose = _whose_it_may_be(offered)
    tied = link.live_link(request_session())
    usable = [candidate.id for candidate in offered.candidates if not candidate.obstacle]
    fitting = [each for each in offered.candidates if each.id in usable and not offering.unlike(each, consent.wish)]
    preset = fitting[0].id if len(usable) == len(fitting) == 1 else ""
    if tied is not None:  # who goes over says where to
        preset = {AGAIN: tied.remote_organisation_id, PLANNED: planned.goes_to()}.get(consent.wish, "")
    untouched = Form(
        remote_organisation_id=preset, wished_name=consent.wished_name or g.organisation.name,
        cut_over_on=clock.today(g.time_zone).isoformat(),
    )  # fmt: skip
    is_making = form is not None and form.values.get("do") == "create"  # each of the two forms tells of itself only
    page = render_template(
        "accounting/choose.html", consent=consent, offered=offered, options=options,
        form=form if form and not is_making else untouched, making=form if form and is_making else untouched,
        usable=usable, is_new=consent.wish == "new", whose=whose, tied=None if consent.wish == PLANNED else tied,
        staying=belonging.staying(request_session()), plan=open_plan(request_session()),
    )  # fmt: skip
    return make_response(page, status)


def _without_taken(offered: rules.Choice) -> rules.Choice:
    """What another firm of the portal keeps its books in cannot be chosen. Whoever gave the permission sees that
    organisation in Zoho anyway; whose it is here stays untold."""
    session, ids = request_session(), [each.id for each in offered.candidates]
    taken = queries.linked_elsewhere(session, g.viewer.organisation_id, ids)
    session.commit()  # calls to Zoho may follow
    return rules.with_obstacles(offered, dict.fromkeys(taken, _TAKEN))


def _is_our_account(offered: rules.Choice) -> bool:
    session = request_session()
    before = link.linked_before(session)
    session.commit()  # calls to Zoho may follow
    return rules.is_our_account(offered, [g.viewer.email, g.organisation.email], before)


def _whose_it_may_be(offered: rules.Choice) -> str:
    """What to ask about before anything is linked; empty where the account is ours."""
    if _is_our_account(offered):
        return ""
    told = f"You signed up as {g.viewer.email}. "
    if offered.emails:
        return f"{told}These organisations belong to {', '.join(sorted(offered.emails))}."
    return f"{told}Zoho does not tell in whose account you gave the permission: make sure that it was the firm’s."


def _but_the_linked(offered: rules.Choice, consent: Consent) -> rules.Choice:
    """Who goes over to another organisation is not offered the one that is linked."""
    tied = link.live_link(request_session())
    if tied is None or consent.wish:
        return offered
    return replace(offered, candidates=[each for each in offered.candidates if each.id != tied.remote_organisation_id])

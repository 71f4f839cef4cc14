"""Linking a Zoho organisation: consent, choice, end."""

from flask import Response, flash, g, make_response, render_template, request, url_for

from portal.accounting import belonging, consents, in_doubt, link, proving, queries, rules, switching
from portal.accounting.by_hand import queries as by_hand
from portal.accounting.earlier import history, trails
from portal.accounting.models import Consent, Link
from portal.accounting.planned.queries import open_plan, planned_state
from portal.accounting.reconciliation.queries import summary_of
from portal.accounting.setup import rehearsal, steps
from portal.accounting.status import status_of, to_the_minute
from portal.accounting.views import consequences, sure
from portal.accounting.views.pages import bp
from portal.accounting.views.silence import words_of
from portal.gateways.errors import GatewayError
from portal.gateways.zoho.data_centres import data_centres
from portal.shared import clock
from portal.shared.access import allow
from portal.shared.errors import RuleBroken
from portal.shared.forms import Form
from portal.shared.htmx import see_other
from portal.shared.web import page_number, request_session, settings

WISHES = ("new", "invoice", "books")
AGAIN = "again"  # a new permission for the organisation that is linked, and for no other
PLANNED = "planned"  # one for the organisation that is gone over to on a day to come
_AS_IT_WAS = "The link is as it was, and the new permission was given back."
_EXPIRED = "The trial of {name} has expired. Renew it in Zoho, then connect again. " + _AS_IT_WAS
_AFTER_RENEWAL = "What waits goes over within half an hour after that."
_NOT_SEEN = (
    "{name} is not among the organisations of the Zoho user who gave permission just now{whose}. Sign in at Zoho as a"
    " user of {name}, or have this one invited there, then connect again. To go over to another organisation, choose it"
    " at the end of this page. " + _AS_IT_WAS
)
_CARDS = [
    {"value": "new", "label": "New Zoho Invoice organisation, free", "points": [
        ("Customers", "it begins empty, so all of yours go there at once. There is nothing to match."),
        ("Services and parts", "go there at once too, at your prices."),
        ("Taxes", "those you set up here are made there for you.")]},
    {"value": "invoice", "label": "My Zoho Invoice organisation", "points": [
        ("Customers", "compared with yours before anything is written. You decide the unsure ones; those that are only "
         "there come here."),
        ("Services and parts", "compared as well; each side keeps its price until somebody changes it."),
        ("Taxes", "theirs stand beside yours, and you tick those to take over.")]},
    {"value": "books", "label": "My Zoho Books organisation", "points": [
        ("Customers", "compared with yours before anything is written. Your suppliers in Books are left alone."),
        ("Services and parts", "compared too. The accounts that they are booked to stay as they are."),
        ("Taxes", "theirs stand beside yours. Where both have one, invoices there bear the one in Books.")]},
]  # fmt: skip


@bp.get("/books")
@allow("manage_link")
def show() -> Response:
    return show_page()


@bp.get("/books/history")
@allow("manage_link")
def show_history() -> Response:
    """All that was done with any link of the firm."""
    page = page_number()
    entries, has_more, names = history(request_session(), page)
    return make_response(
        render_template("accounting/history.html", entries=entries, has_more=has_more, names=names, page=page)
    )


@bp.post("/books/consent")
@allow("manage_link")
def connect() -> Response:
    """Off to Zoho's own consent page."""
    session, form = request_session(), Form(request.form)
    is_renewal = link.live_link(session) is not None  # then there are no cards
    if not is_renewal and not form.values.get("wish"):
        form.errors["wish"] = "Choose one of the three first."
    wish = form.choice("wish", "one of the three", ("", AGAIN, PLANNED, *WISHES), default="")
    name = form.text("wished_name", "a name", required=wish == "new")
    if not form.ok:
        return show_page(status=422, form=form)
    try:
        address = link.begin_consent(
            session, g.viewer.organisation_id, g.sign_in_digest, wish=wish, wished_name=name if wish == "new" else ""
        )
    except RuleBroken as problem:
        return show_page(problem.sentence, 422, form)
    session.commit()
    return see_other(address)


@bp.get("/books/consent")
@allow("manage_link")
def receive_consent() -> Response:
    """Back from Zoho. The state is spent before anything else is looked at, so that no answer counts twice."""
    session, organisation_id = request_session(), g.viewer.organisation_id
    wish = link.Wish()
    try:
        wish = link.use_state(session, request.args.get("state", ""), g.sign_in_digest)
        session.commit()
        data_centre, granted = link.exchange(organisation_id, request.args, wish)
    except RuleBroken as problem:
        session.commit()  # spent is spent
        return show_page(problem.sentence, 422, _as_chosen(wish))
    except GatewayError as problem:
        return show_page(words_of(problem), 502, _as_chosen(wish))
    consent = link.keep_consent(session, organisation_id, data_centre, granted, wish)
    session.commit()
    if wish.kind == AGAIN and (answer := _renew(consent)) is not None:
        return answer
    return see_other(url_for("accounting.choose", consent_id=consent.id))


@bp.get("/books/end")
@allow("manage_link")
def ask_about_end() -> Response:
    session = request_session()
    tied = link.live_link(session)
    if tied is None:
        return see_other(url_for("accounting.show"))
    told = consequences.of_leaving(tied, queries.link_state(session), open_plan(session))
    return sure.ask(told, {"link": str(tied.id)})


@bp.post("/books/end")
@allow("manage_link")
def end_link() -> Response:
    session = request_session()
    tied = link.live_link(session)
    if tied is None:
        return see_other(url_for("accounting.show"))
    if not sure.is_sure():
        return see_other(url_for("accounting.ask_about_end"))
    if request.form.get("link", "") not in ("", str(tied.id)):
        flash(f"{tied.remote_name} was linked meanwhile, so nothing was disconnected. Look at it first.", "late")
        return see_other(url_for("accounting.show"))
    session.commit()  # Zoho is asked first
    in_doubt.find_out(tied.organisation_id)
    given_up = switching.end_link(session, tied)
    session.commit()
    consents.give_back(given_up)
    flash(f"{tied.remote_name} is no longer linked. What is there stays there.", "quiet")
    return see_other(url_for("accounting.show"))


def _renew(consent: Consent) -> Response | None:
    """The organisation that is linked goes on with the new permission, and the one before is given back; or the new
    one is, where it is of no use. None where Zoho is silent, or something is to be asked: the next page does."""
    session = request_session()
    tied = link.live_link(session)
    session.commit()  # Zoho is called
    if tied is None:
        return None
    try:
        offered = link.offered(consent.organisation_id, consent, tied.currency)
    except GatewayError:
        return None
    candidate = offered.find(tied.remote_organisation_id)
    if candidate is None:
        unused = consents.give_up(session.merge(consent))
        session.commit()
        consents.give_back([unused] if unused else [])
        return show_page(_missing(tied, offered), 422)
    if candidate.obstacle:
        return None
    told, tone = f"Zoho lets us into {candidate.name} again. What waited is on its way.", "good"
    try:
        proving.check_base_currency(consent.organisation_id, consent, candidate)
    except proving.SwitchedOff as problem:  # the permission is good all the same
        told, tone = f"Your permission is kept. {problem.sentence} {_AFTER_RENEWAL}", "late"
    except (RuleBroken, GatewayError):
        return None
    link.attach(session, session.merge(consent), candidate, connected_by=g.viewer.id)
    given_up = consents.give_up_others(session, consent)
    session.commit()
    consents.give_back(given_up)
    flash(told, tone)
    return see_other(url_for("accounting.show"))


def _missing(tied: Link, offered: rules.Choice) -> str:
    """Why this permission is of no use to the organisation that is linked."""
    if tied.remote_organisation_id in offered.expired_ids:
        return _EXPIRED.format(name=tied.remote_name)
    whose = f" ({', '.join(sorted(offered.emails))})" if offered.emails else ""
    return _NOT_SEEN.format(name=tied.remote_name, whose=whose)


def _as_chosen(wish: link.Wish) -> Form:
    """The cards as they were when the person went off to Zoho."""
    return Form(wish=wish.kind, wished_name=wish.name or g.organisation.name)


def show_page(problem: str = "", status: int = 200, form: Form | None = None) -> Response:
    """Also the answer of what went wrong on the way."""
    # The consent page is reached by a form, and Zoho moves people on to their own data centre from there.
    g.form_targets = tuple({_origin(centre.accounts) for centre in data_centres(settings().zoho_base_address).values()})
    session = request_session()
    linked = queries.tied_now(session)
    tied = linked.link if linked else None
    quiet_until = tied.quiet_until if tied is not None else None
    if quiet_until is not None:
        quiet_until = to_the_minute(quiet_until) if quiet_until > clock.now() else None
    state = queries.link_state(session, linked)
    events, earlier = trails(session)
    page = render_template(
        "accounting/show.html", tied=tied, state=state, problem=problem,
        quiet_until=quiet_until,
        status=status_of(session, linked) if linked else None,
        form=form or Form(wish="", wished_name=g.organisation.name), cards=_CARDS,
        rehearsed=rehearsal.result(session, tied, events) if tied is not None else None, events=events[:30],
        staying=belonging.staying(session, tied) if state.was_elsewhere else [],
        in_setup=tied is not None and steps.is_open(tied), reconciled=summary_of(session, tied),
        places=by_hand.places(session) if state.by_hand or tied is None else [], most=by_hand.MOST_SHOWN,
        earlier=earlier, planned=planned_state(session, linked.plan) if linked and linked.plan else None,
    )  # fmt: skip
    return make_response(page, status)


def _origin(address: str) -> str:
    return "/".join(address.split("/")[:3])

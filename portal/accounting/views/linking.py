"""Linking a Zoho organisation: consent, choice, end."""

from flask import Response, flash, g, make_response, render_template, request, url_for
from sqlalchemy import select

from portal.accounting import link, queries, rules
from portal.accounting.models import Consent
from portal.accounting.status import status_of
from portal.accounting.views.pages import bp
from portal.gateways.errors import GatewayError
from portal.gateways.zoho.data_centres import data_centres
from portal.shared import clock
from portal.shared.access import allow, refuse_unless
from portal.shared.errors import RuleBroken
from portal.shared.forms import Form
from portal.shared.htmx import see_other
from portal.shared.web import request_session, settings


@bp.get("/books")
@allow("manage_link")
def show() -> Response:
    return _show_page()


@bp.post("/books/consent")
@allow("manage_link")
def connect() -> Response:
    """Off to Zoho's own consent page."""
    session = request_session()
    try:
        address = link.begin_consent(session, g.viewer.organisation_id, g.sign_in_digest)
    except RuleBroken as problem:
        return _show_page(problem.sentence, 422)
    session.commit()
    return see_other(address)


@bp.get("/books/consent")
@allow("manage_link")
def receive_consent() -> Response:
    """Back from Zoho. The state is spent before anything else is looked at, so that no answer counts twice."""
    session, organisation_id = request_session(), g.viewer.organisation_id
    try:
        try:
            link.use_state(session, request.args.get("state", ""), g.sign_in_digest)
        finally:
            session.commit()
        data_centre, granted = link.exchange(organisation_id, request.args)
    except RuleBroken as problem:
        return _show_page(problem.sentence, 422)
    except GatewayError as problem:
        return _show_page(problem.words, 502)
    consent = link.keep_consent(session, organisation_id, data_centre, granted)
    session.commit()
    return see_other(url_for("accounting.choose", consent_id=consent.id))


@bp.get("/books/consents/<int:consent_id>")
@allow("manage_link")
def choose(consent_id: int) -> Response:
    consent = _open_consent(consent_id)
    return _choice_page(consent)


@bp.post("/books/consents/<int:consent_id>")
@allow("manage_link")
def create_link(consent_id: int) -> Response:
    """Tie the chosen organisation. What Zoho says now counts, not what the page showed."""
    consent = _open_consent(consent_id)
    try:
        offered = link.offered(consent.organisation_id, consent, g.organisation.currency)
        candidate = offered.find(request.form.get("remote_organisation_id", ""))
        if candidate is None:
            raise link.CannotLink("Choose one of the organisations below.")
        if candidate.obstacle:
            raise link.CannotLink(f"{candidate.name} cannot be linked. {candidate.obstacle}")
        link.check_base_currency(consent.organisation_id, consent, candidate)
        tied = link.attach(request_session(), consent, candidate, connected_by=g.viewer.id)
    except RuleBroken as problem:
        request_session().rollback()
        return _choice_page(consent, problem.sentence, 422)
    except GatewayError as problem:
        return _show_page(problem.words, 502)
    request_session().commit()
    flash(f"{tied.remote_name} is linked. What you have sent so far is on its way there.", "good")
    return see_other(url_for("accounting.show"))


@bp.post("/books/end")
@allow("manage_link")
def end_link() -> Response:
    session = request_session()
    tied = link.live_link(session)
    if tied is not None:
        consent = link.end_link(session, tied)
        session.commit()
        if consent is not None:
            link.give_back(consent)
        flash(f"{tied.remote_name} is no longer linked. What is there stays there.", "quiet")
    return see_other(url_for("accounting.show"))


def _show_page(problem: str = "", status: int = 200) -> Response:
    # The consent page is reached by a form, and Zoho moves people on to their own data centre from there.
    g.form_targets = tuple({_origin(centre.accounts) for centre in data_centres(settings().zoho_base_address).values()})
    session = request_session()
    tied = link.live_link(session)
    quiet_until = tied.quiet_until if tied is not None and (tied.quiet_until or clock.now()) > clock.now() else None
    page = render_template(
        "accounting/show.html", tied=tied, state=queries.link_state(session), problem=problem, quiet_until=quiet_until,
        status=status_of(session, tied) if tied is not None else None,
    )  # fmt: skip
    return make_response(page, status)


def _choice_page(consent: Consent, problem: str = "", status: int = 200) -> Response:
    try:
        offered = link.offered(consent.organisation_id, consent, g.organisation.currency)
    except GatewayError as failure:
        return _show_page(failure.words, 502)
    tied = link.live_link(request_session())
    usable = [candidate.id for candidate in offered.candidates if not candidate.obstacle]
    preset = tied.remote_organisation_id if tied is not None else usable[0] if len(usable) == 1 else ""
    form = Form(remote_organisation_id=preset)
    if problem:
        form.errors["remote_organisation_id"] = problem
    page = render_template(
        "accounting/choose.html", consent=consent, offered=offered, form=form, options=_options(offered), usable=usable
    )
    return make_response(page, status)


def _options(offered: rules.Choice) -> list[dict[str, object]]:
    return [
        {
            "value": each.id, "label": each.name, "disabled": bool(each.obstacle),
            "note": each.obstacle or " · ".join(filter(None, [each.country, each.currency, each.plan.capitalize()])),
            "chip": "Zoho Books" if each.product == "books" else "Zoho Invoice",
        }
        for each in offered.candidates
    ]  # fmt: skip


def _open_consent(consent_id: int) -> Consent:
    """A consent of this firm that still lives; calls to Zoho follow, so no transaction stays open."""
    session = request_session()
    consent = session.scalars(select(Consent).where(Consent.id == consent_id)).one_or_none()
    refuse_unless(consent is not None and consent.revoked_at is None and consent.lost_at is None)
    session.commit()
    return consent  # type: ignore[return-value]


def _origin(address: str) -> str:
    return "/".join(address.split("/")[:3])

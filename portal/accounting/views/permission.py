"""The permission that somebody chooses an organisation with: it serves one, and may have been given back meanwhile."""

from flask import Response, abort, flash, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounting import link
from portal.accounting.models import Consent
from portal.accounting.planned.queries import open_plan
from portal.accounting.setup import steps
from portal.accounting.views.linking import show_page
from portal.accounting.views.silence import ask_again, words_of
from portal.gateways.errors import GatewayError
from portal.shared.errors import NotFound
from portal.shared.htmx import see_other
from portal.shared.web import request_session

_SERVES = (
    "That permission serves {name} already. To use another organisation, press Go over to another Zoho organisation."
)


def open_consent(consent_id: int) -> Consent:
    """A consent of this firm that still lives; calls to Zoho follow, so no transaction stays open."""
    session = request_session()
    consent = session.scalars(select(Consent).where(Consent.id == consent_id)).one_or_none()
    if consent is None or consent.lost_at is not None:
        raise NotFound
    _leave_if_given_back(consent)
    _leave_if_in_use(session, consent_id)
    session.commit()
    return consent


def _leave_if_given_back(consent: Consent | None) -> None:
    if consent is not None and consent.revoked_at is not None:
        flash("That permission was given back: another one took its place, or Zoho was disconnected. Connect again.")
        abort(see_other(url_for("accounting.show")))


def _leave_if_in_use(session: Session, consent_id: int) -> None:
    """By Back, or by the second of two taps. Were another organisation chosen with it, giving it back for that one
    would end what it serves now."""
    tied, plan = link.live_link(session), open_plan(session)
    if tied is not None and tied.consent_id == consent_id:
        name, remote, day = tied.remote_name, tied.remote_organisation_id, tied.cut_over_on
    elif plan is not None and plan.consent_id == consent_id:
        name, remote, day = plan.remote_name, plan.remote_organisation_id, plan.cut_over_on
    else:
        return
    sent, as_it_is = request.form, {"remote_organisation_id": remote, "cut_over_on": day.isoformat() if day else None}
    if request.method == "GET" or any(sent.get(field, kept) != kept for field, kept in as_it_is.items()):
        flash(_SERVES.format(name=name), "late")
    is_begun = tied is not None and tied.consent_id == consent_id and steps.is_open(tied)
    session.commit()
    abort(see_other(url_for("accounting.show_setup" if is_begun else "accounting.show")))


def show_silence(problem: GatewayError, consent: Consent) -> Response:
    """Zoho refuses a permission also where another press, for another organisation, has just given it back."""
    _leave_if_given_back(request_session().get(Consent, consent.id, populate_existing=True))
    if request.method == "POST":
        return ask_again(problem, title="Choose an organisation", back=url_for("accounting.show"))
    return show_page(words_of(problem), 502)

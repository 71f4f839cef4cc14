"""Consents that wait for a choice, and those that are given up: erased here, and revoked at Zoho."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, ScalarSelect, Select, exists, func, or_, select, true
from sqlalchemy.orm import Session, aliased

from portal.accounting import link as linking
from portal.accounting import tokens
from portal.accounting.models import Consent, Link
from portal.accounting.planned.models import PlannedSwitch
from portal.gateways.errors import GatewayError
from portal.gateways.zoho import consent as zoho
from portal.gateways.zoho.data_centres import DataCentre
from portal.gateways.zoho.errors import ConsentLost
from portal.organisations import audit
from portal.shared import clock
from portal.shared.running import job_session

log = logging.getLogger(__name__)

_CHOOSE_WITHIN, _REPLACED_FOR = timedelta(days=1), timedelta(hours=1)


@dataclass(frozen=True)
class GivenUp:
    """A consent that is to be revoked at Zoho; here its tokens are erased already."""

    consent_id: int
    centre: DataCentre
    refresh_token: str


def left_at() -> ScalarSelect[int | None]:
    """The latest consent that no organisation was chosen for yet: the set-up or a switch was left there, and goes on
    there. What is older than the last choice was given up by it. For a statement of one's own."""
    linked = select(func.coalesce(func.max(Link.consent_id), 0)).scalar_subquery()
    planned = select(func.max(PlannedSwitch.consent_id)).where(PlannedSwitch.ended_at.is_(None)).scalar_subquery()
    last_choice = func.greatest(linked, planned)
    return (
        select(func.max(Consent.id))
        .where(Consent.revoked_at.is_(None), Consent.lost_at.is_(None), Consent.id > last_choice)
        .where(~select(Link.id).where(Link.consent_id == Consent.id).exists())
        .scalar_subquery()
    )


def give_up(consent: Consent) -> GivenUp | None:
    """Erase its tokens here. What is to be revoked at Zoho after the commit."""
    given_up = _given_up(consent)
    consent.revoked_at = consent.revoked_at or clock.now()
    consent.refresh_token_sealed = consent.access_token_sealed = ""
    consent.access_expires_at = None
    return given_up


def give_up_others(session: Session, kept: Consent) -> list[GivenUp]:
    """Those begun before `kept`, used or not, but for a plan's: it has taken their place. To be revoked at Zoho after
    the commit."""
    return _give_up_all(session, (Consent.id < kept.id) & ~_is_planned())


def give_up_all(session: Session, but: Consent | None) -> list[GivenUp]:
    """Those that were begun and never used too: each counts towards the twenty that Zoho allows."""
    return _give_up_all(session, Consent.id != but.id if but is not None else true())


def give_unused_back(organisation_id: int) -> None:
    """Those that nobody has chosen an organisation with for a day, and for an hour those that a later one has taken the
    place of: each counts towards the twenty that Zoho allows. Calls Zoho when there are any."""
    with job_session(organisation_id) as session:
        if session.scalars(_unused().limit(1)).first() is None:
            return
        linking.take_turn(session, organisation_id)  # somebody may be choosing with it right now
        given_up = _give_up_all(session, Consent.id.in_(_unused()))
        for each in given_up:
            audit.note(session, organisation_id, "zoho consent given back", "consent", each.consent_id)
    give_back(given_up)


def _unused() -> Select[int]:
    """As gate.due_consents says it."""
    later = aliased(Consent)
    is_used = exists().where(Link.consent_id == Consent.id, Link.archived_at.is_(None))
    is_old = Consent.created_at <= clock.now() - _CHOOSE_WITHIN
    is_replaced = (Consent.created_at <= clock.now() - _REPLACED_FOR) & exists().where(later.id > Consent.id)
    living = Consent.revoked_at.is_(None) & Consent.lost_at.is_(None)
    return select(Consent.id).where(living, ~is_used, ~_is_planned(), or_(is_old, is_replaced))


def _is_planned() -> ColumnElement[bool]:
    """It waits for the day on which its organisation is gone over to."""
    return exists().where(PlannedSwitch.consent_id == Consent.id, PlannedSwitch.ended_at.is_(None)).correlate(Consent)


def give_back(given_up: Iterable[GivenUp]) -> None:
    """Tell Zoho that the consents are over. Best effort: we have erased our side in any case."""
    for each in given_up:
        try:
            zoho.revoke(each.centre, each.refresh_token)
        except GatewayError as problem:
            log.warning(
                "consent not revoked at Zoho", extra={"consent": each.consent_id, "reason": type(problem).__name__}
            )


def _give_up_all(session: Session, which: ColumnElement[bool]) -> list[GivenUp]:
    living = select(Consent).where(Consent.revoked_at.is_(None), which).order_by(Consent.id).with_for_update()
    found = session.scalars(living.execution_options(populate_existing=True)).all()
    return [given_up for given_up in map(give_up, found) if given_up is not None]


def _given_up(consent: Consent) -> GivenUp | None:
    if consent.revoked_at is not None or consent.lost_at is not None:
        return None
    try:
        return GivenUp(consent.id, tokens.centre_of(consent), tokens.refresh_token(consent))
    except ConsentLost:
        return None  # no key of ours opens it: nothing to revoke with

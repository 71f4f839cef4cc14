"""Access tokens: kept sealed, renewed before they die, and by one process at a time however many need one."""

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.accounting.models import Consent, Link
from portal.accounting.warning import warn_of_lost_consent
from portal.gateways.zoho import consent as zoho
from portal.gateways.zoho.data_centres import DataCentre, data_centres
from portal.gateways.zoho.errors import ConsentLost
from portal.organisations import audit
from portal.shared import clock
from portal.shared.running import here, job_session
from portal.shared.vault import CannotOpen

REFRESH_PURPOSE, ACCESS_PURPOSE = "zoho refresh token", "zoho access token"
CALLBACK_PATH = "/books/consent"
_LOST = "Zoho no longer accepts the permission. What changes waits until somebody connects again."
_MARGIN = timedelta(minutes=5)
_FRESH = timedelta(minutes=1)
# With the database's time, the same for all machines: by its own clock, one that is ahead takes a living token for
# dead, and one that is behind a dead one for fresh.
_CONSENT = select(Consent, func.clock_timestamp())


def client() -> zoho.Client:
    settings = here().settings
    return zoho.Client(settings.zoho_client_id, settings.zoho_client_secret, settings.public_url + CALLBACK_PATH)


def centre_of(consent: Consent) -> DataCentre:
    return data_centres(here().settings.zoho_base_address)[consent.data_centre]


def access_token(organisation_id: int, consent_id: int) -> str:
    """A token with life in it. Raises ConsentLost and what a refresh can raise."""
    with job_session(organisation_id) as session:
        consent, now = session.execute(_CONSENT.where(Consent.id == consent_id)).one()
        kept = _kept(consent, now)
    return kept or renew(organisation_id, consent_id, stale=None)


def renew(organisation_id: int, consent_id: int, *, stale: str | None, is_dead: bool = False) -> str:
    """A newer token than `stale`, which Zoho refused, or than the one that ran out. A fresh one is given as it is,
    to be tried once more: a single refusal may be a stray, and what is refused twice is a matter of the user's rights,
    unless `is_dead`: nothing at all is answered to it.

    One refresh at a time: the consent's row stays locked during the call to Zoho, so that whoever comes second waits
    and then finds the new token. This one transaction may stay open while calling out, because it holds nothing but
    this row, the call gives up after eight seconds, and Zoho blocks an account for ten minutes after ten refreshes.
    """
    with job_session(organisation_id) as session:
        locked = _CONSENT.where(Consent.id == consent_id).with_for_update(of=Consent)
        consent, now = session.execute(locked.execution_options(populate_existing=True)).one()
        kept = _kept(consent, now)
        if kept and kept != stale:
            return kept
        if kept and not is_dead and consent.refreshed_at is not None and consent.refreshed_at > now - _FRESH:
            return kept
        try:
            return _refresh(session, consent)
        except ConsentLost:
            consent.lost_at = clock.now()
            _tell_history(session, consent)
            warn_of_lost_consent(session, consent)
    raise ConsentLost


def _tell_history(session: Session, consent: Consent) -> None:
    live = select(Link.id).where(Link.consent_id == consent.id, Link.archived_at.is_(None))
    for link_id in session.scalars(live):
        audit.note(session, consent.organisation_id, "zoho consent lost", "link", link_id, words=_LOST)


def store(session: Session, consent: Consent, tokens: zoho.Tokens) -> None:
    """Keep what Zoho gave, sealed."""
    vault, now = here().settings.vault, session.scalars(select(func.clock_timestamp())).one()
    if tokens.refresh:
        consent.refresh_token_sealed = vault.seal(
            tokens.refresh, organisation_id=consent.organisation_id, purpose=REFRESH_PURPOSE
        )
    consent.access_token_sealed = vault.seal(
        tokens.access, organisation_id=consent.organisation_id, purpose=ACCESS_PURPOSE
    )
    consent.scope = tokens.scope or consent.scope
    consent.access_expires_at = now + timedelta(seconds=tokens.lives_s)
    consent.refreshed_at = now
    session.add(consent)


def refresh_token(consent: Consent) -> str:
    """Raises ConsentLost when no key of ours opens it any more."""
    return _open(consent, consent.refresh_token_sealed, REFRESH_PURPOSE)


def _kept(consent: Consent, now: datetime) -> str:
    """The stored token while it lives; empty when it is time for another. Raises ConsentLost."""
    if consent.lost_at is not None or consent.revoked_at is not None:
        raise ConsentLost
    if consent.access_expires_at is None or consent.access_expires_at - _MARGIN <= now:
        return ""
    return _open(consent, consent.access_token_sealed, ACCESS_PURPOSE)


def _open(consent: Consent, sealed: str, purpose: str) -> str:
    try:
        return here().settings.vault.open(sealed, organisation_id=consent.organisation_id, purpose=purpose)
    except CannotOpen as problem:
        raise ConsentLost from problem


def _refresh(session: Session, consent: Consent) -> str:
    tokens = zoho.refresh(centre_of(consent), client(), refresh_token(consent))
    store(session, consent, tokens)
    return tokens.access

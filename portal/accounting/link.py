"""Tying an organisation to Zoho: the consent, the organisations it opens, the choice, and the end of it."""

import hashlib
import logging
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from portal.accounting import belonging, exemptions, rules, tokens
from portal.accounting.by_hand.taking_up import take_up
from portal.accounting.models import Consent, Link, MirrorRecord, OAuthState
from portal.accounting.pull import cursors
from portal.gateways.errors import GatewayError
from portal.gateways.zoho import consent as zoho
from portal.gateways.zoho.calls import PRODUCTS, Line, Target
from portal.gateways.zoho.data_centres import FIRST_DATA_CENTRE, by_accounts_server, data_centres
from portal.gateways.zoho.errors import NotAuthorised, Refused
from portal.organisations import audit
from portal.shared import clock, outbox
from portal.shared.errors import RuleBroken
from portal.shared.running import here

log = logging.getLogger(__name__)

_STATE_LIVES = timedelta(minutes=10)


class CannotLink(RuleBroken):
    """The tie cannot be made as asked."""


class Wish(NamedTuple):
    """Which of the cards was chosen before the consent, and the name for a new organisation."""

    kind: str = ""
    name: str = ""
    is_late: bool = False


def begin_consent(
    session: Session, organisation_id: int, sign_in_digest: bytes, *, wish: str = "", wished_name: str = ""
) -> str:
    """Where to send the browser. The answer counts for this sign-in only, once, for ten minutes."""
    settings = here().settings
    if not settings.zoho_client_id:
        raise CannotLink("This installation has no Zoho client yet. Whoever runs the portal must set ZOHO_CLIENT_ID.")
    state = secrets.token_urlsafe(32)
    session.add(
        OAuthState(
            digest=_digest(state), organisation_id=organisation_id, sign_in_digest=sign_in_digest,
            expires_at=clock.now() + _STATE_LIVES, wish=wish, wished_name=wished_name,
        )
    )  # fmt: skip
    return zoho.consent_url(data_centres(settings.zoho_base_address)[FIRST_DATA_CENTRE], tokens.client(), state)


def use_state(session: Session, state: str, sign_in_digest: bytes) -> Wish:
    """Spend the state of a callback, whatever else is wrong with it; what was wished for.

    An answer that arrives in another sign-in is refused there and spends nothing: who sends people addresses of ours
    must not end what somebody else has begun, and the one who began can still end it, once.
    Raises CannotLink; commit even then.
    """
    row = session.execute(
        delete(OAuthState)
        .where(OAuthState.digest == _digest(state), OAuthState.sign_in_digest == sign_in_digest)
        .returning(OAuthState.expires_at, OAuthState.wish, OAuthState.wished_name)
    ).one_or_none()
    if row is None:
        raise CannotLink(
            "This answer from Zoho was used already, or belongs to another sign-in. Nothing is connected by it. Connect"
            " once more here, or open it where you had pressed Connect."
        )
    return Wish(row.wish, row.wished_name, is_late=row.expires_at <= clock.now())


def exchange(organisation_id: int, answer: Mapping[str, str], wish: Wish) -> tuple[str, zoho.Tokens]:
    """(data centre, tokens) of a callback with a good state. Calls Zoho. Raises CannotLink, GatewayError."""
    if wish.is_late:
        raise CannotLink("That took longer than ten minutes. Connect once more.")
    if answer.get("error"):
        raise CannotLink("Zoho was not given permission, so nothing is connected. Connect again when you are ready.")
    if not answer.get("code"):
        raise CannotLink("Zoho sent no permission along. Connect once more.")
    centre = by_accounts_server(here().settings.zoho_base_address, answer.get("accounts-server", ""))
    if centre is None:
        log.warning("callback names a foreign accounts server", extra={"organisation": organisation_id})
        raise CannotLink("The answer did not come from one of Zoho's data centres. Nothing is connected.")
    return centre.code, zoho.exchange_code(centre, tokens.client(), answer["code"])


def keep_consent(
    session: Session, organisation_id: int, data_centre: str, granted: zoho.Tokens, wish: Wish | None = None
) -> Consent:
    """Keep what the user allowed; which organisation it is for, is chosen next."""
    wish = wish or Wish()
    consent = Consent(
        organisation_id=organisation_id, data_centre=data_centre, wish=wish.kind, wished_name=wish.name
    )  # fmt: skip
    tokens.store(session, consent, granted)
    session.flush()
    audit.note(session, organisation_id, "zoho consent given", "consent", consent.id)
    return consent


def offered(organisation_id: int, consent: Consent, currency: str) -> rules.Choice:
    """The organisations this consent opens, sorted out. Calls Zoho twice. Raises GatewayError."""
    token = tokens.access_token(organisation_id, consent.id)
    listed: list[dict[str, Any]] = []
    problem: GatewayError | None = None
    with patient_line() as line:
        for product in PRODUCTS:
            try:
                answer = line.call(Target(tokens.centre_of(consent).api, product), token, "GET", "/organizations")
            except (NotAuthorised, Refused) as refused:
                problem = refused  # one of the two may be missing from the consent
                continue
            listed += [{"listed_by": product} | each for each in answer.body.get("organizations", [])]
    if problem is not None and not listed:
        raise problem
    return rules.sort_out(listed, currency)


def attach(session: Session, consent: Consent, candidate: rules.Candidate, *, connected_by: int | None) -> Link:
    """Make the tie, or take up an earlier one to the same organisation: nothing is made twice. Does not commit."""
    organisation_id = consent.organisation_id
    take_turn(session, organisation_id)
    session.refresh(consent, ["revoked_at"])
    if consent.revoked_at is not None:
        raise CannotLink("That permission was given back meanwhile. Connect again.")
    refuse_a_second_owner(session, organisation_id, candidate)
    live = hold(session)
    link = _earlier(session, candidate)
    if live is not None and live is not link:
        raise CannotLink(f"You are linked to {live.remote_name}. Say from which day on the other one is used.")
    if live is not None and live.consent_id == consent.id:
        return live  # another press was quicker
    if link is None:
        link = Link(
            organisation_id=organisation_id, product=candidate.product, remote_organisation_id=candidate.id,
            lease_fence=0, recent_calls=[], setup_steps={},
        )  # fmt: skip
        session.add(link)
    is_back = live is None
    told = f"Connected again to {candidate.name}" if live is not None else f"Linked to {candidate.name}"
    link.consent_id, link.connected_by, link.archived_at = consent.id, connected_by, None
    link.remote_name, link.currency = candidate.name[:200], candidate.currency
    link.quiet_until, link.quiet_why = None, ""
    link.lease_fence, link.lease_until = link.lease_fence + 1, None  # whoever drains with the old consent is out
    session.flush()
    outbox.reopen_all(session, organisation_id)
    exemptions.try_again(session, link.id)
    belonging.hold_back(session, link)
    if is_back:
        take_up(session, link)
        cursors.look_first(session, link)
    audit.note(
        session, organisation_id, "zoho linked", "link", link.id, words=told,
        after={"organisation": candidate.id},
    )  # fmt: skip
    return link


def refuse_a_second_use(live: Link, candidate: rules.Candidate) -> None:
    """A permission serves one organisation: giving it back for another would end this one's too. Raises CannotLink."""
    if candidate.id != live.remote_organisation_id:
        raise CannotLink(
            f"This permission serves {live.remote_name} already. To use another organisation, press Go over to another"
            " Zoho organisation on the page of your books."
        )


def live_link(session: Session) -> Link | None:
    return session.scalars(select(Link).where(Link.archived_at.is_(None))).one_or_none()


def hold(session: Session) -> Link | None:
    """The live link, for a person's verb on its records. Taken before any of them, as the workers do: whoever takes a
    record before it waits for them crosswise. Two persons come one after the other."""
    live = select(Link).where(Link.archived_at.is_(None)).with_for_update(key_share=True)
    return session.scalars(live.execution_options(populate_existing=True)).one_or_none()


def linked_before(session: Session) -> set[str]:
    """The organisations that this firm is or was linked to, as Zoho numbers them."""
    return set(session.scalars(select(Link.remote_organisation_id)))


def has_records(session: Session, link: Link) -> bool:
    """Has anything of ours reached the organisation through this link before?"""
    reached = select(MirrorRecord.id).where(MirrorRecord.link_id == link.id, MirrorRecord.remote_id.is_not(None))
    return session.execute(select(reached.exists())).scalar_one()


def take_turn(session: Session, organisation_id: int) -> None:
    """Who makes, ends or leaves a tie of this firm comes one after the other; and takes this before any row, the link
    first of those, as the workers do. A lock of its own: rows of the firm would be waited for by everything it writes.
    """
    session.execute(_TURN, {"firm": organisation_id})


_TURN = text("SELECT pg_advisory_xact_lock(hashtextextended('ties of:' || CAST(:firm AS text), 0))")
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended('link:' || :remote, 0))")


def refuse_a_second_owner(session: Session, organisation_id: int, candidate: rules.Candidate) -> None:
    """Two firms' invoice numbers in one organisation's books would clash for ever. The second waits for the first."""
    session.execute(_ONE_AT_A_TIME, {"remote": candidate.id})
    is_taken = session.execute(
        text("SELECT gate.is_linked_elsewhere(:remote, :own)"), {"remote": candidate.id, "own": organisation_id}
    ).scalar_one()
    if is_taken:
        raise CannotLink(f"{candidate.name} is linked to another firm of this portal. Choose another organisation.")


def _earlier(session: Session, candidate: rules.Candidate) -> Link | None:
    return session.scalars(
        select(Link)
        .where(Link.remote_organisation_id == candidate.id, Link.product == candidate.product)
        .order_by(Link.archived_at.is_(None).desc(), Link.id.desc())
        .limit(1)
    ).first()


def patient_line() -> Line:
    return Line(connect_s=3, answer_s=8)


def _digest(state: str) -> bytes:
    return hashlib.sha256(state.encode("utf-8", "replace")).digest()

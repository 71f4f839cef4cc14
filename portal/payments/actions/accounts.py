"""The organisation's own Stripe account: its key, and where Stripe tells us what happens there."""

import hashlib
import secrets

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from portal.gateways import stripe_gateway
from portal.gateways.errors import GatewayError
from portal.gateways.stripe_gateway import Client
from portal.organisations import audit
from portal.payments import queries, rules
from portal.payments.cards.models import SavedCard
from portal.payments.models import OPEN_STATES, PaymentAttempt, StripeAccount
from portal.payments.rules import AnotherAccount, CannotConnect
from portal.shared import clock, running
from portal.shared.running import job_session

_KEY, _SECRETS = "stripe_key", "stripe_webhook"
_MOST_SECRETS = 3  # what an earlier endpoint sent may still be under way


def connect_stripe_account(organisation_id: int, key: str, *, change_to: str = "") -> int:
    """Take card payments with `key` from now on; asks Stripe to tell us of them. The account row's id.

    change_to  the account that somebody agreed to change to, where the firm has another until now
    Calls Stripe, so it opens its own short transactions: commit the organisation first. Safe to repeat.
    Raises CannotConnect with what to do, AnotherAccount to be asked first, GatewayError when Stripe does not answer.
    """
    settings = running.here().settings
    is_live = rules.mode_of(key, environment=settings.environment)
    client = client_of_key(key)
    account = stripe_gateway.retrieve_account(client)
    stripe_gateway.check_rights(client)
    with job_session(organisation_id) as session:
        _check_whose(session, organisation_id, account.id, change_to)
        kept = _keep(session, organisation_id, key, account.id, is_live=is_live)
    refresh_webhook_address(organisation_id, anew=True)  # its secret may have been rolled there
    return kept


def refresh_webhook_address(organisation_id: int, *, anew: bool = False) -> None:
    """Have Stripe send its events to where the portal is now; makes the endpoint where there is none yet.

    anew  another endpoint takes the place of the one there is: Stripe tells a secret only once, so one that somebody
          rolled in its dashboard is learned in no other way
    Raises GatewayError, CannotConnect.
    """
    with job_session(organisation_id) as session:
        account = queries.live_account(session)
        if account is None:
            raise CannotConnect("Connect a Stripe account first.")
        key, endpoint_key, known = key_of(account), account.endpoint_key, account.endpoint_remote_id
    url = f"{running.here().settings.public_url}/webhooks/stripe/{endpoint_key}"
    client = client_of_key(key)
    if known and not anew:
        stripe_gateway.move_endpoint(client, known, url)
        with job_session(organisation_id) as session:
            _locked(session, endpoint_key).listens_to = stripe_gateway.LISTENED_TO
        return
    # The address is part of the idempotency key: Stripe refuses the same key with another address.
    place = f"{url} after {known}" if known else url
    endpoint = stripe_gateway.create_endpoint(client, url, key=f"endpoint-{hashlib.sha256(place.encode()).hexdigest()}")
    with job_session(organisation_id) as session:
        _keep_endpoint(session, endpoint_key, endpoint)
    if known:
        stripe_gateway.delete_endpoint(client, known)


def client_of(account: StripeAccount, *, retries: int = 2) -> Client:
    """Raises GatewayError."""
    return client_of_key(key_of(account), retries=retries)


def client_of_key(key: str, *, retries: int = 2) -> Client:
    return stripe_gateway.client_for(key, running.here().settings.stripe_api_base, retries=retries)


def key_of(account: StripeAccount) -> str:
    """Raises GatewayError where it was removed."""
    if not account.key_sealed:
        raise GatewayError(rules.removed_words(account.remote_id), retryable=False)
    vault = running.here().settings.vault
    return vault.open(account.key_sealed, organisation_id=account.organisation_id, purpose=_KEY)


def webhook_secrets(account: StripeAccount) -> list[str]:
    """Every secret that may sign this account's events, newest first; none before Stripe has told us one."""
    if not account.webhook_secrets_sealed:
        return []
    vault = running.here().settings.vault
    return vault.open(
        account.webhook_secrets_sealed, organisation_id=account.organisation_id, purpose=_SECRETS
    ).split()  # fmt: skip


def reseal_key(session: Session, account: StripeAccount, key: str) -> None:
    """Another key of the very same account. Does not commit."""
    account.key_sealed = running.here().settings.vault.seal(
        key, organisation_id=account.organisation_id, purpose=_KEY
    )  # fmt: skip
    audit.note(session, account.organisation_id, "stripe key replaced", "stripe_account", account.id)


def _check_whose(session: Session, organisation_id: int, remote_id: str, change_to: str) -> None:
    """Raises CannotConnect for an account that another firm of this portal uses, AnotherAccount."""
    its = {"remote": remote_id, "firm": organisation_id}
    if session.scalar(text("SELECT gate.is_stripe_account_elsewhere(:remote, :firm)"), its):
        raise CannotConnect("Another firm of this portal takes its payments with this account.", field="key")
    present = queries.live_account(session)
    if present is not None and remote_id not in (present.remote_id, change_to):
        raise AnotherAccount(remote_id, present.remote_id)


def _keep(session: Session, organisation_id: int, key: str, remote_id: str, *, is_live: bool) -> int:
    sealed = running.here().settings.vault.seal(key, organisation_id=organisation_id, purpose=_KEY)
    present = queries.live_account(session)
    if present is not None and (present.remote_id, present.is_live) == (remote_id, is_live):
        reseal_key(session, present, key)
        return present.id
    if present is not None:
        _close(session, present, is_live=is_live)
    earlier = session.scalars(
        select(StripeAccount).where(
            StripeAccount.remote_id == remote_id, StripeAccount.is_live == is_live, StripeAccount.removed_at.is_(None)
        )
    ).first()
    if earlier is not None:  # its payments, and where its events go, are known: one row for one account
        earlier.key_sealed, earlier.closed_at = sealed, None
        audit.note(session, organisation_id, "stripe account connected again", "stripe_account", earlier.id)
        return earlier.id
    account = StripeAccount(
        organisation_id=organisation_id, key_sealed=sealed, remote_id=remote_id, is_live=is_live,
        endpoint_key=secrets.token_urlsafe(24),
    )  # fmt: skip
    session.add(account)
    session.flush()
    audit.note(
        session, organisation_id, "stripe account connected", "stripe_account", account.id,
        after={"account": remote_id, "live": is_live},
    )  # fmt: skip
    return account.id


def _close(session: Session, present: StripeAccount, *, is_live: bool) -> None:
    """Raises CannotConnect while somebody may still pay into the old account."""
    if present.is_live and not is_live:
        raise CannotConnect("This firm takes real payments: use a live key (rk_live_…).", field="key")
    if session.scalar(select(PaymentAttempt.id).where(PaymentAttempt.state.in_(OPEN_STATES)).limit(1)):
        raise CannotConnect("A customer may be paying right now. Change the account in an hour, when that is over.")
    present.closed_at = clock.now()
    session.execute(  # of no use with another account: forgotten at the old one
        update(SavedCard)
        .where(SavedCard.stripe_account_id == present.id, SavedCard.state == "kept")
        .values(state="removing", ended_by="account", ended_at=clock.now(), look_at=clock.now())
    )
    session.flush()


def _keep_endpoint(session: Session, endpoint_key: str, endpoint: stripe_gateway.Endpoint) -> None:
    account = _locked(session, endpoint_key)
    if account.endpoint_remote_id == endpoint.id:
        return
    if not endpoint.secret:
        raise GatewayError("Stripe kept the webhook's secret to itself. Connect the account again.", retryable=False)
    vault = running.here().settings.vault
    account.endpoint_remote_id, account.listens_to = endpoint.id, stripe_gateway.LISTENED_TO
    account.webhook_secrets_sealed = vault.seal(
        " ".join([endpoint.secret, *webhook_secrets(account)][:_MOST_SECRETS]),
        organisation_id=account.organisation_id, purpose=_SECRETS,
    )  # fmt: skip


def _locked(session: Session, endpoint_key: str) -> StripeAccount:
    return session.scalars(
        select(StripeAccount).where(StripeAccount.endpoint_key == endpoint_key).with_for_update()
    ).one()

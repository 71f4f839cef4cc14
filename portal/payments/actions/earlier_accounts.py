"""Stripe accounts that were replaced: heard and used for their own payments until the firm removes them."""

from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.gateways import stripe_gateway
from portal.gateways.errors import GatewayError
from portal.organisations import audit
from portal.payments import rules
from portal.payments.actions.accounts import client_of, client_of_key, reseal_key
from portal.payments.cards.models import SavedCard
from portal.payments.models import Payment, PaymentAttempt, StripeAccount
from portal.payments.refunds.models import UNDER_WAY, Refund
from portal.payments.rules import CannotConnect
from portal.shared import clock, queues, running
from portal.shared.errors import NotFound
from portal.shared.running import job_session


def earlier_accounts(session: Session) -> Sequence[StripeAccount]:
    """Newest first, without those that were removed."""
    return session.scalars(
        select(StripeAccount)
        .where(StripeAccount.closed_at.is_not(None), StripeAccount.removed_at.is_(None))
        .order_by(StripeAccount.id.desc())
    ).all()


def remove_account(organisation_id: int, account_id: int) -> bool:
    """Hear no more of a replaced account, and forget its key. False where Stripe could not be told of it.

    Calls Stripe between short transactions of its own. Safe to repeat. Raises NotFound, CannotConnect, GatewayError
    when Stripe does not answer.
    """
    with job_session(organisation_id) as session:
        account = _earlier(session, account_id)
        client, endpoint = client_of(account), account.endpoint_remote_id
    is_told = True
    try:
        if endpoint:
            stripe_gateway.delete_endpoint(client, endpoint)
    except GatewayError as problem:
        if problem.retryable:
            raise
        is_told = False  # its key does not work any more
    with job_session(organisation_id) as session:
        account = _earlier(session, account_id)
        account.removed_at, account.key_sealed, account.webhook_secrets_sealed = clock.now(), "", ""
        session.execute(
            update(SavedCard)
            .where(SavedCard.stripe_account_id == account_id, SavedCard.state == "removing")
            .values(state="removed")
        )
        after = {"account": account.remote_id}
        audit.note(session, organisation_id, "stripe account removed", "stripe_account", account_id, after=after)
    return is_told


def renew_earlier_key(organisation_id: int, account_id: int, key: str) -> None:
    """Reach a replaced account by another key of its own; what happened there meanwhile is read at once.

    Calls Stripe between short transactions of its own. Raises NotFound, CannotConnect, GatewayError.
    """
    is_live = rules.mode_of(key, environment=running.here().settings.environment)
    client = client_of_key(key)
    seen = stripe_gateway.retrieve_account(client)
    stripe_gateway.check_rights(client)
    with job_session(organisation_id) as session:
        account = _closed(session, account_id)
        if (seen.id, is_live) != (account.remote_id, account.is_live):
            raise CannotConnect(f"This key is of {seen.id}. Make one in {account.remote_id}.", field="key")
        reseal_key(session, account, key)
        account.next_sweep_at, account.sweep_problem = clock.now(), ""
        queues.wake(session, "payments", organisation_id)


def _earlier(session: Session, account_id: int) -> StripeAccount:
    account = _closed(session, account_id)
    on_its_way = (
        select(Refund.id)
        .join(Payment, Payment.id == Refund.payment_id)
        .join(PaymentAttempt, PaymentAttempt.id == Payment.attempt_id)
        .where(PaymentAttempt.stripe_account_id == account_id, Refund.state.in_(UNDER_WAY))
    )
    if session.scalar(on_its_way.limit(1)):
        raise CannotConnect("Money is on its way back to a customer of this account. Wait until it has arrived.")
    return account


def _closed(session: Session, account_id: int) -> StripeAccount:
    account = session.get(StripeAccount, account_id, with_for_update=True)
    if account is None or account.removed_at is not None:
        raise NotFound
    if account.closed_at is None:
        raise CannotConnect("This account takes your payments. Connect another one first.")
    return account

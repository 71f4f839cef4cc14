"""Messages that Stripe could not bring to us are fetched from its own record, and somebody is told."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.gateways import stripe_gateway
from portal.gateways.errors import GatewayError
from portal.gateways.stripe_gateway import SignedEvent
from portal.payments.actions.accounts import client_of, refresh_webhook_address
from portal.payments.actions.events import keep_event
from portal.payments.models import StripeAccount
from portal.shared import clock
from portal.shared.running import job_session

log = logging.getLogger(__name__)

EVERY = timedelta(hours=1)
# Stripe's record is not in strict order by its own times: look a little further back than where we had read to.
_OVERLAP = timedelta(minutes=10)
# A message younger than this may still be on its way here by itself.
_PATIENCE = timedelta(minutes=5)


def take_due_sweep(session: Session) -> int | None:
    """An account whose record is to be read, put off to its next time: also a replaced one. Does not commit."""
    account = session.scalars(
        select(StripeAccount)
        .where(StripeAccount.removed_at.is_(None), StripeAccount.next_sweep_at <= clock.now())
        .order_by(StripeAccount.next_sweep_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).one_or_none()
    if account is None:
        return None
    account.next_sweep_at = clock.now() + EVERY
    return account.id


def sweep_events(organisation_id: int, account_id: int) -> int:
    """Keep every event of Stripe's record that we do not have; how many never reached us by themselves.

    Opens a short transaction per page; a sweep that was cut off is made again from where the last whole one ended.
    """
    with job_session(organisation_id) as session:
        account = session.get_one(StripeAccount, account_id)
        client, since = client_of(account), account.events_read_to - _OVERLAP
        is_ours_to_move = account.closed_at is None and account.endpoint_remote_id != ""
        asks_for_all = account.listens_to == stripe_gateway.LISTENED_TO or not is_ours_to_move
    began, missed, problem = clock.now(), 0, ""
    try:
        if not asks_for_all:  # this version of the portal follows more than the one that made the endpoint
            refresh_webhook_address(organisation_id)
        for page in stripe_gateway.list_events(client, since):
            late = _keep(organisation_id, account_id, page, late=began - _PATIENCE)
            missed += late if asks_for_all else 0
    except GatewayError as refusal:
        problem = refusal.words
    with job_session(organisation_id) as session:
        account = session.get_one(StripeAccount, account_id, with_for_update=True)
        account.missed_events, account.sweep_problem = missed, problem[:300]
        if not problem:
            account.events_read_to = began
    if missed and is_ours_to_move:
        _listen_anew(organisation_id, account_id)
    if missed:
        log.warning("messages of Stripe did not reach us", extra={"account_id": account_id, "count": missed})
    return missed


def _listen_anew(organisation_id: int, account_id: int) -> None:
    """Whatever was changed in Stripe's dashboard, the secret, the events or the endpoint itself: another one hears."""
    try:
        refresh_webhook_address(organisation_id, anew=True)
    except GatewayError as problem:
        with job_session(organisation_id) as session:
            session.get_one(StripeAccount, account_id).sweep_problem = problem.words[:300]


def _keep(
    organisation_id: int, account_id: int, page: Sequence[tuple[SignedEvent, datetime]], *, late: datetime
) -> int:
    with job_session(organisation_id) as session:
        account = session.get_one(StripeAccount, account_id)
        return sum(keep_event(session, account, event) and happened < late for event, happened in reversed(page))

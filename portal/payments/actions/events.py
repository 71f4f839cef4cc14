"""Stripe's events: kept once each, followed later. An event is only a hint of what to look at."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from portal.gateways.stripe_gateway import SignedEvent
from portal.payments import rules
from portal.payments.actions.cards_at_stripe import look_at_card, look_at_customer
from portal.payments.actions.declines import close_after_declines
from portal.payments.actions.disputes import look_at_dispute
from portal.payments.actions.payouts import look_at_payout
from portal.payments.actions.refunds_at_stripe import look_at_refund
from portal.payments.actions.settlement import look_at_attempt
from portal.payments.models import PaymentAttempt, StripeAccount, StripeEvent
from portal.shared import clock, queues, running
from portal.shared.running import job_session

_AT_ONCE = 50
# kind of event begins with → kind of object it is about
_FOLLOWED = {
    "checkout.session.": "checkout.session", "refund.": "refund", "charge.dispute.": "dispute", "payout.": "payout",
    rules.DECLINED: "payment_intent", "payment_method.": "payment_method", "customer.deleted": "customer",
}  # fmt: skip


class UnknownAttempt(Exception):
    """An event names an attempt of ours that we do not have, for example after an old backup was restored."""


@dataclass(frozen=True)
class TakenEvent:
    """An event that this worker has taken for one try. why_ignored is empty for one to follow."""

    id: int
    tries: int
    object_kind: str
    object_id: str
    account_id: int
    attempt: str
    why_ignored: str


def keep_event(session: Session, account: StripeAccount, event: SignedEvent) -> bool:
    """Store an event that is Stripe's own, once, and wake the worker. False when it is known. Does not commit."""
    fresh = insert(StripeEvent).values(
        organisation_id=account.organisation_id, stripe_account_id=account.id, event_id=event.id, kind=event.kind,
        body=event.facts, state="new", attempts=0, next_try_at=clock.now(), last_error="",
    )  # fmt: skip
    added = session.scalar(fresh.on_conflict_do_nothing().returning(StripeEvent.id))
    queues.wake(session, "payments", account.organisation_id)
    return added is not None


def take_due_events(session: Session) -> list[TakenEvent]:
    """Events whose time has come, each put off as if this try would fail. Does not commit."""
    rows = session.execute(
        select(StripeEvent, StripeAccount)
        .join(StripeAccount, StripeAccount.id == StripeEvent.stripe_account_id)
        .where(StripeEvent.state == "new", StripeEvent.next_try_at <= clock.now())
        .order_by(StripeEvent.next_try_at, StripeEvent.id)
        .limit(_AT_ONCE)
        .with_for_update(skip_locked=True, of=StripeEvent)
    ).all()
    return [_take(event, account) for event, account in rows if not _is_given_up(event)]


def follow_event(organisation_id: int, taken: TakenEvent) -> None:
    """Look at what the event is about. Raises UnknownAttempt, GatewayError, ForeignCheckout, NotBookedYet."""
    why_ignored = taken.why_ignored or _look(organisation_id, taken)
    with job_session(organisation_id) as session:
        event = session.get_one(StripeEvent, taken.id)
        event.state, event.last_error = ("ignored", why_ignored) if why_ignored else ("done", "")


def retry_event(session: Session, event_id: int) -> bool:
    """Try one again that waits for a person. False when it does not (any more). Does not commit."""
    event = session.get(StripeEvent, event_id, with_for_update=True)
    if event is None or event.state != "failed":
        return False
    event.state, event.attempts, event.next_try_at = "new", 0, clock.now()
    queues.wake(session, "payments", event.organisation_id)
    return True


def note_failed_event(session: Session, taken: TakenEvent, words: str) -> None:
    """It is tried again later, unless it has been tried too often: then it waits for a person. Does not commit."""
    event = session.get_one(StripeEvent, taken.id)
    event.last_error = words[:300]
    if taken.tries >= rules.MOST_TRIES:
        event.state = "failed"


def _look(organisation_id: int, taken: TakenEvent) -> str:
    """Why it is ignored after all; empty when its object was ours."""
    if taken.object_kind == "checkout.session":
        look_at_attempt(organisation_id, _attempt_of(organisation_id, taken), session_id=taken.object_id)
        return ""
    if taken.object_kind == "payment_intent":
        close_after_declines(organisation_id, _attempt_of(organisation_id, taken))
        return ""
    look = _LOOKS[taken.object_kind]
    return "" if look(organisation_id, taken.account_id, taken.object_id) else "not of this portal"


_LOOKS: dict[str, Callable[[int, int, str], bool]] = {
    "refund": look_at_refund, "dispute": look_at_dispute, "payout": look_at_payout,
    "payment_method": look_at_card, "customer": look_at_customer,
}  # fmt: skip


def _is_given_up(event: StripeEvent) -> bool:
    """True for one that has killed its worker each time, so that nobody could note a failure."""
    if event.attempts < rules.MOST_TRIES:
        return False
    event.state, event.last_error = "failed", event.last_error or "the worker died over it"
    return True


def _take(event: StripeEvent, account: StripeAccount) -> TakenEvent:
    event.attempts += 1
    event.next_try_at = clock.now() + max(rules.retry_in(event.attempts), timedelta(seconds=1))
    return TakenEvent(
        event.id, event.attempts, event.body["object"], event.body["object_id"], account.id,
        event.body["metadata"].get("attempt", ""), _why_ignored(event, account),
    )  # fmt: skip


def _attempt_of(organisation_id: int, taken: TakenEvent) -> int:
    try:
        public_id = uuid.UUID(taken.attempt)
    except ValueError as problem:
        raise UnknownAttempt(taken.attempt) from problem
    with job_session(organisation_id) as session:
        found = session.scalar(select(PaymentAttempt.id).where(PaymentAttempt.public_id == public_id))
    if found is None:
        raise UnknownAttempt(taken.attempt)
    return found


def _why_ignored(event: StripeEvent, account: StripeAccount) -> str:
    environment = running.here().settings.environment
    about = event.body["object"]
    if not any(event.kind.startswith(begins) and about == kind for begins, kind in _FOLLOWED.items()):
        return "not a kind we follow"
    # What is done in Stripe's own pages carries no mark of ours: its payment tells whose it is.
    if about in ("checkout.session", "payment_intent") and not rules.is_ours(
        event.body["metadata"], environment=environment, organisation_id=event.organisation_id
    ):  # fmt: skip
        return "not of this portal"
    if event.body["livemode"] != account.is_live:
        return "ALERT: test event for a live account, or the other way round"
    return ""

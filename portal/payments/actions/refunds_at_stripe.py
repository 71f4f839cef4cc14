"""Refunds as Stripe has them: sent once, asked about again after an unknown answer, always re-fetched."""

import uuid
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.gateways import stripe_gateway
from portal.gateways.errors import GatewayError
from portal.gateways.stripe_gateway import CannotCharge, Client, SeenDispute, SeenRefund
from portal.payments import rules
from portal.payments.actions.accounts import client_of
from portal.payments.actions.allocation import lock_customer
from portal.payments.actions.refund_news import tell_of_missed_refund, tell_of_refund
from portal.payments.actions.refunds import end_refund, plan_refund
from portal.payments.models import Payment, PaymentAttempt, StripeAccount
from portal.payments.queries import get_payment
from portal.payments.refunds.models import AT_STRIPE, UNDER_WAY, Refund
from portal.shared import clock, running
from portal.shared.money import Money
from portal.shared.running import job_session

_AT_ONCE = 50


class NotBookedYet(Exception):
    """Stripe speaks of a payment of ours that our books do not have yet: asked again later."""


def take_due_refunds(session: Session) -> list[int]:
    """Refunds that Stripe has not finished, each with its next look put off. Does not commit."""
    now = clock.now()
    due = session.scalars(
        select(Refund)
        .where(Refund.state.in_(UNDER_WAY), Refund.look_at <= now)
        .order_by(Refund.look_at)
        .limit(_AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    for refund in due:
        refund.tries += 1
        wait = rules.retry_in(refund.tries) if refund.state == "planned" else timedelta(hours=1)
        refund.look_at = now + max(wait, timedelta(seconds=1))
    return [refund.id for refund in due]


def follow_refund(organisation_id: int, refund_id: int) -> None:
    """Send it, or ask how it stands. Opens short transactions around the call. Raises GatewayError for another try."""
    with job_session(organisation_id) as session:
        refund = session.get_one(Refund, refund_id)
        payment = session.get_one(Payment, refund.payment_id)
        client = _client(session, payment)
    if refund.state not in UNDER_WAY:
        return
    try:
        seen = _send(client, refund, payment.provider_payment_id)
    except (GatewayError, CannotCharge) as problem:
        if isinstance(problem, GatewayError) and problem.retryable:
            raise
        with job_session(organisation_id) as session:
            words = problem.words if isinstance(problem, GatewayError) else problem.sentence
            words = f"{_earlier(session, payment)}{words}"
            end_refund(session, session.get_one(Refund, refund_id), "refused", words)
        return
    with job_session(organisation_id) as session:
        _record(session, session.get_one(Refund, refund_id), seen)


def look_at_refund(organisation_id: int, account_id: int, remote_id: str) -> bool:
    """One that an event names, also when it was made in Stripe's own pages. False: not of a payment of ours.

    Raises GatewayError, NotBookedYet.
    """
    with job_session(organisation_id) as session:
        client = client_of(session.get_one(StripeAccount, account_id))
    seen = stripe_gateway.retrieve_refund(client, remote_id)
    with job_session(organisation_id) as session:
        payment = payment_of(session, organisation_id, seen)
        if payment is None:
            return False
        refund = _known(session, seen)
        if refund is None:
            parts = rules.told_apart(seen.amount, *_left(session, payment))
            if parts.beyond and _is_sending(session, payment):
                raise NotBookedYet(seen.payment_id)
            refund = plan_refund(
                session, payment.id, parts.owed, way="stripe", reason="Made at Stripe", by=None,
                form_id=f"{AT_STRIPE}{seen.id}"[:60], remote_id=seen.id, tip=parts.tip, beyond=parts.beyond,
            )  # fmt: skip
        _record(session, refund, seen)
    return True


def _left(session: Session, payment: Payment) -> tuple[Money, Money]:
    """Of what was owed, and of the tip."""
    lock_customer(session, payment.customer_id)
    use = get_payment(session, payment.id).use
    return use.left, use.tip_left


def _is_sending(session: Session, payment: Payment) -> bool:
    """Whether a refund of ours is still to reach Stripe: if it refuses that, what was made there fits after all."""
    ours = select(Refund.id).where(Refund.payment_id == payment.id, Refund.state == "planned")
    return session.scalar(select(ours.exists())) or False


def _send(client: Client, refund: Refund, payment_id: str) -> SeenRefund:
    if refund.remote_id:
        return stripe_gateway.retrieve_refund(client, refund.remote_id)
    public_id = str(refund.public_id)
    if refund.tries > 1:  # the first answer was lost: Stripe forgets keys after a day, but not refunds
        for seen in stripe_gateway.list_refunds(client, payment_id):
            if seen.metadata.get("refund") == public_id:
                return seen
    metadata = {
        "app": rules.APP, "env": running.here().settings.environment, "tenant": str(refund.organisation_id),
        "refund": public_id,
    }  # fmt: skip
    return stripe_gateway.create_refund(client, payment_id, refund.all_of_it, key=public_id, metadata=metadata)


def _client(session: Session, payment: Payment) -> Client:
    attempt = session.get_one(PaymentAttempt, payment.attempt_id)
    return client_of(session.get_one(StripeAccount, attempt.stripe_account_id))


def _earlier(session: Session, payment: Payment) -> str:
    """What to know first of a payment that came into an account which was replaced."""
    attempt = session.get_one(PaymentAttempt, payment.attempt_id)
    account = session.get_one(StripeAccount, attempt.stripe_account_id)
    return (
        f"It came into an earlier Stripe account ({account.remote_id}): give it back in that account's own dashboard. "
        if account.closed_at
        else ""
    )


def _record(session: Session, refund: Refund, seen: SeenRefund) -> None:
    """What failed stays so; what succeeded can still fail, and is never pending again."""
    session.refresh(refund, with_for_update=True)
    if refund.state not in (*UNDER_WAY, "succeeded"):
        return
    refund.remote_id = seen.id
    if seen.state == "failed":
        end_refund(session, refund, "failed", seen.why)
        tell_of_missed_refund(session, refund)
    elif refund.state != "succeeded":
        is_news = refund.state == "planned"
        refund.state = seen.state
        if is_news:
            tell_of_refund(session, refund)


def _known(session: Session, seen: SeenRefund) -> Refund | None:
    found = session.scalars(select(Refund).where(Refund.remote_id == seen.id)).one_or_none()
    if found is not None or "refund" not in seen.metadata:
        return found
    try:
        public_id = uuid.UUID(seen.metadata["refund"])
    except ValueError:
        return None
    return session.scalars(select(Refund).where(Refund.public_id == public_id)).one_or_none()


def payment_of(session: Session, organisation_id: int, seen: SeenRefund | SeenDispute) -> Payment | None:
    """None: not of this portal. Raises NotBookedYet."""
    found = session.scalars(
        select(Payment).where(Payment.provider == "stripe", Payment.provider_payment_id == seen.payment_id)
    ).one_or_none()
    environment = running.here().settings.environment
    if found is None and rules.is_ours(
        seen.payment_metadata, environment=environment, organisation_id=organisation_id
    ):  # fmt: skip
        raise NotBookedYet(seen.payment_id)
    return found

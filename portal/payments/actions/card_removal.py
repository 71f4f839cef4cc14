"""Removing a saved card: of no use here from this moment, and forgotten at Stripe by the payments worker."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.gateways import stripe_gateway
from portal.gateways.errors import GatewayError
from portal.organisations import audit
from portal.payments import rules
from portal.payments.actions.accounts import client_of
from portal.payments.actions.autopay import end_autopay
from portal.payments.actions.card_news import tell_of_card
from portal.payments.cards import queries
from portal.payments.cards.models import SavedCard
from portal.payments.models import StripeAccount
from portal.shared import clock, queues
from portal.shared.running import job_session

_AT_ONCE = 50
_WORDS = {"replaced": "another one was saved", "stripe": "Stripe does not have it any more",
          "account": "it was saved with another Stripe account"}  # fmt: skip


def remove_card(session: Session, customer_id: int, *, by: str) -> None:
    """The customer's saved card, where there is one. by: customer or staff. Safe to repeat. Does not commit."""
    card = queries.kept_card(session, customer_id, lock=True)
    if card is not None:
        remove(session, card, by=by)


def remove(session: Session, card: SavedCard, *, by: str) -> None:
    """Expects the card's lock. Whatever is under way with it already is still taken. Does not commit."""
    card.state, card.ended_by, card.ended_at = "removing", by, clock.now()
    card.look_at, card.tries = clock.now(), 0
    session.flush()
    why = f": {_WORDS[by]}" if by in _WORDS else ""
    audit.note(
        session, card.organisation_id, "card removed", "customer", card.customer_id,
        words=f"{card.words} removed{why}", by=audit.CUSTOMER if by == "customer" else None,
    )  # fmt: skip
    if by == "customer":
        tell_of_card(session, card, "card_removed", once=f"card_removed:{card.id}")
    end_autopay(session, card.customer_id, by="card")
    queues.wake(session, "payments", card.organisation_id)


def take_due_removals(session: Session) -> list[int]:
    """Cards that Stripe is still to forget, each with its next try put off. Does not commit."""
    now = clock.now()
    due = session.scalars(
        select(SavedCard)
        .where(SavedCard.state == "removing", SavedCard.look_at <= now)
        .order_by(SavedCard.look_at)
        .limit(_AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    for card in due:
        card.tries += 1
        card.look_at = now + max(rules.retry_in(card.tries), timedelta(seconds=1))
    return [card.id for card in due]


def forget_at_stripe(organisation_id: int, card_id: int) -> None:
    """Calls Stripe between short transactions of its own. Raises GatewayError for another try."""
    with job_session(organisation_id) as session:
        card = session.get_one(SavedCard, card_id)
        client = client_of(session.get_one(StripeAccount, card.stripe_account_id))
    if card.state != "removing":
        return
    try:
        stripe_gateway.forget_card(client, card.payment_method_id)
    except GatewayError as problem:
        with job_session(organisation_id) as session:
            session.get_one(SavedCard, card_id).last_error = problem.words[:300]
        raise
    with job_session(organisation_id) as session:
        card = session.get_one(SavedCard, card_id, with_for_update=True)
        card.state, card.last_error = "removed", ""

"""Saved cards as Stripe has them: renewed by their bank, changed or removed in Stripe's own pages."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.gateways import stripe_gateway
from portal.gateways.stripe_gateway import KeptCard
from portal.organisations import audit
from portal.payments.actions.accounts import client_of
from portal.payments.actions.card_removal import remove
from portal.payments.actions.cards import forget_customer
from portal.payments.cards import queries
from portal.payments.cards.models import SavedCard, StripeCustomer
from portal.payments.models import StripeAccount
from portal.shared.running import job_session


def look_at_card(organisation_id: int, account_id: int, remote_id: str) -> bool:
    """False: not a card that is kept here. Raises GatewayError."""
    with job_session(organisation_id) as session:
        kept = session.scalars(
            select(SavedCard).where(
                SavedCard.payment_method_id == remote_id, SavedCard.stripe_account_id == account_id,
                SavedCard.state == "kept",
            )
        ).one_or_none()  # fmt: skip
        client = client_of(session.get_one(StripeAccount, account_id))
    if kept is None:
        return False
    seen = stripe_gateway.retrieve_card(client, remote_id)
    with job_session(organisation_id) as session:
        queries.at_stripe(session, kept.customer_id, account_id, lock=True)
        card = queries.kept_card(session, kept.customer_id, lock=True)
        if card is None or card.payment_method_id != remote_id:
            return True  # another one was saved meanwhile
        if seen is None or seen.customer_id != card.stripe_customer:
            remove(session, card, by="stripe")
        else:
            _renew(session, card, seen)
    return True


def look_at_customer(organisation_id: int, account_id: int, remote_id: str) -> bool:
    """False: not a customer of ours. Raises GatewayError."""
    with job_session(organisation_id) as session:
        known = select(StripeCustomer.id).where(
            StripeCustomer.remote_id == remote_id, StripeCustomer.stripe_account_id == account_id
        )
        is_ours = session.scalar(known) is not None
        client = client_of(session.get_one(StripeAccount, account_id))
    if is_ours and not stripe_gateway.has_customer(client, remote_id):
        forget_customer(organisation_id, remote_id)
    return is_ours


def _renew(session: Session, card: SavedCard, seen: KeptCard) -> None:
    before = (card.words, card.until)
    card.brand, card.last4 = seen.brand[:40], seen.last4[:4]
    card.exp_month, card.exp_year = seen.exp_month, seen.exp_year
    if before != (card.words, card.until):
        audit.note(
            session, card.organisation_id, "card renewed", "customer", card.customer_id,
            words=f"{before[0]}, until {before[1]}, is now {card.words}, until {card.until}",
        )  # fmt: skip

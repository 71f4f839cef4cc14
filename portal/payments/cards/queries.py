"""Reads about saved cards."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.payments.cards.models import CardConsent, SavedCard, StripeCustomer


def kept_card(session: Session, customer_id: int, *, lock: bool = False) -> SavedCard | None:
    wanted = select(SavedCard).where(SavedCard.customer_id == customer_id, SavedCard.state == "kept")
    if lock:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    return session.scalars(wanted).one_or_none()


def cards_of(session: Session, customer_id: int) -> Sequence[tuple[SavedCard, CardConsent]]:
    """Every card that was ever saved, with what was agreed to, newest first."""
    rows = session.execute(
        select(SavedCard, CardConsent)
        .join(CardConsent, CardConsent.id == SavedCard.consent_id)
        .where(SavedCard.customer_id == customer_id)
        .order_by(SavedCard.id.desc())
        .limit(20)
    ).all()
    return [(card, consent) for card, consent in rows]


def consent_to(session: Session, attempt_id: int) -> CardConsent | None:
    """What was agreed to first with this payment; repeats say the same."""
    return session.scalars(
        select(CardConsent).where(CardConsent.attempt_id == attempt_id).order_by(CardConsent.id).limit(1)
    ).one_or_none()


def at_stripe(
    session: Session, customer_id: int, account_id: int, *, lock: bool = False
) -> StripeCustomer | None:  # fmt: skip
    """Who the customer is there. Its lock is what all who change this customer's cards take, after the invoice's."""
    wanted = select(StripeCustomer).where(
        StripeCustomer.customer_id == customer_id, StripeCustomer.stripe_account_id == account_id
    )
    if lock:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    return session.scalars(wanted).one_or_none()

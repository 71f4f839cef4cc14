"""Saving a card: who the customer is at Stripe, what they agreed to, and the card that Stripe then keeps."""

import logging
import uuid
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from portal.customers.models import Customer
from portal.gateways import stripe_gateway
from portal.gateways.errors import GatewayError
from portal.gateways.stripe_gateway import KeptCard
from portal.invoices.models import Invoice
from portal.organisations import audit
from portal.payments import queries as payments
from portal.payments import rules
from portal.payments.actions.accounts import client_of_key, key_of
from portal.payments.actions.autopay import begin_autopay
from portal.payments.actions.card_removal import remove
from portal.payments.cards import queries
from portal.payments.cards.models import CardConsent, SavedCard, StripeCustomer
from portal.payments.cards.rules import BEGINS_AUTOPAY, KEEPS, OFFERS_SAVED
from portal.payments.models import PaymentAttempt
from portal.payments.rules import CannotPay
from portal.shared import clock, running
from portal.shared.running import job_session

log = logging.getLogger(__name__)


class CannotKeepCard(CannotPay):
    """The payment itself would work; the card cannot be kept at this moment, or is not there any more."""


@dataclass(frozen=True)
class CardWish:
    """
    use    as cards.rules says
    words  what was agreed to, in this language, on the page of this link; "" where nothing was
    """

    use: str
    words: str
    language: str
    pay_link_id: int


def introduce_customer(organisation_id: int, invoice_id: int) -> None:
    """See to it that Stripe knows this invoice's customer. Calls Stripe between short transactions of its own.

    Raises CannotKeepCard, and GatewayError when Stripe does not answer.
    """
    with job_session(organisation_id) as session:
        invoice, account = session.get_one(Invoice, invoice_id), payments.live_account(session)
        if account is None:
            raise CannotPay("Card payment is not set up yet. Please ask the firm how to pay.")
        known = _row(session, invoice.customer_id, account.id, organisation_id)
        if known.remote_id is not None:
            return
        customer = session.get_one(Customer, invoice.customer_id)
        row_id, key, idempotency = known.id, key_of(account), f"customer-{known.key}"
    metadata = {
        "app": rules.APP, "env": running.here().settings.environment, "tenant": str(organisation_id),
        "customer": str(customer.id),
    }  # fmt: skip
    try:
        remote_id = stripe_gateway.create_customer(
            client_of_key(key, retries=1), key=idempotency, name=customer.name, email=customer.email, metadata=metadata
        )
    except GatewayError as problem:
        if problem.retryable:
            raise
        _forget_key(organisation_id, row_id, invoice_id, problem)
        raise CannotKeepCard("The card cannot be saved at the moment.") from problem
    with job_session(organisation_id) as session:
        session.get_one(StripeCustomer, row_id, with_for_update=True).remote_id = remote_id


def agree(session: Session, attempt: PaymentAttempt, customer_id: int, wish: CardWish) -> None:
    """Keep what was agreed to with this attempt. Does not commit.

    Raises CannotKeepCard for a saved card that is gone.
    """
    if wish.use in OFFERS_SAVED and queries.kept_card(session, customer_id) is None:
        raise CannotKeepCard("This card is not saved any more.")
    if wish.use not in KEEPS:
        return
    same = select(CardConsent.id).where(
        CardConsent.attempt_id == attempt.id, CardConsent.pay_link_id == wish.pay_link_id,
        CardConsent.words == wish.words,
    )  # fmt: skip
    if session.scalar(same.limit(1)) is None:
        session.add(
            CardConsent(
                organisation_id=attempt.organisation_id, customer_id=customer_id, attempt_id=attempt.id,
                pay_link_id=wish.pay_link_id, language=wish.language, words=wish.words,
                with_autopay=attempt.card_use in BEGINS_AUTOPAY,
            )
        )  # fmt: skip
        session.flush()


def keep_card(session: Session, attempt: PaymentAttempt, customer_id: int, kept: KeptCard) -> SavedCard | None:
    """The card of a payment that has arrived, once, in place of the one before. Does not commit.

    None where nothing was agreed to. A card that was removed meanwhile stays removed.
    """
    consent = queries.consent_to(session, attempt.id)
    owner = queries.at_stripe(session, customer_id, attempt.stripe_account_id, lock=True)
    if consent is None or owner is None or owner.remote_id != kept.customer_id:
        log.error("stripe kept a card that nobody asked it to keep", extra={"attempt_id": attempt.id})
        return None
    known = session.scalars(
        select(SavedCard).where(SavedCard.payment_method_id == kept.payment_method_id)
    ).one_or_none()
    if known is not None:
        if known.state == "kept" and consent.with_autopay:
            begin_autopay(session, known)
        return known if known.state == "kept" else None
    before = queries.kept_card(session, customer_id, lock=True)
    if before is not None:
        remove(session, before, by="replaced")
    card = SavedCard(
        organisation_id=attempt.organisation_id, customer_id=customer_id,
        stripe_account_id=attempt.stripe_account_id, consent_id=consent.id, stripe_customer=kept.customer_id,
        payment_method_id=kept.payment_method_id, brand=kept.brand[:40], last4=kept.last4[:4],
        exp_month=kept.exp_month, exp_year=kept.exp_year, state="kept", look_at=clock.now(),
    )  # fmt: skip
    session.add(card)
    session.flush()
    audit.note(
        session, card.organisation_id, "card saved", "customer", customer_id, by=audit.CUSTOMER,
        words=f"Card saved on the pay page: {card.words}",
    )  # fmt: skip
    if consent.with_autopay:
        begin_autopay(session, card)
    return card


def forget_customer(organisation_id: int, remote_id: str) -> None:
    """Somebody has deleted it at Stripe, and its card with it: the next wish makes another."""
    with job_session(organisation_id) as session:
        row = session.scalars(
            select(StripeCustomer).where(StripeCustomer.remote_id == remote_id).with_for_update()
        ).one_or_none()
        if row is None:
            return
        row.remote_id, row.key = None, uuid.uuid4()
        card = queries.kept_card(session, row.customer_id, lock=True)
        if card is not None and card.stripe_customer == remote_id:
            remove(session, card, by="stripe")


def _row(session: Session, customer_id: int, account_id: int, organisation_id: int) -> StripeCustomer:
    known = queries.at_stripe(session, customer_id, account_id)
    if known is None:
        fresh = insert(StripeCustomer).values(
            organisation_id=organisation_id, customer_id=customer_id, stripe_account_id=account_id, key=uuid.uuid4()
        )
        session.execute(fresh.on_conflict_do_nothing())
        known = session.scalars(
            select(StripeCustomer).where(
                StripeCustomer.customer_id == customer_id, StripeCustomer.stripe_account_id == account_id
            )
        ).one()
    return known


def _forget_key(organisation_id: int, row_id: int, invoice_id: int, problem: GatewayError) -> None:
    """Stripe answers the same for the same key: the next one who wishes is to be asked for anew. Staff read why."""
    with job_session(organisation_id) as session:
        row = session.get_one(StripeCustomer, row_id, with_for_update=True)
        if row.remote_id is None:
            row.key = uuid.uuid4()
        audit.note(
            session, organisation_id, "card not saved", "invoice", invoice_id,
            words=f"The customer's card could not be saved. {problem.words}",
        )  # fmt: skip

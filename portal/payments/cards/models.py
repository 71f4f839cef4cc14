"""Saved cards, and what their owners agreed to. The cards themselves are at Stripe: here is what tells them apart."""

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, String, Text, UniqueConstraint, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.shared.db import Base, Tenant, belongs_to, referenced


class StripeCustomer(Tenant, Base):
    """Who a customer of the firm is at Stripe; made the first time they save a card.

    key        idempotency key under which Stripe was, or will be, asked to make it
    remote_id  cus_…; None until Stripe has answered
    """

    __tablename__ = "stripe_customers"
    __table_args__ = (
        belongs_to("customers", "customer_id"),
        belongs_to("stripe_accounts", "stripe_account_id"),
        UniqueConstraint("organisation_id", "customer_id", "stripe_account_id"),
    )

    customer_id: Mapped[int] = mapped_column(BigInteger)
    stripe_account_id: Mapped[int] = mapped_column(BigInteger)
    key: Mapped[uuid.UUID] = mapped_column(Uuid)
    remote_id: Mapped[str | None] = mapped_column(String(80))


class CardConsent(Tenant, Base):
    """What somebody ticked on the pay page, word for word. Never changed, never deleted: it is the evidence.

    words      as they stood on the page, in its language
    attempt_id the payment by which it was agreed to; without that payment it means nothing
    """

    __tablename__ = "card_consents"
    __table_args__ = (
        referenced(),
        belongs_to("customers", "customer_id"),
        belongs_to("payment_attempts", "attempt_id"),
        belongs_to("pay_links", "pay_link_id"),
    )

    customer_id: Mapped[int] = mapped_column(BigInteger, index=True)
    attempt_id: Mapped[int] = mapped_column(BigInteger, index=True)
    pay_link_id: Mapped[int] = mapped_column(BigInteger)
    language: Mapped[str] = mapped_column(String(5))
    words: Mapped[str] = mapped_column(Text)
    with_autopay: Mapped[bool]


class SavedCard(Tenant, Base):
    """One card of a customer. At most one is kept for each: saving another takes its place.

    state    kept; removing: of no use here any more, Stripe is still to forget it; removed
    ended_by customer | staff | replaced | stripe | account
    """

    __tablename__ = "saved_cards"
    __table_args__ = (
        referenced(),
        belongs_to("customers", "customer_id"),
        belongs_to("stripe_accounts", "stripe_account_id"),
        belongs_to("card_consents", "consent_id"),
        UniqueConstraint("organisation_id", "payment_method_id"),
        Index("uq_saved_cards_kept", "customer_id", unique=True, postgresql_where=text("state = 'kept'")),
        Index("ix_saved_cards_removing", "look_at", postgresql_where=text("state = 'removing'")),
        CheckConstraint("state IN ('kept', 'removing', 'removed')", name="state"),
    )

    customer_id: Mapped[int] = mapped_column(BigInteger, index=True)
    stripe_account_id: Mapped[int] = mapped_column(BigInteger)
    consent_id: Mapped[int] = mapped_column(BigInteger)
    stripe_customer: Mapped[str] = mapped_column(String(80))
    payment_method_id: Mapped[str] = mapped_column(String(80))
    brand: Mapped[str] = mapped_column(String(40))
    last4: Mapped[str] = mapped_column(String(4))
    exp_month: Mapped[int]
    exp_year: Mapped[int]
    state: Mapped[str] = mapped_column(String(10), default="kept")
    ended_by: Mapped[str] = mapped_column(String(10), default="")
    ended_at: Mapped[datetime | None]
    look_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str] = mapped_column(String(300), default="")

    @property
    def words(self) -> str:
        """What its owner recognises."""
        return card_words(self.brand, self.last4)

    @property
    def until(self) -> str:
        return f"{self.exp_month:02d}/{self.exp_year % 100:02d}"


def card_words(brand: str, last4: str) -> str:
    return f"{brand} •••• {last4}"

"""Money that goes back, and money that a bank takes back."""

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, String, UniqueConstraint, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.shared.db import Base, Tenant, belongs_to, referenced
from portal.shared.money import Money

UNDER_WAY = ("planned", "pending")
COUNTS = (*UNDER_WAY, "succeeded")
AT_STRIPE = "stripe:"  # begins the form id of one that was made in Stripe's own pages
BOOKED = "books-"  # begins the form id of one that was made in the linked books; its id there follows


class Refund(Tenant, Base):
    """Committed before Stripe hears of it; its public id is the idempotency key. Its amounts never change.

    tip_minor  what goes back of the payment's tip, beside the amount: the books know of no tips
    beyond_minor  what left Stripe beside both although it had gone back another way: no invoice and no credit of the
           customer loses it, and a person says how that was settled
    way    stripe, cash, bank_transfer; dispute (the bank took it back, and may return it)
    state  planned (no answer of Stripe yet), pending, succeeded; failed (the bank sent it back), refused (by Stripe)
    """

    __tablename__ = "refunds"
    __table_args__ = (
        referenced(),
        belongs_to("payments", "payment_id"),
        belongs_to("credit_notes", "credit_note_id"),
        UniqueConstraint("organisation_id", "form_id"),
        UniqueConstraint("organisation_id", "remote_id"),
        Index("ix_refunds_twice", "organisation_id", "payment_id", postgresql_where=text("beyond_minor > 0")),
        CheckConstraint("amount_minor >= 0 AND tip_minor >= 0 AND beyond_minor >= 0", name="parts"),
        CheckConstraint("amount_minor + tip_minor + beyond_minor > 0", name="amount"),
        CheckConstraint("from_purse_minor >= 0", name="purse"),
        CheckConstraint("way IN ('stripe', 'cash', 'bank_transfer', 'dispute')", name="way"),
        CheckConstraint("state IN ('planned', 'pending', 'succeeded', 'failed', 'refused')", name="state"),
    )

    payment_id: Mapped[int] = mapped_column(BigInteger, index=True)
    credit_note_id: Mapped[int | None] = mapped_column(BigInteger, index=True)  # the note that takes its place
    public_id: Mapped[uuid.UUID] = mapped_column(Uuid, unique=True, default=uuid.uuid4)
    amount_minor: Mapped[int]
    tip_minor: Mapped[int] = mapped_column(server_default="0")
    beyond_minor: Mapped[int] = mapped_column(server_default="0")
    settled_at: Mapped[datetime | None]  # of what is beyond
    settled_how: Mapped[str] = mapped_column(String(200), server_default="")
    currency: Mapped[str] = mapped_column(String(3))
    way: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(200))
    from_purse_minor: Mapped[int] = mapped_column(server_default="0")  # of cash: out of the purse of who gave it back
    refunded_by: Mapped[int | None] = mapped_column(BigInteger)  # None: made at Stripe itself
    form_id: Mapped[str | None] = mapped_column(String(60))
    state: Mapped[str] = mapped_column(String(10))
    remote_id: Mapped[str | None] = mapped_column(String(80))
    look_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str] = mapped_column(String(300), default="")

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def tip(self) -> Money:
        return Money(self.tip_minor or 0, self.currency)

    @property
    def beyond(self) -> Money:
        return Money(self.beyond_minor or 0, self.currency)

    @property
    def is_of_note(self) -> bool:
        """A credit note gave it back, and takes its place: it is named after the note's form."""
        return not self.is_unasked and ":" in (self.form_id or "")

    @property
    def is_unasked(self) -> bool:
        """Nobody here gave it back: the bank took it, or somebody made it in Stripe's own pages."""
        return self.way == "dispute" or (self.form_id or "").startswith(AT_STRIPE)

    @property
    def all_of_it(self) -> Money:
        """What the customer gets."""
        return self.amount + self.tip + self.beyond


class Dispute(Tenant, Base):
    """A cardholder asks, or takes the money back, as Stripe said when it was last asked.

    withdrawn_minor  what Stripe holds back now; nothing for an inquiry, and after the money came back
    """

    __tablename__ = "disputes"
    __table_args__ = (belongs_to("payments", "payment_id"), UniqueConstraint("organisation_id", "remote_id"))

    payment_id: Mapped[int] = mapped_column(BigInteger, index=True)
    remote_id: Mapped[str] = mapped_column(String(80))
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    status: Mapped[str] = mapped_column(String(40))
    reason: Mapped[str] = mapped_column(String(60))
    due_at: Mapped[datetime | None]
    withdrawn_minor: Mapped[int]

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def withdrawn(self) -> Money:
        return Money(self.withdrawn_minor, self.currency)

    @property
    def is_argued(self) -> bool:
        """More than an inquiry: Stripe gives nothing back of the charge, not even after it was won."""
        return not self.status.startswith("warning")

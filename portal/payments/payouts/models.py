"""What Stripe sends to the firm's bank: a payout, and the entries of the account that it is made of."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.shared.db import Base, Tenant, belongs_to, referenced
from portal.shared.money import Money

ON_ITS_WAY = ("pending", "in_transit")
SENT_BACK = ("failed", "canceled")


class Payout(Tenant, Base):
    """As Stripe said when it was last asked.

    is_automatic  Stripe says of which entries it is made; of one that was made by hand it never does
    is_complete   all its entries are here
    """

    __tablename__ = "payouts"
    __table_args__ = (
        referenced(),
        belongs_to("stripe_accounts", "stripe_account_id"),
        UniqueConstraint("organisation_id", "remote_id"),
        CheckConstraint("state IN ('pending', 'in_transit', 'paid', 'failed', 'canceled')", name="state"),
        Index("ix_payouts_look_at", "look_at", postgresql_where=text("look_at IS NOT NULL")),
    )

    stripe_account_id: Mapped[int] = mapped_column(BigInteger)
    remote_id: Mapped[str] = mapped_column(String(80))
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    state: Mapped[str] = mapped_column(String(12))
    arrives_on: Mapped[date]
    made_at: Mapped[datetime]
    is_automatic: Mapped[bool]
    is_complete: Mapped[bool] = mapped_column(default=False)
    why: Mapped[str] = mapped_column(String(100), default="")  # of one that the bank sent back
    look_at: Mapped[datetime | None]  # when Stripe is asked again; None: it is over, unless Stripe says something
    tries: Mapped[int] = mapped_column(default=0)

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


class PayoutEntry(Tenant, Base):
    """One entry of the Stripe account that went out with a payout. Never changed.

    Which payment it belongs to is asked when it is read: the payment may be booked later than its payout.
    kind  Stripe's word: charge, payment, refund, payment_refund, adjustment, payout_failure, stripe_fee …
    """

    __tablename__ = "payout_entries"
    __table_args__ = (
        belongs_to("payouts", "payout_id"),
        UniqueConstraint("organisation_id", "remote_id"),
        Index("ix_payout_entries_payment", "organisation_id", "remote_payment_id"),
        Index("ix_payout_entries_source", "organisation_id", "source_id"),
    )

    payout_id: Mapped[int] = mapped_column(BigInteger, index=True)
    remote_id: Mapped[str] = mapped_column(String(80))
    kind: Mapped[str] = mapped_column(String(60))
    amount_minor: Mapped[int]
    net_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    happened_at: Mapped[datetime]
    words: Mapped[str] = mapped_column(String(200))
    remote_payment_id: Mapped[str] = mapped_column(String(80))
    source_id: Mapped[str] = mapped_column(String(80))

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def net(self) -> Money:
        return Money(self.net_minor, self.currency)

    @property
    def fee(self) -> Money:
        return self.amount - self.net

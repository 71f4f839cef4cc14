"""Autopay of a customer, and what becomes of each invoice under it."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.shared.db import Base, Tenant, belongs_to, referenced
from portal.shared.money import Money


class Autopay(Tenant, Base):
    """A customer's wish that later invoices are charged to one saved card. At most one stands; what ended stays.

    look_at  when the worker looks next for invoices to announce
    """

    __tablename__ = "autopays"
    __table_args__ = (
        referenced(),
        belongs_to("customers", "customer_id"),
        belongs_to("saved_cards", "saved_card_id"),
        Index("uq_autopays_stands", "customer_id", unique=True, postgresql_where=text("ended_at IS NULL")),
        Index("ix_autopays_due", "look_at", postgresql_where=text("ended_at IS NULL")),
    )

    customer_id: Mapped[int] = mapped_column(BigInteger)
    saved_card_id: Mapped[int] = mapped_column(BigInteger, index=True)
    look_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str] = mapped_column(String(10), server_default="")  # customer | staff | card


class AutopayRun(Tenant, Base):
    """One invoice under autopay, from its announcement on.

    state            waiting; stopped: the customer has to pay it themselves; done: nothing left to charge
    announced_minor  what the customer was told: never more is charged
    tries            refusals of the bank so far
    """

    __tablename__ = "autopay_runs"
    __table_args__ = (
        belongs_to("autopays", "autopay_id"),
        belongs_to("invoices", "invoice_id"),
        belongs_to("messages", "message_id"),
        UniqueConstraint("organisation_id", "invoice_id"),
        Index("ix_autopay_runs_due", "next_try_at", postgresql_where=text("state = 'waiting'")),
        CheckConstraint("state IN ('waiting', 'stopped', 'done')", name="state"),
        CheckConstraint("announced_minor > 0", name="announced"),
    )

    autopay_id: Mapped[int] = mapped_column(BigInteger, index=True)
    invoice_id: Mapped[int] = mapped_column(BigInteger)
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    announced_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    charge_on: Mapped[date]
    next_try_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(server_default="0")
    state: Mapped[str] = mapped_column(String(10), server_default="waiting")
    words: Mapped[str] = mapped_column(String(300), server_default="")

    @property
    def announced(self) -> Money:
        return Money(self.announced_minor, self.currency)

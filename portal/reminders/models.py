"""When a firm reminds, and which steps of which invoice have been taken."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from portal.shared.db import Base, Tenant, belongs_to


class ReminderPlan(Tenant, Base):
    """One for each firm that has looked at its reminders.

    days        when to remind, counted from the due day: -3 is three days before it, 0 on it
    from_hour, until_hour  when the customer's clock allows it: from the first, and not from the second on
    started_on  steps that fell before are not made up for
    """

    __tablename__ = "reminder_plans"
    __table_args__ = (
        UniqueConstraint("organisation_id"),
        CheckConstraint("0 <= from_hour AND from_hour < until_hour AND until_hour <= 24", name="hours"),
        Index("ix_reminder_plans_due", "look_at", postgresql_where=text("is_on")),
    )

    is_on: Mapped[bool] = mapped_column(default=False)
    days: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    from_hour: Mapped[int] = mapped_column(default=9)
    until_hour: Mapped[int] = mapped_column(default=18)
    words: Mapped[str] = mapped_column(String(500), default="")
    started_on: Mapped[date]
    look_at: Mapped[datetime]


class Reminder(Tenant, Base):
    """One step of one invoice, taken. The constraint sees to it that no step is taken twice."""

    __tablename__ = "reminders"
    __table_args__ = (
        belongs_to("invoices", "invoice_id"),
        belongs_to("messages", "message_id"),
        UniqueConstraint("organisation_id", "invoice_id", "step"),
    )

    invoice_id: Mapped[int] = mapped_column(BigInteger)
    step: Mapped[int]  # days after the due day; before it, less than 0
    message_id: Mapped[int | None] = mapped_column(BigInteger)

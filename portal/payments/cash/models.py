"""What technicians hand in of the cash they took, and what was counted. Never changed, never deleted."""

from sqlalchemy import BigInteger, CheckConstraint, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.shared.db import Base, Tenant, belongs_to, referenced
from portal.shared.money import Money


class HandIn(Tenant, Base):
    """The first of two confirmations: who took the money says how much they hand over."""

    __tablename__ = "cash_hand_ins"
    __table_args__ = (
        referenced(),
        belongs_to("people", "person_id"),
        UniqueConstraint("organisation_id", "form_id"),
        CheckConstraint("amount_minor > 0", name="amount"),
    )

    person_id: Mapped[int] = mapped_column(BigInteger)
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    note: Mapped[str] = mapped_column(String(200))
    form_id: Mapped[str] = mapped_column(String(40))

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


class Count(Tenant, Base):
    """The second one: somebody else has counted it. What is missing stays in the purse."""

    __tablename__ = "cash_counts"
    __table_args__ = (
        referenced(),
        belongs_to("cash_hand_ins", "hand_in_id"),
        belongs_to("people", "counted_by"),
        UniqueConstraint("hand_in_id"),
        CheckConstraint("counted_minor >= 0", name="amount"),
    )

    hand_in_id: Mapped[int] = mapped_column(BigInteger)
    counted_by: Mapped[int] = mapped_column(BigInteger)
    counted_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    note: Mapped[str] = mapped_column(String(200))

    @property
    def counted(self) -> Money:
        return Money(self.counted_minor, self.currency)


class CountReversal(Tenant, Base):
    """A count that was confirmed wrongly: the hand-in counts for nothing any more. All rows stay."""

    __tablename__ = "cash_count_reversals"
    __table_args__ = (
        belongs_to("cash_counts", "count_id"),
        belongs_to("people", "reversed_by"),
        UniqueConstraint("count_id"),
    )

    count_id: Mapped[int] = mapped_column(BigInteger)
    reversed_by: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(String(200))


class Repayment(Tenant, Base):
    """What somebody had given back out of their own pocket, paid to them out of the till by somebody else."""

    __tablename__ = "cash_repayments"
    __table_args__ = (
        belongs_to("people", "person_id"),
        belongs_to("people", "paid_by"),
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint("paid_by <> person_id", name="two"),
    )

    person_id: Mapped[int] = mapped_column(BigInteger)
    paid_by: Mapped[int] = mapped_column(BigInteger)
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

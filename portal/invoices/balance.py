"""What is still to pay of an invoice, and what of that a bank has under way."""

from datetime import date
from typing import NamedTuple

from sqlalchemy.orm import Mapped, mapped_column

from portal.shared.money import Money


class Due(NamedTuple):
    """How an invoice stands at this moment. under_way: what a bank was told to pay of the balance and has not yet."""

    balance: Money
    under_way: Money

    @property
    def to_pay(self) -> Money:
        """What anybody may pay, or be asked for, now: never what is on its way."""
        return max(self.balance - self.under_way, Money.zero(self.balance.currency))


class Sums:
    """The sums of an invoice as columns, computed by the database."""

    paid_minor: Mapped[int]
    balance_minor: Mapped[int]
    currency: Mapped[str] = mapped_column()
    last_paid_on: Mapped[date | None]
    credited_minor: Mapped[int]
    under_way_minor: Mapped[int]
    written_off_minor: Mapped[int]

    @property
    def credited(self) -> Money:
        return Money(self.credited_minor, self.currency)

    @property
    def paid(self) -> Money:
        return Money(self.paid_minor, self.currency)

    @property
    def written_off(self) -> Money:
        return Money(self.written_off_minor, self.currency)

    @property
    def is_written_off(self) -> bool:
        """Nothing is to pay, because the rest was given up. Money that goes back opens it again, by so much."""
        return self.written_off_minor > 0 and self.balance_minor <= 0

    @property
    def balance(self) -> Money:
        return Money(self.balance_minor, self.currency)

    @property
    def under_way(self) -> Money:
        return Money(self.under_way_minor, self.currency)

    @property
    def to_pay(self) -> Money:
        return Due(self.balance, self.under_way).to_pay

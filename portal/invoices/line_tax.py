"""What an invoice says of tax; on a line: which one, why, or why none, frozen when the invoice is sent."""

from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import BigInteger, Numeric, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.shared.money import Money
from portal.taxes.naming import at_rate, with_reason


class PrintedTax(NamedTuple):
    """One tax row as the customer reads it. is_inside: the prices have it inside."""

    name: str
    amount: Money
    is_inside: bool = False


class LineTax:
    """Columns of an invoice line."""

    tax_id: Mapped[int | None] = mapped_column(BigInteger)
    tax_name: Mapped[str] = mapped_column(String(100), default="")
    tax_rate: Mapped[Decimal] = mapped_column(Numeric(18, 6), default=Decimal(0))
    tax_why: Mapped[str] = mapped_column(String(200), default="")
    tax_reason: Mapped[str] = mapped_column(String(200), default="", server_default="")  # why it bears none
    tax_missing: Mapped[str] = mapped_column(String(200), default="", server_default="")  # what a draft still lacks
    tax_override: Mapped[str] = mapped_column(String(200), default="", server_default="")  # a person chose it: why
    place_of_supply: Mapped[str] = mapped_column(String(8), default="", server_default="")
    tax_treatment: Mapped[str] = mapped_column(String(40), default="", server_default="")
    hsn_sac: Mapped[str] = mapped_column(String(10), default="", server_default="")

    @property
    def is_untaxed(self) -> bool:
        """Neither a tax nor a reason: not the same as none to pay."""
        return self.tax_id is None and not self.tax_reason

    @property
    def tax_words(self) -> str:
        """The tax and why, in a few words; why there is none, where there is none."""
        return with_reason(self.tax_named, self.tax_why)

    @property
    def tax_named(self) -> str:
        """The tax with the rate of its day, where its name says another."""
        return at_rate(self.tax_name, self.tax_rate or Decimal(0))

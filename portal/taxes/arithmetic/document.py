"""What the arithmetic is given and what it gives back."""

from dataclasses import dataclass, replace
from decimal import Decimal

from portal.shared.money import Money, decimals_of

CHARGED = ("percent", "fixed_per_unit")  # the customer pays it
UNCHARGED = ("zero", "exempt", "out_of_scope")  # a row of its own, of nothing
REVERSE_CHARGE, WITHHOLDING = "reverse_charge", "withholding"
KINDS = (*CHARGED, *UNCHARGED, REVERSE_CHARGE, WITHHOLDING)


class Impossible(ValueError):
    """The document says something that cannot be. `path` names where, as in lines[2].taxes[0].rate."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path, self.why = path, why


@dataclass(frozen=True)
class LineTax:
    """One tax on a line.

    rate           percent; major units for one unit of quantity where kind is fixed_per_unit
    compound       reckoned on the price and other taxes: those in base_includes, or every tax that is not compound
    base_includes  keys of taxes on the same line; for a withholding: the taxes that join what is withheld from
    """

    key: str
    name: str
    rate: Decimal
    kind: str = "percent"
    compound: bool = False
    base_includes: tuple[str, ...] = ()

    @property
    def row(self) -> "LineTax":
        """By which rows are told apart: what a tax stands on is a matter of each line, and makes no other tax of it."""
        return replace(self, base_includes=()) if self.base_includes else self


@dataclass(frozen=True)
class Line:
    """quantity and unit_price in major units, exact; at most one of the discounts.

    key  what never changes about the line (its id): decides who gets a left-over cent, where the position must not
    """

    quantity: Decimal
    unit_price: Decimal
    taxes: tuple[LineTax, ...] = ()
    discount_percent: Decimal | None = None
    discount_amount: Decimal | None = None
    key: str = ""


@dataclass(frozen=True)
class Discount:
    """A discount on the whole document. kind percent | amount; applied before_tax | after_tax."""

    kind: str
    value: Decimal
    applied: str = "before_tax"


@dataclass(frozen=True)
class Charge:
    """Shipping and the like: its own taxes (inside, where prices include tax), no share of the document's discount."""

    amount: Decimal
    taxes: tuple[LineTax, ...] = ()


@dataclass(frozen=True)
class Policy:
    """How an organisation reckons.

    currency_decimals  as the linked books keep the currency (0 to 3); ours where not given
    """

    currency: str
    price_includes_tax: bool = False
    rounding: str = "document"  # | line
    rounding_mode: str = "half_up"
    round_total_to: Decimal | None = None
    currency_decimals: int | None = None

    @property
    def decimals(self) -> int:
        return decimals_of(self.currency) if self.currency_decimals is None else self.currency_decimals


@dataclass(frozen=True)
class TaxRow:
    """One printed tax row: base × rate = amount, rounded once (or once a line).

    A reverse charge states what the customer owes and stands in no total; a withholding is negative.
    """

    key: str
    name: str
    rate: Decimal
    kind: str
    base: Money
    amount: Money

    @property
    def is_charged(self) -> bool:
        return self.kind in CHARGED


@dataclass(frozen=True)
class LineParts:
    """One line (or charge) to the end: total as printed, its share of a discount before tax, what is left of it net of
    tax, and its share in base and amount of each row of taxes (nothing where it does not bear that tax)."""

    total: Money
    discount_share: Money
    net: Money
    bases: tuple[Money, ...]
    taxes: tuple[Money, ...]


@dataclass(frozen=True)
class Breakdown:
    """Every printed part. total = subtotal + tax_total + adjustment + rounding_adjustment, exactly.

    line_totals     after the line's discount, before the document's; tax inside where prices include it
    gross_subtotal  their sum
    discount        on the document
    subtotal        net of tax, after every discount and with the charges
    charges         the part of subtotal that is charges
    tax_total       charged taxes only: no withholding, no reverse charge
    withholding     negative: amount_due = total + withholding - prepaid
    lines           how each line, then each charge, shares in all this
    """

    line_totals: tuple[Money, ...]
    gross_subtotal: Money
    discount: Money
    subtotal: Money
    taxes: tuple[TaxRow, ...]
    tax_total: Money
    withholding: Money
    adjustment: Money
    rounding_adjustment: Money
    total: Money
    amount_due: Money
    charges: Money
    lines: tuple[LineParts, ...]

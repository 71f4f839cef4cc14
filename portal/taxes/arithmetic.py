"""The arithmetic of a document: lines, taxes and policy in, printed parts that add up out. Pure and exact.

Steps are numbered as in the specification of the arithmetic (order for an exclusive invoice). Covered so far: exclusive
prices, percent, zero, exempt and out-of-scope taxes, rounding once per tax on the document. Everything else the types
can say is refused by name, never reckoned wrongly.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Decimal, localcontext

from portal.shared.money import Money

ROUNDING: Mapping[str, str] = {
    "half_up": ROUND_HALF_UP,  # away from zero, as Zoho does
    "half_down": ROUND_HALF_DOWN,
    "half_even": ROUND_HALF_EVEN,
    "down": ROUND_DOWN,
    "up": ROUND_UP,
}
CHARGED = ("percent",)
UNCHARGED = ("zero", "exempt", "out_of_scope")
_PRECISION = 60


class NotCovered(ValueError):
    """The document says something that the arithmetic does not reckon yet."""


@dataclass(frozen=True)
class LineTax:
    """One tax on a line. rate in percent; base_includes: keys of the taxes that a compound tax is reckoned on."""

    key: str
    name: str
    rate: Decimal
    kind: str = "percent"
    compound: bool = False
    base_includes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Line:
    """quantity and unit_price in major units, exact; at most one of the discounts."""

    quantity: Decimal
    unit_price: Decimal
    taxes: tuple[LineTax, ...] = ()
    discount_percent: Decimal | None = None
    discount_amount: Decimal | None = None


@dataclass(frozen=True)
class Discount:
    """A discount on the whole document. kind percent | amount; applied before_tax | after_tax."""

    kind: str
    value: Decimal
    applied: str = "before_tax"


@dataclass(frozen=True)
class Charge:
    """Shipping and the like: its own taxes, no share of the document's discount."""

    amount: Decimal
    taxes: tuple[LineTax, ...] = ()


@dataclass(frozen=True)
class Policy:
    """How an organisation reckons."""

    currency: str
    price_includes_tax: bool = False
    rounding: str = "document"  # | line
    rounding_mode: str = "half_up"
    round_total_to: Decimal | None = None


@dataclass(frozen=True)
class TaxRow:
    """One printed tax row: base × rate = amount, rounded once."""

    key: str
    name: str
    rate: Decimal
    kind: str
    base: Money
    amount: Money


@dataclass(frozen=True)
class Breakdown:
    """Every printed part. total = subtotal + tax_total + adjustment + rounding_adjustment, exactly."""

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


def reckon(
    lines: tuple[Line, ...], policy: Policy, *, discount: Discount | None = None, charges: tuple[Charge, ...] = (),
    adjustment: Decimal = Decimal(0), prepaid: Decimal = Decimal(0),
) -> Breakdown:  # fmt: skip
    """The breakdown of one document.

    adjustment  signed, untaxed, after tax; major units
    prepaid     what has been paid before; major units
    Raises NotCovered, NotWholeMinorUnits (an adjustment finer than the currency).
    """
    _refuse_what_is_not_covered(lines, policy, discount, charges)
    currency, mode = policy.currency, ROUNDING[policy.rounding_mode]
    zero = Money.zero(currency)
    with localcontext(prec=_PRECISION):
        totals = tuple(Money.rounded(line.quantity * line.unit_price, currency, mode) for line in lines)  # step 1
        subtotal = Money.total(totals, currency)  # step 3
        rows = _tax_rows(lines, totals, currency, mode)  # step 5
    tax_total = Money.total((row.amount for row in rows), currency)
    adjusted = Money.of(adjustment, currency)
    total = subtotal + tax_total + adjusted  # step 8
    return Breakdown(
        line_totals=totals, gross_subtotal=subtotal, discount=zero, subtotal=subtotal, taxes=rows,
        tax_total=tax_total, withholding=zero, adjustment=adjusted, rounding_adjustment=zero, total=total,
        amount_due=total - Money.of(prepaid, currency),
    )  # fmt: skip


def _tax_rows(lines: tuple[Line, ...], totals: tuple[Money, ...], currency: str, mode: str) -> tuple[TaxRow, ...]:
    """One row per tax, its base summed over the lines that bear it, rounded once."""
    bases: dict[LineTax, Money] = {}
    for line, total in zip(lines, totals, strict=True):
        for tax in line.taxes:
            bases[tax] = bases.get(tax, Money.zero(currency)) + total
    return tuple(
        TaxRow(tax.key, tax.name, tax.rate, tax.kind, base, _tax_of(base, tax, mode)) for tax, base in bases.items()
    )


def _tax_of(base: Money, tax: LineTax, mode: str) -> Money:
    if tax.kind in UNCHARGED:
        return Money.zero(base.currency)
    return base.times(tax.rate / 100, mode)


def _refuse_what_is_not_covered(
    lines: tuple[Line, ...], policy: Policy, discount: Discount | None, charges: tuple[Charge, ...]
) -> None:
    said = {
        "prices that include tax": policy.price_includes_tax,
        "rounding per line": policy.rounding != "document",
        "rounding of the total": policy.round_total_to is not None,
        "a discount on the document": discount is not None,
        "charges": bool(charges),
        "a discount on a line": any(line.discount_percent or line.discount_amount for line in lines),
        "compound taxes": any(tax.compound for line in lines for tax in line.taxes),
        "a tax of another kind": any(t.kind not in CHARGED + UNCHARGED for line in lines for t in line.taxes),
    }
    for what, is_said in said.items():
        if is_said:
            raise NotCovered(what)

"""A document's amounts in the currency of the books. One way only: documents are never re-reckoned from these."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from portal.shared.money import Money
from portal.taxes.arithmetic.document import Breakdown, Policy
from portal.taxes.arithmetic.rounding import rounded, share_out


@dataclass(frozen=True)
class InBaseCurrency:
    """subtotal + taxes (only the charged rows) + adjustment + rounding_adjustment = total, exactly."""

    subtotal: Money
    taxes: tuple[Money, ...]
    adjustment: Money
    rounding_adjustment: Money
    total: Money


def in_base_currency(breakdown: Breakdown, policy: Policy, rate: Decimal, base: Policy) -> InBaseCurrency:
    """rate: units of the base currency for one unit of the document's. The total is rounded, the rows share it."""
    factor = Fraction(rate) * Fraction(10) ** (base.decimals - policy.decimals)
    charged = [row for row in breakdown.taxes if row.is_charged]
    rows = [breakdown.subtotal, *(row.amount for row in charged), breakdown.adjustment, breakdown.rounding_adjustment]
    names = ["subtotal", *(f"tax {row.key} {row.rate}" for row in charged), "~adjustment", "~rounding"]
    total = rounded(breakdown.total.minor * factor, base.rounding_mode)
    shares = [Money(minor, base.currency) for minor in share_out(total, [row.minor * factor for row in rows], names)]
    return InBaseCurrency(shares[0], tuple(shares[1:-2]), shares[-2], shares[-1], Money(total, base.currency))

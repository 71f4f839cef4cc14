"""Which settings go together, on plain values."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from portal.shared.errors import RuleBroken

DISCOUNT_STYLES = {
    "free": "On lines or on the whole invoice",
    "none": "We give no discounts",
    "line": "On lines only",
    "before_tax": "On the whole invoice, before tax: less tax is due",
    "after_tax": "On the whole invoice, after tax: the tax stays",
}
ROUNDINGS = {"document": "Once for each tax of the invoice", "line": "On each line"}
MODES = {
    "half_up": "to the nearest, a half goes up",
    "half_down": "to the nearest, a half goes down",
    "half_even": "to the nearest, a half goes to the even one",
    "down": "always down",
    "up": "always up",
}
# What a country's invoices are usually rounded to, for the hint beside the field.
USUAL_INCREMENTS = {"CH": Decimal("0.05"), "IN": Decimal(1)}


class CannotSettle(RuleBroken):
    """The settings do not go together, or not with this country."""


def ways_to_price(pack: Mapping[str, Any]) -> dict[str, str]:
    """What the form offers for "Prices are", as far as the country's books allow."""
    ways = {"no": "without tax", "yes": "with tax inside"}
    return ways if pack.get("inclusive", True) else {"no": ways["no"]}


def check_settings(pack: Mapping[str, Any], *, rounding: str, price_includes_tax: bool) -> None:
    """pack: of the firm's country, as taxes.regions reads it. Raises CannotSettle."""
    if rounding not in pack.get("rounding", ROUNDINGS):
        raise CannotSettle(
            "The law of your country wants the tax rounded once for each rate. Choose: once for each tax.",
            field="tax_rounding",
        )
    if price_includes_tax and not pack.get("inclusive", True):
        raise CannotSettle(
            "Prices with tax inside cannot be kept in the books of your country. Choose prices without tax.",
            field="price_includes_tax",
        )

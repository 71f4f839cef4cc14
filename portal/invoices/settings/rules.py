"""Which settings go together, on plain values."""

from decimal import Decimal

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
_ROUNDED_ONCE = ("JP",)  # one rounding for each rate of the invoice, by law
_NEVER_INCLUSIVE = ("US", "CA")  # the books of these editions know no prices with tax inside


class CannotSettle(RuleBroken):
    """The settings do not go together, or not with this country."""


def check_settings(country: str, *, rounding: str, price_includes_tax: bool) -> None:
    """Raises CannotSettle."""
    if rounding == "line" and country in _ROUNDED_ONCE:
        raise CannotSettle(
            "Japan's law wants the tax rounded once for each rate. Choose: once for each tax.", field="tax_rounding"
        )
    if price_includes_tax and country in _NEVER_INCLUSIVE:
        raise CannotSettle(
            "Prices with tax inside cannot be kept in the books of your country. Choose prices without tax.",
            field="price_includes_tax",
        )

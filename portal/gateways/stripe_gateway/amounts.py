"""Amounts as Stripe counts them: whole smallest units, with a few currencies of its own mind.

Source: Stripe's page on supported currencies. One table, used in both directions.
"""

from portal.shared.errors import RuleBroken
from portal.shared.money import Money, decimals_of

# ISK and UGX have no decimals, yet Stripe counts them in hundredths; MGA it counts in whole ariary.
_STRIPE_DECIMALS = {"ISK": 2, "UGX": 2, "MGA": 0}
# Stripe wants the last of three decimals to be zero.
_LAST_DIGIT_ZERO = ("BHD", "JOD", "KWD", "OMR", "TND")


class CannotCharge(RuleBroken):
    """An amount that no card payment can be made of."""


def to_stripe(amount: Money) -> int:
    """Stripe's integer for `amount`. Raises CannotCharge where there is none."""
    shift = _STRIPE_DECIMALS.get(amount.currency, decimals_of(amount.currency)) - decimals_of(amount.currency)
    if shift >= 0:
        units = amount.minor * int(10**shift)
    else:
        units, rest = divmod(amount.minor, int(10**-shift))
        if rest:
            raise CannotCharge(f"Cards take whole {amount.currency} only. Please pay this invoice another way.")
    if amount.currency in _LAST_DIGIT_ZERO and units % 10:
        raise CannotCharge(f"Cards take {amount.currency} with two decimals only. Please pay this invoice another way.")
    return units


def from_stripe(units: int, currency: str) -> Money:
    """The amount that Stripe means by `units` of `currency` (its lower-case code)."""
    currency = currency.upper()
    shift = _STRIPE_DECIMALS.get(currency, decimals_of(currency)) - decimals_of(currency)
    return Money(units // 10**shift if shift >= 0 else units * 10**-shift, currency)

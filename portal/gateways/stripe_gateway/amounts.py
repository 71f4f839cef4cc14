"""Amounts as Stripe counts them: whole smallest units, with a few currencies of its own mind.

Source: Stripe's page on supported currencies. One table, used in both directions and written out in full: it must not
follow ISO's decimals or the books' by accident. A test holds the three tables against each other.
"""

from portal.shared.errors import RuleBroken
from portal.shared.money import Money, decimals_of

_NO_DECIMALS = ("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF")
_THREE_DECIMALS = ("BHD", "JOD", "KWD", "OMR", "TND")  # and Stripe wants the last of them to be zero
# Not among Stripe's three-decimal currencies: how it would count them is not known, so nothing is charged in them.
_NOT_COUNTED = ("IQD", "LYD")


class CannotCharge(RuleBroken):
    """An amount that no card payment can be made of."""


def stripe_decimals(currency: str) -> int:
    """How many decimals Stripe counts. ISK and UGX have none any more, and are still counted in hundredths."""
    if currency in _NO_DECIMALS:
        return 0
    return 3 if currency in _THREE_DECIMALS else 2


def to_stripe(amount: Money) -> int:
    """Stripe's integer for `amount`. Raises CannotCharge where there is none."""
    currency = amount.currency
    if currency in _NOT_COUNTED:
        raise CannotCharge(f"Cards do not take {currency}. Please pay this invoice another way.")
    shift = stripe_decimals(currency) - decimals_of(currency)
    units, rest = divmod(amount.minor * 10 ** max(shift, 0), 10 ** max(-shift, 0))
    if rest or (currency in ("ISK", "UGX") and units % 100):
        raise CannotCharge(f"Cards take whole {currency} only. Please pay this invoice another way.")
    if currency in _THREE_DECIMALS and units % 10:
        raise CannotCharge(f"Cards take {currency} with two decimals only. Please pay this invoice another way.")
    return int(units)


def from_stripe(units: int, currency: str) -> Money:
    """The amount that Stripe means by `units` of `currency` (its lower-case code)."""
    currency = currency.upper()
    shift = stripe_decimals(currency) - decimals_of(currency)
    return Money(units // 10**shift if shift >= 0 else units * 10**-shift, currency)

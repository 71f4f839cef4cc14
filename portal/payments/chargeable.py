"""What amounts one card payment can be."""

from decimal import ROUND_HALF_UP, Decimal

from portal.gateways.stripe_gateway import CannotCharge, to_stripe
from portal.payments.rules import CannotPay
from portal.shared.money import Money

_A_ROUND_SUM = 100_000  # minor units: chargeable wherever anything is
_LARGEST_UNITS = 99_999_999  # Stripe takes eight digits

# The least that Stripe charges, in minor units. Source: its page on minimum amounts. Elsewhere Stripe itself says no.
_LEAST = {
    "AED": 200, "AUD": 50, "BGN": 100, "BRL": 50, "CAD": 50, "CHF": 50, "CZK": 1500, "DKK": 250, "EUR": 50, "GBP": 30,
    "HKD": 400, "HUF": 17500, "INR": 50, "JPY": 50, "MXN": 1000, "MYR": 200, "NOK": 300, "NZD": 50, "PLN": 200,
    "RON": 200, "SEK": 300, "SGD": 50, "THB": 1000, "USD": 50,
}  # fmt: skip
_UNFIT = {
    "too_small": "This is less than a card payment can be.",
    "too_large": "This is more than one card payment can be.",
    "not_exact": "Cards cannot take exactly this amount.",
}


def least_charge(currency: str) -> Money:
    return Money(_LEAST.get(currency, 1), currency)


def least_step(currency: str) -> int:
    """Minor units: what amounts have to be a multiple of, so that cards can pay them; 1 where no step is known."""
    return next((step for step in (1, 10, 100) if not unfit_for_cards(Money(_A_ROUND_SUM + step, currency))), 1)


def card_step(currency: str) -> Money | None:
    """The same as money, to be told beside a box; None where cards can pay any amount."""
    step = least_step(currency)
    return Money(step, currency) if step > 1 else None


def in_steps(amount: Money, rounding: str = ROUND_HALF_UP) -> Money:
    """The nearest that a card can pay of this currency; rounding as decimal has them."""
    step = least_step(amount.currency)
    return Money(int((Decimal(amount.minor) / step).to_integral_value(rounding)) * step, amount.currency)


def unfit_for_cards(amount: Money) -> str:
    """Why no card payment can be made of this: too_small | too_large | not_exact, or "" where one can.

    not_exact  Stripe counts this currency more coarsely than we do: 5.124 KWD would be charged as 5.120 or 5.130, and a
               payment never differs from its invoice in silence
    """
    if Money.zero(amount.currency) < amount < least_charge(amount.currency):
        return "too_small"
    try:
        units = to_stripe(amount)
    except CannotCharge:
        return "too_large" if amount.minor > _LARGEST_UNITS else "not_exact"
    return "too_large" if units > _LARGEST_UNITS else ""


def other_ways(balance: Money) -> str:
    """Why a card cannot pay this, and what can, for staff; "" where a card can."""
    least = least_charge(balance.currency)
    return {
        "": "",
        "too_small": f"A card payment is {least} at least. Take it in cash or by bank transfer.",
        "too_large": "This is more than one card payment can be. Take it by bank transfer, or in parts.",
        "not_exact": f"Cards cannot take exactly {balance}. Take it in cash or by bank transfer."
        " For the next ones, totals can be rounded in the settings, under Documents.",
    }[unfit_for_cards(balance)]


def check_chargeable(amount: Money) -> None:
    """Raises CannotPay for what no card payment can be."""
    reason = unfit_for_cards(amount)
    if reason:
        raise CannotPay(f"{_UNFIT[reason]} Please ask the firm how to pay it.")

"""Amounts that coins can pay. For cash only: a card payment, and the invoice itself, stay exact."""

from decimal import ROUND_HALF_UP, Decimal

from portal.shared.money import Money

# The smallest coin in use, in major units. Not every shop must round; none can give change below this.
SMALLEST_COIN = {
    "AUD": "0.05", "CAD": "0.05", "CHF": "0.05", "CZK": "1", "DKK": "0.50", "HUF": "5", "MYR": "0.05", "NOK": "1",
    "NZD": "0.10", "SEK": "1",
}  # fmt: skip
# Where the euro is paid in cash, these countries round to five cents and the others do not.
_EURO_BY_FIVE = ("BE", "FI", "IE", "IT", "NL")


def cash_rounded(money: Money, country: str) -> Money:
    """What is to be paid in coins where `money` is due in `country` (ISO code); half goes up."""
    coin = "0.05" if money.currency == "EUR" and country in _EURO_BY_FIVE else SMALLEST_COIN.get(money.currency)
    if coin is None:
        return money
    step = Money.of(coin, money.currency).minor
    pieces = (Decimal(money.minor) / step).quantize(Decimal(1), rounding=ROUND_HALF_UP)
    return Money(int(pieces) * step, money.currency)

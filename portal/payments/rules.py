"""Decisions about money coming in, on plain values."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from portal.shared.errors import RuleBroken
from portal.shared.money import Money

APP = "portal"  # in the metadata of everything of ours at Stripe
MOST_TRIES = 10
OPEN_FOR = timedelta(minutes=60)
# A Session this close to its end is replaced: Stripe's page would close under the customer's hands.
NEARLY_OVER = timedelta(minutes=5)
# Nobody needs this many payment pages for one invoice within an hour: somebody is trying out stolen cards.
MOST_SESSIONS, SESSIONS_WINDOW = 10, timedelta(hours=1)
_LARGEST_UNITS = 99_999_999  # Stripe takes eight digits

# The least that Stripe charges, in minor units. Source: its page on minimum amounts. Elsewhere Stripe itself says no.
_LEAST = {
    "AED": 200, "AUD": 50, "BGN": 100, "BRL": 50, "CAD": 50, "CHF": 50, "CZK": 1500, "DKK": 250, "EUR": 50, "GBP": 30,
    "HKD": 400, "HUF": 17500, "INR": 50, "JPY": 50, "MXN": 1000, "MYR": 200, "NOK": 300, "NZD": 50, "PLN": 200,
    "RON": 200, "SEK": 300, "SGD": 50, "THB": 1000, "USD": 50,
}  # fmt: skip


class CannotPay(RuleBroken):
    """No card payment can be begun; the sentence is for the customer."""


class NothingToPay(CannotPay):
    """It is paid, or void."""


class PaymentUnderWay(CannotPay):
    """A payment that Stripe has not finished yet."""


class TooManySessions(CannotPay):
    """No other Session is made for now. wait: how long that lasts."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__("This invoice was sent to the card page very often in a short time.")
        self.wait = wait


class CannotConnect(RuleBroken):
    """This Stripe key cannot be used; the sentence is for staff."""


def least_charge(currency: str) -> Money:
    return Money(_LEAST.get(currency, 1), currency)


def is_too_small(balance: Money) -> bool:
    """Less than a card payment can be."""
    return Money.zero(balance.currency) < balance < least_charge(balance.currency)


def check_payable(status: str, balance: Money) -> None:
    """Raises NothingToPay, CannotPay."""
    if status != "sent":
        raise NothingToPay("This invoice is void: there is nothing to pay.")
    if balance <= Money.zero(balance.currency):
        raise NothingToPay("This invoice is paid.")
    if is_too_small(balance):
        raise CannotPay("This is less than a card payment can be. Please ask the firm how to pay it.")
    if balance.minor > _LARGEST_UNITS:
        raise CannotPay("This is more than one card payment can be. Please ask the firm how to pay it.")


def check_pace(made_at: Sequence[datetime], now: datetime) -> None:
    """Raises TooManySessions when an invoice has had its Sessions of this hour.

    made_at  of its latest Sessions, newest first, MOST_SESSIONS at least where there are that many
    """
    if len(made_at) >= MOST_SESSIONS:
        wait = made_at[MOST_SESSIONS - 1] + SESSIONS_WINDOW - now
        if wait > timedelta(0):
            raise TooManySessions(wait)


def next_look(age: timedelta, *, is_processing: bool = False) -> timedelta:
    """When to ask Stripe again about an attempt begun `age` ago: often at first, then every quarter of an hour.

    Bank debits take days, so those are asked about once an hour.
    """
    if is_processing and age > timedelta(hours=1):
        return timedelta(hours=1)
    minutes = age.total_seconds() / 60
    wait = next((wait for before, wait in ((1, 1), (3, 2), (8, 5)) if minutes < before), 15)
    return timedelta(minutes=wait)


def retry_in(tries: int) -> timedelta:
    """How long a stored event waits after its `tries`-th failure (1 is the first)."""
    return min(timedelta(seconds=15 << min(tries - 1, 10)), timedelta(hours=1))


def is_ours(metadata: Mapping[str, str], *, environment: str, organisation_id: int) -> bool:
    """False for what other programs do on the same Stripe account."""
    return (
        metadata.get("app") == APP
        and metadata.get("env") == environment
        and metadata.get("tenant") == str(organisation_id)
    )


def mode_of(key: str, *, environment: str) -> bool:
    """Whether `key` moves real money. Raises CannotConnect for a key that must not be used here."""
    kind, _, rest = key.partition("_")
    mode = rest.partition("_")[0]
    if kind not in ("rk", "sk") or mode not in ("live", "test"):
        raise CannotConnect("This is no Stripe key. A restricted key begins with rk_live_ or rk_test_.", field="key")
    if kind == "sk" and mode == "live":
        raise CannotConnect(
            "This key can do everything with your account. Make a restricted key (rk_live_…) and paste that.",
            field="key",
        )
    if mode == "live" and environment != "production":
        raise CannotConnect("This is a trial installation: use a test key (rk_test_…).", field="key")
    return mode == "live"

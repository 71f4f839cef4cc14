"""Decisions about money coming in, on plain values."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from portal.shared.errors import RuleBroken
from portal.shared.money import Money
from portal.taxes.cash import cash_rounded

APP = "portal"  # in the metadata of everything of ours at Stripe
MOST_TRIES = 10
OPEN_FOR = timedelta(minutes=60)
# A Session this close to its end is replaced: Stripe's page would close under the customer's hands.
NEARLY_OVER = timedelta(minutes=5)
# Nobody needs this many payment pages for one invoice within an hour: somebody is trying out stolen cards.
MOST_SESSIONS, SESSIONS_WINDOW = 10, timedelta(hours=1)
# Nor this many refused cards within a day. Each is one event; the Session stays open, and another card may be tried.
DECLINED = "payment_intent.payment_failed"
MOST_DECLINES, DECLINES_WINDOW = 10, timedelta(hours=24)


class CannotPay(RuleBroken):
    """No card payment can be begun; the sentence is for the customer."""


class NothingToPay(CannotPay):
    """It is paid, or void."""


class PaymentUnderWay(CannotPay):
    """A payment that Stripe has not finished yet."""


class AmountChanged(CannotPay):
    """What is to pay is not any more what the customer has seen."""


class TooManySessions(CannotPay):
    """No other Session is made for now. wait: how long that lasts."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__("This invoice was sent to the card page very often in a short time.")
        self.wait = wait


class TooManyDeclines(CannotPay):
    """Somebody tries out cards: this invoice takes none for a while."""

    def __init__(self) -> None:
        super().__init__(
            "Too many cards were refused. Card payment is closed for a day: please ask the firm how to pay."
        )


class CannotRecord(RuleBroken):
    """A payment cannot be recorded, or put to an invoice, like this; the sentence is for staff."""


class CannotReverse(RuleBroken):
    """A payment that is not corrected by reversal; the sentence is for staff."""


class CannotConnect(RuleBroken):
    """This Stripe key cannot be used; the sentence is for staff."""


class AnotherAccount(CannotConnect):
    """The key belongs to another account than the firm has until now: nobody has said yet that it is to be changed."""

    def __init__(self, wanted: str, present: str) -> None:
        super().__init__(
            f"This key belongs to {wanted}; until now it was {present}. Nothing is changed yet: say below whether the"
            " account is to be changed.", field="change",
        )  # fmt: skip
        self.wanted = wanted


METHODS = {
    "cash": "Cash", "cheque": "Cheque", "terminal": "Card terminal", "bank_transfer": "Bank transfer",
}  # fmt: skip


def words_of(method: str, reference: str) -> str:
    """What the payer recognises a recorded payment by, for example "Cheque 004512"."""
    if not reference or method == "cash":
        return METHODS[method]
    between = {"cheque": " ", "terminal": ", slip ", "bank_transfer": ", "}[method]
    return f"{METHODS[method]}{between}{reference}"


def spread(received: Money, due: Sequence[tuple[int, Money]], typed: Mapping[int, Money]) -> dict[int, Money]:
    """How much of `received` goes to which invoice; the rest stays the customer's credit.

    due    (invoice, what is to pay on it), in the order in which they are paid
    typed  what a person wrote beside invoices; with none of it, the first invoice is paid first
    Raises CannotRecord beside the field part_<invoice>.
    """
    zero, left, parts = Money.zero(received.currency), received, {}
    for invoice_id, balance in due:
        asked = typed.get(invoice_id, zero) if typed else min(left, balance)
        if asked > balance:
            raise CannotRecord(f"Only {balance} is left to pay on this invoice.", field=f"part_{invoice_id}")
        if asked > left:
            raise CannotRecord(f"{received} is not enough for these amounts.", field=f"part_{invoice_id}")
        left -= asked
        if asked > zero:
            parts[invoice_id] = asked
    return parts


def tip_in(received: Money, asked: Money, tip: Money) -> Money:
    """What came in on top of all that was asked for, up to the tip that the customer chose."""
    zero = Money.zero(received.currency)
    return max(min(tip, received - asked), zero) if received.currency == asked.currency else zero


class Apart(NamedTuple):
    """What went back, told apart. beyond: what was with the firm no more, so that it went back twice."""

    owed: Money
    tip: Money
    beyond: Money


def told_apart(back: Money, left: Money, tip_left: Money) -> Apart:
    """What of it was owed and what was tip, where nobody has said: first what was owed.

    left, tip_left  what of either has not gone back yet
    """
    owed = min(back, left)
    tip = min(back - owed, tip_left)
    return Apart(owed, tip, back - owed - tip)


def in_coins(typed: Money, due: Money, country: str) -> tuple[Money, Money]:
    """What a sum of cash counts for, and how much more (or less, below zero) coins made of it.

    typed  what was written down: what is due, or what coins can pay of it; any other sum must be payable in coins
    due    on what it is meant to pay
    Raises CannotRecord.
    """
    coins = cash_rounded(due, country)
    if typed in (due, coins) and coins:
        return due, coins - due
    payable = cash_rounded(typed, country)
    if payable != typed:
        all_of_it = f" To pay all that is due, take {coins}." if coins else ""
        raise CannotRecord(f"{typed} cannot be paid in coins, {payable} can.{all_of_it}", field="amount")
    return typed, Money.zero(typed.currency)


def change_of(received: Money, tendered: Money | None) -> Money:
    """What goes back over the counter. Raises CannotRecord when less was handed over than is recorded."""
    if tendered is None:
        return Money.zero(received.currency)
    if tendered < received:
        raise CannotRecord("Less was handed over than is recorded as paid.", field="tendered")
    return tendered - received


def check_open(status: str, balance: Money, written_off: Money) -> None:
    """Raises NothingToPay."""
    if status != "sent":
        raise NothingToPay("This invoice is void: there is nothing to pay.")
    if balance <= Money.zero(balance.currency):
        raise NothingToPay(
            "This invoice is closed: there is nothing to pay." if written_off else "This invoice is paid."
        )


def check_not_held(*, is_held: bool) -> None:
    """Raises CannotPay while the firm has to look at the invoice first."""
    if is_held:
        raise CannotPay("The firm is checking this invoice. It can be paid here as soon as that is done.")


def check_agreed(balance: Money, agreed: Money) -> None:
    """Raises AmountChanged: a payment may have arrived since, and the same part must not be taken twice."""
    if balance != agreed:
        raise AmountChanged("The amount has changed. Look at it again before you pay.")


def check_pace(made_at: Sequence[datetime], now: datetime) -> None:
    """Raises TooManySessions when an invoice has had its Sessions of this hour.

    made_at  of its latest Sessions, newest first, MOST_SESSIONS at least where there are that many
    """
    if len(made_at) >= MOST_SESSIONS:
        wait = made_at[MOST_SESSIONS - 1] + SESSIONS_WINDOW - now
        if wait > timedelta(0):
            raise TooManySessions(wait)


def check_declines(refused: int) -> None:
    """refused: cards within DECLINES_WINDOW. Raises TooManyDeclines."""
    if refused >= MOST_DECLINES:
        raise TooManyDeclines


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


def removed_words(account: str) -> str:
    """What to do about a payment whose account is not ours to use any more. account: acct_…"""
    return (
        f"This payment came into an earlier Stripe account ({account}), whose key is not kept here any more. Give it "
        "back in that account's own dashboard, then record it here as given back by bank transfer."
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

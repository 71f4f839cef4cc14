"""When an invoice is charged by itself, and what follows a refusal; on plain values."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

NOTICE = timedelta(days=3)  # between telling the customer and charging; the consent says so
MOST_TRIES = 3
AGAIN_AFTER = timedelta(days=3)
BUSY, UNCLEAR = timedelta(minutes=15), timedelta(hours=6)
LONGEST_WAIT = timedelta(days=30)  # after this the customer is asked to pay, like anybody
_HOUR = time(9)
# No second try can help: the card is over, or its owner has to say yes in person.
FINAL = frozenset({
    "authentication_required", "expired_card", "lost_card", "stolen_card", "pickup_card", "restricted_card",
    "incorrect_number", "invalid_account", "card_not_supported", "currency_not_supported",
    "revocation_of_authorization", "revocation_of_all_authorizations", "stop_payment_order",
    "fraudulent", "merchant_blacklist",
})  # fmt: skip


@dataclass(frozen=True)
class Look:
    """The last look before a charge. wait: not now; is_over: never; neither: go on. why: for staff."""

    why: str = ""
    wait: timedelta | None = None
    is_over: bool = False


GO = Look()


def charge_day(due_on: date, told_on: date) -> date:
    """The due day, and never sooner than the notice allows."""
    return max(due_on, told_on + NOTICE)


def charge_time(day: date, time_zone: str) -> datetime:
    return datetime.combine(day, _HOUR, ZoneInfo(time_zone))


def is_to_announce(due_on: date, today: date) -> bool:
    return due_on - NOTICE <= today


def is_awake(local: datetime) -> bool:
    return 8 <= local.hour < 20


def may_try_again(code: str, tries: int) -> bool:
    """tries: refusals so far, this one among them."""
    return code not in FINAL and tries < MOST_TRIES

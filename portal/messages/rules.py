"""Decisions about mail on plain values."""

from datetime import timedelta

MOST_TRIES = 8
TO_STAFF = ("question", "staff_news", "undelivered")  # kinds that only the firm's own people get
STAFF_TOLD = "staff told"  # the trail's word for one of these
_WAITS = (1, 2, 5, 15, 60, 120, 240)  # minutes after each try that failed


def wait_after(tries: int) -> timedelta:
    """How long to wait after the `tries`-th try (1 is the first): also how long one may take before it is lost."""
    return timedelta(minutes=_WAITS[min(tries, len(_WAITS)) - 1])


def is_given_up(tries: int, *, retryable: bool) -> bool:
    return not retryable or tries >= MOST_TRIES

"""When the workers look at a plan, and when people are told of it. Pure."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

MOST_DAYS = 366  # ahead
TOLD_BEFORE = (1, 3)  # so many days before, by mail; from the earlier one on by the banner too
_EACH, _ON_THE_DAY = timedelta(hours=1), timedelta(minutes=10)


def next_look(cut_over_on: date, time_zone: str, now: datetime) -> datetime:
    """At the beginning of the day, where the firm is; before it each hour, as its zone may be changed."""
    begins = datetime.combine(cut_over_on, time(), ZoneInfo(time_zone)).astimezone(UTC)
    return now + _ON_THE_DAY if begins <= now else min(begins, now + _EACH)


def occasion(cut_over_on: date, local: datetime) -> str:
    """Which mail is due, told once for each: "3 before", "1 before", from the day on one a day. Later ones stand for
    those that were missed. Empty where it is too early; the day itself is told an hour after it began, as what is only
    on its way has arrived by then. local: now, where the firm is."""
    days = (cut_over_on - local.date()).days
    if days <= 0 and (days < 0 or local.hour > 0):
        return local.date().isoformat()
    return next((f"{each} before" for each in TOLD_BEFORE if days <= each), "")

"""The only place that asks what time it is, so that tests can say."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


def now() -> datetime:
    """This instant, aware, UTC."""
    return datetime.now(UTC)


def today(time_zone: str) -> date:
    """The calendar day in `time_zone` (IANA name): the day an invoice raised there now is dated."""
    return now().astimezone(ZoneInfo(time_zone)).date()


def local(instant: datetime, time_zone: str) -> datetime:
    return instant.astimezone(ZoneInfo(time_zone))

"""The only place that asks what time it is, so that tests and the demo can say."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

_said: ContextVar[datetime | None] = ContextVar("said", default=None)


def now() -> datetime:
    """This instant, aware, UTC."""
    return _said.get() or datetime.now(UTC)


def today(time_zone: str) -> date:
    """The calendar day in `time_zone` (IANA name): the day an invoice raised there now is dated."""
    return now().astimezone(ZoneInfo(time_zone)).date()


def local(instant: datetime, time_zone: str) -> datetime:
    return instant.astimezone(ZoneInfo(time_zone))


@contextmanager
def at(instant: datetime) -> Iterator[None]:
    """As if it were `instant` (aware) for as long as this lasts, in this thread of work only."""
    token = _said.set(instant)
    try:
        yield
    finally:
        _said.reset(token)

"""How many calls an organisation may make: per minute (sliding), per day (its own midnight), at once."""

import time
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Lock

from . import errors
from .ledger import Ledger
from .wire import Record

WINDOW_S = 60
PER_DAY = {"free": 1000, "trial": 1000, "standard": 2000, "professional": 5000, "premium": 10000}


def limits_for(plan: str) -> Record:
    """The published quotas; an organisation keeps its own copy, and None switches one off."""
    return {"per_minute": 100, "per_day": PER_DAY[plan], "concurrency": 5 if plan in ("free", "trial") else 10}


class Meter:
    """Counts the calls of every organisation. Refused calls don't count (Zoho's rule here is unknown)."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._recent: dict[str, deque[float]] = defaultdict(deque)
        self._running: dict[str, int] = defaultdict(int)

    @contextmanager
    def admit(self, books: Ledger) -> Iterator[None]:
        """Count this call in and out. Raises 1070, 44 or 45."""
        with self._lock:
            self._check(books)
            self._recent[books.id].append(time.time())
            self._running[books.id] += 1
        try:
            yield
        finally:
            with self._lock:
                self._running[books.id] -= 1

    def forget(self, organization_id: str) -> None:
        with self._lock:
            self._recent.pop(organization_id, None)

    def _check(self, books: Ledger) -> None:
        limits = books.settings["limits"]
        if _reached(self._running[books.id], limits["concurrency"]):
            raise errors.too_many_at_once()
        if _reached(self._in_window(books.id), limits["per_minute"]):
            raise errors.minute_limit()
        if _reached(used_today(books), limits["per_day"]):
            raise errors.day_limit(limits["per_day"])

    def _in_window(self, organization_id: str) -> int:
        recent = self._recent[organization_id]
        # the wall clock, so that tests may move it, either way
        while recent and not 0 <= time.time() - recent[0] < WINDOW_S:
            recent.popleft()
        return len(recent)


def used_today(books: Ledger) -> int:
    usage = books.store.peek("", "usage", books.id) or {}
    count: int = usage.get("count", 0)
    return count if usage.get("day") == books.today().isoformat() else 0


def count_today(books: Ledger) -> None:
    """One more call on the daily quota; needs a transaction."""
    usage = {"day": books.today().isoformat(), "count": used_today(books) + 1}
    books.store.put("", "usage", books.id, usage)


def headers(books: Ledger) -> dict[str, str]:
    """The daily quota as answers carry it; reset is in seconds until the organisation's midnight."""
    limit = books.settings["limits"]["per_day"]
    if limit is None:
        return {}
    return {
        "x-rate-limit-limit": str(limit),
        "x-rate-limit-remaining": str(max(0, limit - used_today(books))),
        "x-rate-limit-reset": str(_until_midnight(books)),
    }


def _until_midnight(books: Ledger) -> int:
    now = datetime.now(books.zone)
    midnight = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), books.zone)
    return int(midnight.timestamp() - now.timestamp())


def _reached(count: int, limit: int | None) -> bool:
    return limit is not None and count >= limit

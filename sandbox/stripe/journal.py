"""What was asked of the stand-in, newest last, for tests that count calls."""

import threading
from collections import Counter, deque
from typing import Any

_MOST_ENTRIES = 5000


class Journal:
    def __init__(self) -> None:
        self._entries: deque[dict[str, Any]] = deque(maxlen=_MOST_ENTRIES)
        self._lock = threading.Lock()

    def add(self, entry: dict[str, Any]) -> None:
        with self._lock:
            self._entries.append(entry)

    def entries(self) -> list[dict[str, Any]]:
        with self._lock:
            return list(self._entries)

    def counts(self) -> dict[str, int]:
        """Requests per "METHOD /path/{template}"."""
        return dict(Counter(f"{entry['method']} {entry['template']}" for entry in self.entries()))

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()

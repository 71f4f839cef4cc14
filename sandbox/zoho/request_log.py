"""What was asked and answered, for tests that count calls."""

import time
from collections import deque
from datetime import UTC, datetime
from threading import Lock

from .wire import Record


class RequestLog:
    def __init__(self, most: int = 50_000) -> None:
        self._lock = Lock()
        self._entries: deque[Record] = deque(maxlen=most)

    def begin(self, *, method: str, path: str, query: str, org: str, dc: str) -> Record:
        """Note a call when it comes in; its status follows through `end`."""
        entry = {"method": method, "path": path, "query": query, "org": org, "dc": dc, "status": None,
                 "code": None, "at": datetime.now(UTC).isoformat(), "monotonic": time.monotonic()}  # fmt: skip
        with self._lock:
            self._entries.append(entry)
        return entry

    def end(self, entry: Record, status: int, code: object) -> None:
        entry["status"], entry["code"] = status, code
        entry["seconds"] = time.monotonic() - entry["monotonic"]

    def entries(self, org: str | None = None) -> list[Record]:
        with self._lock:
            return [dict(entry) for entry in self._entries if org in (None, entry["org"])]

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()

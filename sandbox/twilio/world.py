"""What the stand-in knows: accounts, and the messages it took; kept in a file, or in memory."""

import json
import threading
from pathlib import Path
from typing import Any

MOST_MESSAGES = 500


class World:
    """accounts: SID → token. outcome: what becomes of messages. faults: lost | busy | refused, one for each to come."""

    def __init__(self, state_dir: Path | None = None) -> None:
        self._file = state_dir / "twilio.json" if state_dir is not None else None
        self.lock = threading.RLock()
        self.accounts: dict[str, str] = {}
        self.messages: list[dict[str, Any]] = []
        self.outcome = "delivered"
        self.faults: list[str] = []
        if self._file is not None and self._file.exists():
            kept = json.loads(self._file.read_text(encoding="utf-8"))
            self.accounts, self.messages = kept["accounts"], kept["messages"]

    def keep(self) -> None:
        """To be called with the lock, after each change."""
        del self.messages[:-MOST_MESSAGES]
        if self._file is None:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self._file.with_suffix(".unfinished")
        unfinished.write_text(json.dumps({"accounts": self.accounts, "messages": self.messages}), encoding="utf-8")
        unfinished.rename(self._file)

    def next_fault(self) -> str:
        with self.lock:
            return self.faults.pop(0) if self.faults else ""

    def under_way(self) -> list[dict[str, Any]]:
        """Messages whose end nobody was told of, taken: from now on they have met it."""
        with self.lock:
            found = [each for each in self.messages if each["status"] == "queued" and each["callback"]]
            for each in found:
                each["status"] = self.outcome
                each["error_code"] = 30003 if self.outcome in ("undelivered", "failed") else None
            if found:
                self.keep()
            return [dict(each) for each in found]

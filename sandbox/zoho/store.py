"""Where everything is kept: documents in memory, written through to one SQLite file when a folder is given."""

import copy
import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

from .wire import Record, dump

Key = tuple[str, str, str]  # owner (an organisation id, or "" for what belongs to none), module, id


class Store:
    """Documents by owner, module and id. All writing happens inside `transaction`."""

    def __init__(self, state_dir: Path | None) -> None:
        self.lock = threading.RLock()
        self._modules: dict[tuple[str, str], dict[str, Record]] = {}
        self._before: dict[Key, Record | None] = {}
        self._database = _open(state_dir) if state_dir else None
        if self._database:
            self._load(self._database)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One writer at a time; everything or nothing, in memory and on disk."""
        with self.lock:
            self._before = {}
            try:
                yield
            except BaseException:
                self._roll_back()
                raise
            self._write_down()

    def get(self, owner: str, module: str, record_id: str) -> Record | None:
        """A copy that the caller may change and put back."""
        found = self._modules.get((owner, module), {}).get(record_id)
        return None if found is None else copy.deepcopy(found)

    def peek(self, owner: str, module: str, record_id: str) -> Record | None:
        """The document itself: for reading only."""
        return self._modules.get((owner, module), {}).get(record_id)

    def all(self, owner: str, module: str) -> list[Record]:
        """The documents themselves, oldest first: for reading only."""
        with self.lock:
            return list(self._modules.get((owner, module), {}).values())

    def put(self, owner: str, module: str, record_id: str, record: Record) -> None:
        rows = self._modules.setdefault((owner, module), {})
        self._before.setdefault((owner, module, record_id), rows.get(record_id))
        rows[record_id] = record

    def remove(self, owner: str, module: str, record_id: str) -> None:
        rows = self._modules.get((owner, module), {})
        self._before.setdefault((owner, module, record_id), rows.get(record_id))
        rows.pop(record_id, None)

    def close(self) -> None:
        if self._database:
            self._database.close()

    def _roll_back(self) -> None:
        for (owner, module, record_id), record in self._before.items():
            rows = self._modules.setdefault((owner, module), {})
            if record is None:
                rows.pop(record_id, None)
            else:
                rows[record_id] = record
        self._before = {}

    def _write_down(self) -> None:
        changed, self._before = self._before, {}
        if self._database is None or not changed:
            return
        with self._database:
            for key in changed:
                self._write_one(self._database, key)

    def _write_one(self, database: sqlite3.Connection, key: Key) -> None:
        record = self.peek(*key)
        if record is None:
            database.execute("DELETE FROM documents WHERE owner = ? AND module = ? AND id = ?", key)
            return
        database.execute(
            "INSERT INTO documents (owner, module, id, body) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (owner, module, id) DO UPDATE SET body = excluded.body",
            (*key, dump(record)),
        )

    def _load(self, database: sqlite3.Connection) -> None:
        rows = database.execute("SELECT owner, module, id, body FROM documents ORDER BY rowid")
        for owner, module, record_id, body in rows:
            record = json.loads(body, parse_float=Decimal)
            self._modules.setdefault((owner, module), {})[record_id] = record


def _open(state_dir: Path) -> sqlite3.Connection:
    state_dir.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(state_dir / "zoho.sqlite3", check_same_thread=False)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")
    database.execute(
        "CREATE TABLE IF NOT EXISTS documents (owner TEXT, module TEXT, id TEXT, body TEXT, UNIQUE (owner, module, id))"
    )
    return database

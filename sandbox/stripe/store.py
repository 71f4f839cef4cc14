"""Where the stand-in keeps its objects: JSON documents in SQLite, in a file or in memory."""

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Document = dict[str, Any]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, id TEXT NOT NULL,
    account TEXT NOT NULL, livemode INTEGER NOT NULL, body TEXT NOT NULL, UNIQUE (kind, id));
CREATE INDEX IF NOT EXISTS documents_by_scope ON documents (kind, account, livemode, seq);
"""


@dataclass(frozen=True)
class Scope:
    """Whose objects: an account, in test or in live mode. The two modes never see each other."""

    account: str
    livemode: bool = False


class Store:
    def __init__(self, state_dir: Path | None) -> None:
        if state_dir is not None:
            state_dir.mkdir(parents=True, exist_ok=True)
        place = str(state_dir / "stripe.sqlite") if state_dir is not None else ":memory:"
        self._connection = sqlite3.connect(place, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=OFF")  # a killed process loses nothing; only a power cut would
        self._connection.executescript(_SCHEMA)
        self._lock = threading.RLock()
        self._depth = 0

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, one at a time. Nested ones undo only themselves."""
        with self._lock:
            name = f"level_{self._depth}"
            self._connection.execute(f"SAVEPOINT {name}")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._connection.execute(f"ROLLBACK TO {name}")
                raise
            finally:
                self._depth -= 1
                self._connection.execute(f"RELEASE {name}")

    def save(self, kind: str, document: Document, scope: Scope) -> Document:
        with self._lock:
            self._connection.execute(
                "INSERT INTO documents (kind, id, account, livemode, body) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body",
                (kind, document["id"], scope.account, scope.livemode, json.dumps(document)),
            )
        return document

    def remove(self, kind: str, document_id: str) -> None:
        with self._lock:
            self._connection.execute("DELETE FROM documents WHERE kind = ? AND id = ?", (kind, document_id))

    def get(self, kind: str, document_id: str, scope: Scope | None = None) -> Document | None:
        """One document; with a scope, only if it belongs there."""
        found = self.get_with_scope(kind, document_id)
        if found is None or (scope is not None and found[1] != scope):
            return None
        return found[0]

    def get_with_scope(self, kind: str, document_id: str) -> tuple[Document, Scope] | None:
        with self._lock:
            row = self._connection.execute(
                "SELECT body, account, livemode FROM documents WHERE kind = ? AND id = ?", (kind, document_id)
            ).fetchone()
        return None if row is None else (json.loads(row[0]), Scope(row[1], bool(row[2])))

    def oldest_first(self, kind: str, scope: Scope | None = None) -> list[Document]:
        query = "SELECT body FROM documents WHERE kind = ?"
        values: tuple[str | bool, ...] = (kind,)
        if scope is not None:
            query, values = f"{query} AND account = ? AND livemode = ?", (kind, scope.account, scope.livemode)
        with self._lock:
            rows = self._connection.execute(query + " ORDER BY seq", values).fetchall()
        return [json.loads(row[0]) for row in rows]

    def newest_first(self, kind: str, scope: Scope | None = None) -> list[Document]:
        return self.oldest_first(kind, scope)[::-1]

    def close(self) -> None:
        with self._lock:
            self._connection.close()

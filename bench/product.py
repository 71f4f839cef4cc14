"""The product inside this process: a durable PostgreSQL (fsync on), a durable Redis, and the web application."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from portal.app import create_app
from portal.config import read_settings
from portal.embedded.postgres import EmbeddedPostgres, start_postgres
from portal.embedded.redis import EmbeddedRedis, start_redis
from portal.shared import queues, running
from portal.shared.migrate import upgrade

ADDRESS = "http://portal.bench"
_DATABASE = "portal"
_KEYS = {
    "PORTAL_SECRET_KEY": "a key for measuring, long enough to be one",
    "PORTAL_VAULT_KEYS": "b1:" + "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=",
}


@dataclass
class Product:
    """What a measurement may take hold of."""

    postgres: EmbeddedPostgres
    redis: EmbeddedRedis
    environ: dict[str, str]
    app: Flask

    def reconfigure(self, **environ: str) -> None:
        """Other settings from now on, for example the address of a stand-in."""
        self.environ |= environ
        running.here().settings = read_settings(self.environ)

    def browser(self) -> FlaskClient:
        return _Browser(self.app, self.app.response_class)


class _Browser(FlaskClient):
    """Asks for the configured address, and takes compressed pages as every browser does."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        kwargs.setdefault("base_url", ADDRESS)
        kwargs["headers"] = {"Accept-Encoding": "gzip, deflate, br", **(kwargs.get("headers") or {})}
        return super().open(*args, **kwargs)


@contextmanager
def running_product(folder: Path) -> Iterator[Product]:
    with start_postgres(folder) as postgres, start_redis(folder) as redis:
        upgrade(postgres.owner_url(_DATABASE))
        environ = _KEYS | {
            "DATABASE_URL": postgres.runtime_url(_DATABASE), "REDIS_URL": redis.url, "PUBLIC_URL": ADDRESS,
            "PORTAL_ENV": "test", "SMTP_URL": "smtp://127.0.0.1:9",
        }  # fmt: skip
        here = running.start(read_settings(environ))
        try:
            yield Product(postgres, redis, environ, create_app(here.settings))
        finally:
            queues.use(None)
            here.engine.dispose()
            here.redis.close()


class Statements:
    """Counts the SQL statements of this process while it is open, but no BEGIN, COMMIT or connection check."""

    def __init__(self) -> None:
        self.count = 0

    def __enter__(self) -> "Statements":
        self.count = 0
        event.listen(running.here().engine, "before_cursor_execute", self._note)
        return self

    def __exit__(self, *_problem: object) -> None:
        event.remove(running.here().engine, "before_cursor_execute", self._note)

    def _note(self, *_event: object) -> None:
        self.count += 1

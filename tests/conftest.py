"""What tests stand on: a real PostgreSQL with a migrated template, a real Redis, the web application, the stand-ins."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import settings as laws
from playwright.sync_api import Browser
from sqlalchemy.orm import Session

from portal.config import Settings, read_settings
from portal.embedded.postgres import EmbeddedPostgres, start_postgres
from portal.embedded.redis import EmbeddedRedis, start_redis
from portal.shared import queues, running
from portal.shared.migrate import upgrade
from tests.builders import Firm, make_firm
from tests.phone import running_chromium

# The same commit gets the same verdict. HYPOTHESIS_SEARCH=1 looks where nobody has looked before.
laws.register_profile("steady", derandomize=True, deadline=None)
laws.register_profile("search", deadline=None)
laws.load_profile("search" if os.environ.get("HYPOTHESIS_SEARCH") else "steady")
KEYS = {
    "PORTAL_SECRET_KEY": "a test's secret key, long enough to be one",
    "PORTAL_VAULT_KEYS": "t1:" + "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=",
}


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[EmbeddedPostgres, EmbeddedRedis]]:
    """One PostgreSQL (with a migrated template database) and one Redis for the whole run."""
    folder = tmp_path_factory.mktemp("servers")
    with start_postgres(folder, durable=False) as postgres, start_redis(folder, durable=False) as redis:
        upgrade(postgres.owner_url("portal"))
        yield postgres, redis


@dataclass
class World:
    """One database of its own and what reaches it."""

    postgres: EmbeddedPostgres
    redis: EmbeddedRedis
    database: str
    environ: dict[str, str]

    @property
    def owner_url(self) -> str:
        return self.postgres.owner_url(self.database)

    @property
    def superuser_url(self) -> str:
        return self.postgres.superuser_url(self.database)

    def settings(self, **changes: str) -> Settings:
        return read_settings(self.environ | changes)


@pytest.fixture(scope="module")
def world(servers: tuple[EmbeddedPostgres, EmbeddedRedis], request: pytest.FixtureRequest) -> Iterator[World]:
    """A fresh migrated database for each test module; this process is connected to it."""
    postgres, redis = servers
    database = "t_" + str(abs(hash(request.node.nodeid)) % 10**12)
    postgres.create_database(database, template="portal")
    environ = KEYS | {
        "DATABASE_URL": postgres.runtime_url(database),
        "REDIS_URL": redis.url,
        "PUBLIC_URL": "http://portal.test",
        "PORTAL_ENV": "test",
        "SMTP_URL": "smtp://127.0.0.1:9",
    }
    redis.flush()
    here = running.start(read_settings(environ))
    yield World(postgres, redis, database, environ)
    queues.use(None)
    here.engine.dispose()
    here.redis.close()
    postgres.drop_database(database)


@pytest.fixture
def firm(world: World) -> Firm:
    """A new firm with staff of each role, taxes, a customer and a catalogue; nothing else of it is shared."""
    return make_firm()


@pytest.fixture
def other_firm(world: World) -> Firm:
    return make_firm(name="Rival Plumbing")


@pytest.fixture
def session(firm: Firm) -> Iterator[Session]:
    """A session inside `firm`; the test commits what others shall see."""
    with running.job_session(firm.organisation_id) as opened:
        yield opened


@pytest.fixture(scope="module")
def app(world: World) -> Flask:
    from portal.app import create_app

    return create_app(running.here().settings)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without a sign-in."""
    return browser(app)


class PortalClient(FlaskClient):
    """Asks for the configured address, as any other host is refused."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        kwargs.setdefault("base_url", "http://portal.test")
        return super().open(*args, **kwargs)


def browser(app: Flask) -> FlaskClient:
    return PortalClient(app, app.response_class)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One Chromium for the whole run: its library allows no second one in a process."""
    with running_chromium() as opened:
        yield opened


@pytest.fixture(scope="session")
def shared_folder() -> Path:
    """The services' own documents beside the checkout; tests that need them are skipped aloud elsewhere."""
    folder = Path(__file__).resolve().parents[2] / "shared"
    if not folder.is_dir():
        pytest.skip("the services' documents (../shared) are not here")
    return folder


def pytest_report_header() -> str:
    return f"servers: embedded PostgreSQL and Redis, {os.cpu_count()} cores"

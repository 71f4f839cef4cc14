"""What a running process has: settings, database, Redis. Set once at the start, the same for web and workers."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from redis import Redis
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from portal.shared import db, queues

if TYPE_CHECKING:
    from portal.config import Settings


@dataclass
class Running:
    settings: "Settings"
    engine: Engine
    sessions: sessionmaker[Session]
    redis: Redis


_process: dict[str, Running] = {}


def start(settings: "Settings", *, pool_size: int = 5) -> Running:
    """Connect this process. Refuses a database role that row-level security would not hold."""
    engine = db.connect(settings.database_url, pool_size=pool_size)
    db.refuse_powerful_role(engine)
    redis = queues.connect(settings.redis_url)
    queues.use(redis)
    _process["here"] = Running(settings, engine, db.session_factory(engine), redis)
    return _process["here"]


def is_started() -> bool:
    return "here" in _process


def here() -> Running:
    """This process's own. A KeyError means that nobody called start()."""
    return _process["here"]


@contextmanager
def job_session(organisation_id: int | None) -> Iterator[Session]:
    """A session for a job, inside one organisation: commits at the end, rolls back on any error."""
    with db.work_in(here().sessions, organisation_id) as session:
        yield session

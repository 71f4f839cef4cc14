"""Wake-up calls through Redis. One may be lost: rows in PostgreSQL say what is to be done, the sweeper asks again."""

import logging
from dataclasses import dataclass

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue
from rq.serializers import JSONSerializer
from sqlalchemy import event
from sqlalchemy.orm import Session

log = logging.getLogger(__name__)

# queue → the job that looks at what is due there. Dotted paths, because workers stand above this layer.
JOBS = {
    "payments": "workers.payment_jobs.look",
    "mirror": "workers.mirror_jobs.look",
    "mail": "workers.mail_jobs.look",
    "reports": "workers.report_jobs.look",
}
JOB_TIMEOUT_S = 300
_PENDING = "wake_after_commit"


@dataclass
class _Alarm:
    redis: "Redis | None" = None


_alarm = _Alarm()


def connect(url: str) -> Redis:
    """A client that gives up within a second: a request must succeed with Redis down."""
    return Redis.from_url(url, socket_connect_timeout=0.3, socket_timeout=0.7, retry=Retry(NoBackoff(), 0))


def connect_worker(url: str) -> Redis:
    """A client for a worker, which waits on the queue for minutes at a time."""
    return Redis.from_url(url, socket_connect_timeout=2)


def use(redis: "Redis | None") -> None:
    """The Redis that this process rings, or None for a process that rings nobody."""
    _alarm.redis = redis


def queue(name: str, redis: Redis) -> Queue:
    return Queue(name, connection=redis, serializer=JSONSerializer, default_timeout=JOB_TIMEOUT_S)


def wake(session: Session, name: str, organisation_id: int) -> None:
    """Ring the workers of queue `name` for this organisation, once, after the transaction has committed."""
    session.info.setdefault(_PENDING, set()).add((name, organisation_id))


def ring(name: str, organisation_id: int) -> bool:
    """Ring now. False when Redis did not hear it: the sweeper will find the row."""
    return _ring_all({(name, organisation_id)})


def _ring_all(calls: set[tuple[str, int]]) -> bool:
    """In one round trip."""
    if _alarm.redis is None:
        return False
    try:
        with _alarm.redis.pipeline() as together:
            for name, organisation_id in sorted(calls):
                queue(name, _alarm.redis).enqueue(
                    JOBS[name], organisation_id, result_ttl=0, failure_ttl=3600, pipeline=together
                )
            together.execute()
    except (RedisError, OSError) as problem:
        names = ",".join(sorted({name for name, _ in calls}))
        log.warning("wake-up not delivered", extra={"queue": names, "reason": type(problem).__name__})
        return False
    return True


@event.listens_for(Session, "after_commit")
def _ring_after_commit(session: Session) -> None:
    """Not after a mere part of it: nobody else could see the rows yet."""
    if session.in_nested_transaction():
        return
    calls: set[tuple[str, int]] = session.info.pop(_PENDING, set())
    if calls:
        _ring_all(calls)


@event.listens_for(Session, "after_rollback")
def _forget_after_rollback(session: Session) -> None:
    """With a part that was given up no ring is taken back: one too many does no harm, one too few costs a minute."""
    if not session.in_nested_transaction():
        session.info.pop(_PENDING, None)

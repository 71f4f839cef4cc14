"""One person at a time answers a question: what an answer does here or at Stripe, before it is kept as the decision, is
done for the first one only."""

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg.errors import LockNotAvailable
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from portal.shared.errors import RuleBroken
from portal.shared.running import here

_TAKE = text("SELECT pg_advisory_lock(hashtextextended('answer to:' || CAST(:question AS text), 0))")
_LEAVE = text("SELECT pg_advisory_unlock(hashtextextended('answer to:' || CAST(:question AS text), 0))")


class StillAnswered(RuleBroken):
    """Somebody's answer is being carried out, and takes long."""


@contextmanager
def alone(session: Session, question_id: int) -> Iterator[None]:
    """Whoever comes second waits, and finds the question decided. Raises StillAnswered.

    A lock of a connection of its own, so that no transaction is open while others are spoken to: what the session has
    open is committed. It ends with the process.
    """
    session.commit()
    with here().engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        _take(connection, question_id)
        try:
            yield
        finally:
            connection.execute(_LEAVE, {"question": question_id})


def _take(connection: Connection, question_id: int) -> None:
    try:
        connection.execute(_TAKE, {"question": question_id})
    except OperationalError as problem:
        if not isinstance(problem.orig, LockNotAvailable):
            raise
        raise StillAnswered("Somebody's answer to this is being carried out. Look again in a minute.") from problem

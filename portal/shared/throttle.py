"""Counting tries in a window, in PostgreSQL, so that a restart of Redis forgives nobody."""

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import DateTime, LargeBinary, String, case, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.shared import clock
from portal.shared.db import Base


class Throttle(Base):
    """How often one key was hit since its window began. Keys are digests: no address, no e-mail is kept."""

    __tablename__ = "throttles"

    key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    kind: Mapped[str] = mapped_column(String(30))
    hits: Mapped[int]
    window_ends_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)


def hit(session: Session, kind: str, subject: str, *, window: timedelta) -> int:
    """Count one more try of `subject` and say how many that makes in its window. Commits by itself with the caller."""
    now = clock.now()
    fresh = insert(Throttle).values(key=_key(kind, subject), kind=kind, hits=1, window_ends_at=now + window)
    over = Throttle.window_ends_at <= now
    counted = fresh.on_conflict_do_update(
        index_elements=["key"],
        set_={
            "hits": case((over, 1), else_=Throttle.hits + 1),
            "window_ends_at": case((over, now + window), else_=Throttle.window_ends_at),
        },
    ).returning(Throttle.hits)
    return session.execute(counted).scalar_one()


def tries(session: Session, kind: str, subject: str) -> int:
    """How many tries the open window holds already."""
    asked = select(Throttle.hits).where(Throttle.key == _key(kind, subject), Throttle.window_ends_at > clock.now())
    return session.scalar(asked) or 0


def forgive(session: Session, kind: str, subject: str) -> None:
    """By statement: whoever forgave it a moment ago leaves nothing to delete, and that is no mistake."""
    session.execute(delete(Throttle).where(Throttle.key == _key(kind, subject)))


def _key(kind: str, subject: str) -> bytes:
    return hashlib.sha256(f"{kind}:{subject}".encode()).digest()

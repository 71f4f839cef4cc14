"""The rows that say how far Zoho's changes were read, and when they are looked for again."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from portal.accounting.models import Link
from portal.accounting.pull import rules
from portal.accounting.pull.models import PullCursor
from portal.shared import queues


def begin(session: Session, link: Link, module: str) -> None:
    """Read this module from now on: what was changed there since the organisation was linked. Does not commit."""
    fresh = insert(PullCursor).values(
        organisation_id=link.organisation_id, link_id=link.id, module=module, since=link.created_at,
        next_look_at=func.clock_timestamp(),
    )  # fmt: skip
    session.execute(
        fresh.on_conflict_do_update(
            index_elements=["link_id", "module"], set_={"next_look_at": func.clock_timestamp(), "idle_looks": 0}
        )
    )
    queues.wake(session, "mirror", link.organisation_id)


def rest(session: Session, link: Link, module: str) -> None:
    """Do not read this module; where the reading stood is remembered. Does not commit."""
    session.execute(
        update(PullCursor).where(PullCursor.link_id == link.id, PullCursor.module == module).values(next_look_at=None)
    )


def look_first(session: Session, link: Link) -> None:
    """The organisation was left for a while: what happened there is read before anything is sent. Taxes are compared
    first in any case. Does not commit."""
    session.execute(
        update(PullCursor)
        .where(PullCursor.link_id == link.id, PullCursor.module != "tax", PullCursor.next_look_at.is_not(None))
        .values(looked_at=None, next_look_at=func.clock_timestamp(), idle_looks=0)
    )


def unseen(session: Session, link_id: int) -> set[str]:
    """Modules that are read, and were not since the organisation was linked, or linked again."""
    found = select(PullCursor.module).where(
        PullCursor.link_id == link_id, PullCursor.looked_at.is_(None),
        PullCursor.next_look_at <= func.clock_timestamp(),
    )  # fmt: skip
    return set(session.scalars(found))


def hurry(session: Session, link: Link, modules: Sequence[str]) -> None:
    """Zoho says that something changed: look soon, if the module is read at all. Does not commit."""
    if not rules.may_hurry(link.quota_limit, link.quota_left):
        return
    soon = func.greatest(
        func.clock_timestamp(), func.coalesce(PullCursor.looked_at + rules.AFTER_HINT, PullCursor.since)
    )
    session.execute(
        update(PullCursor)
        .where(PullCursor.link_id == link.id, PullCursor.module.in_(modules), PullCursor.next_look_at > soon)
        .values(next_look_at=soon, idle_looks=0)
    )
    queues.wake(session, "mirror", link.organisation_id)


def due(session: Session, link_id: int) -> list[str]:
    """Modules to be read now, the one that waits longest first."""
    found = (
        select(PullCursor.module)
        .where(PullCursor.link_id == link_id, PullCursor.next_look_at <= func.clock_timestamp())
        .order_by(PullCursor.next_look_at)
    )
    return list(session.scalars(found))


def is_read(session: Session, link_id: int, module: str) -> bool:
    return is_stale(session, link_id, module, timedelta(0))


def is_stale(session: Session, link_id: int, module: str, age: timedelta) -> bool:
    """Is this module read at all, and was it not within `age`?"""
    looked_at = func.coalesce(PullCursor.looked_at, PullCursor.since)
    found = select(PullCursor.id).where(
        PullCursor.link_id == link_id, PullCursor.module == module, PullCursor.next_look_at.is_not(None),
        looked_at < func.clock_timestamp() - age,
    )  # fmt: skip
    return session.scalars(found).first() is not None


def of(session: Session, link_id: int, module: str) -> PullCursor:
    found = select(PullCursor).where(PullCursor.link_id == link_id, PullCursor.module == module)
    return session.scalars(found.execution_options(populate_existing=True)).one()


def place_of(session: Session, cursor: PullCursor) -> rules.Place:
    """Where to go on; a reading begins here when none is under way."""
    if cursor.lower is None:
        cursor.lower, cursor.page, cursor.highest = rules.begin(cursor.since).lower, 1, None
        cursor.began_at = session.scalars(select(func.clock_timestamp())).one()
        cursor.calls = cursor.found = 0
    return rules.Place(cursor.lower, cursor.page)


def turn_page(cursor: PullCursor, stamps: Sequence[datetime], *, is_sorted: bool) -> None:
    place = rules.go_on(rules.Place(cursor.lower or cursor.since, cursor.page), stamps, is_sorted=is_sorted)
    cursor.lower, cursor.page = place.lower, place.page


def finish(session: Session, link: Link, cursor: PullCursor, *, is_sorted: bool) -> None:
    """The reading is through."""
    now = session.scalars(select(func.clock_timestamp())).one()
    cursor.since, cursor.sure = rules.known_until(
        cursor.since, cursor.sure, cursor.highest, cursor.began_at or now, pages=cursor.calls, is_sorted=is_sorted
    )
    cursor.lower, cursor.page, cursor.problem = None, 1, ""
    cursor.looked_at = cursor.began_at or now  # what was changed there during the reading may not be in it
    cursor.idle_looks = 0 if cursor.found else cursor.idle_looks + 1
    cursor.next_look_at = now + rules.pause(link.quota_limit, cursor.calls, _count(session, link.id), cursor.idle_looks)


def note_begin(session: Session, cursor: PullCursor) -> None:
    """Of a list that is read whole each time."""
    cursor.began_at = session.scalars(select(func.clock_timestamp())).one()


def finish_for_a_day(session: Session, cursor: PullCursor) -> None:
    """Of what changes a few times a year."""
    now = session.scalars(select(func.clock_timestamp())).one()
    cursor.problem, cursor.looked_at, cursor.next_look_at = "", cursor.began_at or now, now + timedelta(days=1)


def put_off(session: Session, link_id: int, module: str, words: str) -> None:
    """This module cannot be read now; people are told why."""
    session.execute(
        update(PullCursor)
        .where(PullCursor.link_id == link_id, PullCursor.module == module, PullCursor.next_look_at.is_not(None))
        .values(problem=words[:300], next_look_at=func.clock_timestamp() + rules.AFTER_PROBLEM)
    )


def _count(session: Session, link_id: int) -> int:
    return session.scalars(
        select(func.count()).where(
            PullCursor.link_id == link_id, PullCursor.next_look_at.is_not(None), PullCursor.module != "tax"
        )
    ).one()

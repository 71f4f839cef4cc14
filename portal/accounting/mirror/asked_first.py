"""A customer or an item that was made on both sides: ours goes nowhere before people have said whether it is the one
that somebody made there. Where the module goes one way, only of what was made there before the set-up was finished, as
both sides were compared then; what is made there later is no business of ours."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from portal.accounting import directions
from portal.accounting.models import ImportRow, Link, MirrorRecord
from portal.accounting.setup import matching, reading, steps

_COMPARISON = "the comparison with Zoho, under First import"
_WAIT = timedelta(minutes=5)  # a decision wakes it; this is for a wake-up that never comes
_OPEN = (ImportRow.done_at.is_(None), ImportRow.decision.in_(("", "same")))


def ask(session: Session, record: MirrorRecord, namesake: Mapping[str, Any] | None) -> bool:
    """Zoho refused the name of ours. True when people are asked about whoever has it there, and ours rests. Does not
    commit.

    namesake  the record there, which is none that we made
    """
    if namesake is None or not _is_asked(session, record, namesake):
        return False
    kind = reading.KINDS[record.module]
    reading.keep(session, record.organisation_id, record.link_id, kind, [namesake])  # not one that is tied
    of = (ImportRow.link_id == record.link_id, ImportRow.module == record.module)
    its_row = (*of, ImportRow.remote_id == str(namesake[kind.id_key]), *_OPEN)
    session.execute(
        update(ImportRow)
        .where(*its_row, ImportRow.decision == "")
        .values(found=matching.UNSURE, local_id=record.local_id, basis="name")
    )
    if not is_open(session, record):
        return False
    rest(session, record)
    return True


def is_open(session: Session, record: MirrorRecord) -> bool:
    """Are people asked whether this one, which never went over, is one of theirs?"""
    if record.remote_id is not None or record.sending_since is not None or record.module not in reading.KINDS:
        return False
    asked = select(ImportRow.id).where(
        ImportRow.link_id == record.link_id, ImportRow.module == record.module,
        ImportRow.local_id == record.local_id, ImportRow.found == matching.UNSURE, *_OPEN,
    )  # fmt: skip
    return session.scalars(asked.limit(1)).first() is not None


def rest(session: Session, record: MirrorRecord) -> None:
    """Until people have confirmed what is the same; that wakes it."""
    now = session.scalars(select(func.clock_timestamp())).one()
    record.state, record.attempts, record.last_error, record.last_error_code = "waiting", 0, "", ""
    record.waits_for, record.next_try_at = _COMPARISON, now + _WAIT


def _is_asked(session: Session, record: MirrorRecord, namesake: Mapping[str, Any]) -> bool:
    if record.module not in reading.KINDS:
        return False
    if directions.direction_of(session, record.link_id, record.module) == directions.BOTH:
        return True
    done = session.get_one(Link, record.link_id).setup_steps.get(steps.START, "")
    try:
        return datetime.fromisoformat(str(namesake.get("created_time"))) <= datetime.fromisoformat(done)
    except (ValueError, TypeError):
        return False  # it does not say when it was made, or there was no set-up

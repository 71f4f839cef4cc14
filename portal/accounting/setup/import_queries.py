"""Reads of the first import: counts, what could not be taken over, and what it will cost."""

from dataclasses import dataclass

from sqlalchemy import Text, case, cast, exists, func, select
from sqlalchemy.orm import Session

from portal.accounting.models import ImportRow, Link, MirrorRecord
from portal.accounting.setup import reading
from portal.accounting.setup.pairs import named
from portal.accounting.setup.reading import KINDS, Progress
from portal.accounting.status import time_left

# What people said counts; where nobody said anything, what was found. What could not be taken over is there only.
_BECOMES = case(
    (ImportRow.done_at.is_not(None) & (ImportRow.problem != ""), "stays"),
    (ImportRow.decision == "same", "matched"),
    (ImportRow.decision == "new", "new"),
    (ImportRow.decision == "skip", "stays"),
    else_=cast(ImportRow.found, Text),
)


@dataclass(frozen=True)
class Overview:
    """What the page of the first import says. counts: module → new, matched, unsure or stays → how many, as it was
    decided so far; done without those that could not be taken over."""

    counts: dict[str, dict[str, int]]
    undecided: int
    left: int
    done: int
    skipped: int
    calls: int
    time: str
    problems: list[tuple[str, str]]


def overview(session: Session, link: Link) -> Overview:
    """Three statements, however many records there are."""
    of = ImportRow.link_id == link.id
    counted = session.execute(
        select(ImportRow.module, _BECOMES, func.count()).where(of).group_by(ImportRow.module, _BECOMES)
    )
    counts = {module: dict.fromkeys(("new", "matched", "unsure", "stays"), 0) for module in KINDS}
    for module, becomes, count in counted:
        counts[module][becomes] = count
    is_open = ImportRow.done_at.is_(None) & (ImportRow.decision != "skip")
    undecided = (ImportRow.found == "unsure") & (ImportRow.decision == "") & ImportRow.done_at.is_(None)
    row = session.execute(
        select(
            func.count().filter(undecided), func.count().filter(is_open),
            func.count().filter(ImportRow.done_at.is_not(None), ImportRow.problem == ""),
            func.count().filter(ImportRow.decision == "skip"),
            func.count().filter(is_open, ImportRow.module == "customer"),
        ).where(of)
    ).one()  # fmt: skip
    return Overview(counts, *row, time_left(link, row[4]), problems=_problems(session, link.id))


def progress(session: Session, link: Link) -> Progress | None:
    """None before the first look. Of an organisation that was new, nothing was read: what was met there later is to be
    decided all the same."""
    any_row = select(ImportRow.id).where(ImportRow.link_id == link.id).exists()
    is_met_later = reading.progress_of(link) is None and session.scalars(select(any_row)).one()
    return Progress(is_done=True) if is_met_later else reading.progress_of(link)


def any_open(session: Session, link: Link) -> bool:
    """Was anything found there that nobody has decided about?"""
    found = select(ImportRow.id).where(
        ImportRow.link_id == link.id, ImportRow.done_at.is_(None), ImportRow.decision == ""
    )
    return session.scalars(select(found.exists())).one()


def _problems(session: Session, link_id: int) -> list[tuple[str, str]]:
    is_tied = exists().where(
        MirrorRecord.link_id == link_id, MirrorRecord.module == ImportRow.module,
        MirrorRecord.remote_id == ImportRow.remote_id,
    )  # fmt: skip
    rows = session.scalars(
        select(ImportRow)
        .where(~is_tied, ImportRow.link_id == link_id, ImportRow.problem != "", ImportRow.done_at.is_not(None))
        .order_by(ImportRow.id)
        .limit(50)
    )
    return [(named(row), row.problem) for row in rows]

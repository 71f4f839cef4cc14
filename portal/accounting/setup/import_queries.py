"""Reads of the first import: counts, what could not be taken over, and what it will cost."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Text, case, cast, exists, func, or_, select
from sqlalchemy.orm import Session

from portal.accounting.models import ImportRow, Link, MirrorRecord
from portal.accounting.rules import LEFT_OUT_STATE
from portal.accounting.setup.pairs import named
from portal.accounting.setup.reading import KINDS
from portal.accounting.status import time_left
from portal.catalogue.models import Item
from portal.customers.models import Customer

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


def any_open(session: Session, link: Link) -> bool:
    """Was anything found there that nobody has decided about?"""
    found = select(ImportRow.id).where(
        ImportRow.link_id == link.id, ImportRow.done_at.is_(None), ImportRow.decision == ""
    )
    return session.scalars(select(found.exists())).one()


def any_unlinked(session: Session, link: Link) -> bool:
    """Has ours a customer or an item in use that has never reached this organisation?"""
    models: dict[str, Any] = {"customer": Customer, "item": Item}
    return session.scalars(select(or_(*(_unlinked(link.id, *each) for each in models.items())))).one()


def _unlinked(link_id: int, module: str, model: Any) -> ColumnElement[bool]:
    is_there = exists().where(
        MirrorRecord.link_id == link_id, MirrorRecord.module == module, MirrorRecord.local_id == model.id,
        MirrorRecord.remote_id.is_not(None) | MirrorRecord.state.in_(("in_step", LEFT_OUT_STATE)),
    )  # fmt: skip
    return select(model.id).where(model.is_active, ~is_there).exists()


def _problems(session: Session, link_id: int) -> list[tuple[str, str]]:
    rows = session.scalars(
        select(ImportRow)
        .where(ImportRow.link_id == link_id, ImportRow.problem != "", ImportRow.done_at.is_not(None))
        .order_by(ImportRow.id)
        .limit(50)
    )
    return [(named(row), row.problem) for row in rows]

"""After a restore: what is there is known again, nothing is made twice, and nothing newer there is written over.

The backup knows less than Zoho does. What the lists showed is tied to ours again, what the backup still had to send is
taken for sent where Zoho has the record, and numbers that Zoho has seen are not given a second time.
"""

import re

from sqlalchemy import BigInteger, and_, cast, func, or_, select, update
from sqlalchemy.orm import Session

from portal.accounting.models import Link, MirrorRecord
from portal.accounting.reconciliation import sides
from portal.accounting.reconciliation.models import GONE, ReadRow, Reconciliation
from portal.accounting.setup import tying
from portal.organisations import audit, numbering
from portal.shared.outbox import Change

# series → the module whose numbers there come from it, and how they are written there
_SERIES = {"customer": ("customer", ""), "invoice": ("invoice", ""), "payment": ("payment", "portal-")}


def take_up(session: Session, link: Link, run: Reconciliation) -> None:
    """Once, when both sides have been read; afterwards the link works as ever. Does not commit."""
    tied = sum(_tie_again(session, link, run, kind) for kind in sides.KINDS.values())
    _settle(session, link, run)
    for series, (module, prefix) in _SERIES.items():
        _count_on(session, run, series, module, prefix)
    link.restored_at = None
    audit.note(
        session, link.organisation_id, "restored", "link", link.id,
        words=f"The database was restored from a backup; {tied} records in {link.remote_name} are known again",
    )  # fmt: skip


def _tie_again(session: Session, link: Link, run: Reconciliation, kind: sides.Kind) -> int:
    """Only what is the same beyond doubt: its number, and its day and total where it has them."""
    ours = kind.ours(link).subquery("ours")
    key, local_id, label, day, total = (list(ours.c)[at] for at in (0, 1, 3, 4, 6))
    of_ours = and_(MirrorRecord.link_id == link.id, MirrorRecord.module == kind.module)
    is_same = and_(ReadRow.number == key, ReadRow.number != "")
    if kind.figures:
        is_same = and_(is_same, ReadRow.day == day, ReadRow.total_minor == total)
    else:
        is_same = or_(is_same, and_(ReadRow.number == "", ReadRow.label == label))
    known = select(MirrorRecord.local_id).where(of_ours, MirrorRecord.remote_id.is_not(None))
    taken = select(MirrorRecord.remote_id).where(of_ours, MirrorRecord.remote_id.is_not(None))
    pairs = session.execute(
        select(local_id, func.min(ReadRow.remote_id), func.min(ReadRow.label), func.min(ReadRow.status))
        .join(ReadRow, is_same)
        .where(ReadRow.run_id == run.id, ReadRow.module == kind.module, ReadRow.status != GONE)
        .where(local_id.not_in(known), ReadRow.remote_id.not_in(taken))
        .group_by(local_id)
        .having(func.count() == 1)
    ).all()
    for ours_id, remote_id, name, status in pairs:
        tying.tie(
            session, link.organisation_id, link.id, kind.module, ours_id, remote_id,
            remote_number=name, remote_status=status,
        )  # fmt: skip
    return len(pairs)


def _settle(session: Session, link: Link, run: Reconciliation) -> None:
    """What was still to be sent when the backup was made, and is there: sent since, in the days that were lost."""
    seen = and_(
        ReadRow.run_id == run.id, ReadRow.module == MirrorRecord.module, ReadRow.remote_id == MirrorRecord.remote_id,
        ReadRow.status != GONE,
    )  # fmt: skip
    same = and_(Change.subject == MirrorRecord.module, Change.subject_id == MirrorRecord.local_id)
    is_older = and_(~Change.is_settled, Change.changed_at < link.restored_at)
    settled = session.execute(
        update(MirrorRecord)
        .where(MirrorRecord.link_id == link.id, seen, same, is_older)
        .values(
            state="in_step", version_pushed=Change.version, remote_status=ReadRow.status, attempts=0,
            sending_since=None, waits_for="", last_error="", last_error_code="",
        )
        .returning(MirrorRecord.id)
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    ids = [record_id for (record_id,) in settled]
    session.execute(
        update(Change)
        .where(same, MirrorRecord.id.in_(ids), Change.version <= MirrorRecord.version_pushed)
        .values(is_settled=True)
        .execution_options(synchronize_session=False)
    )


def _count_on(session: Session, run: Reconciliation, series: str, module: str, prefix: str) -> None:
    """The series goes on after the highest number that Zoho has seen."""
    row = numbering.list_series(session, run.organisation_id)[series]
    start = re.escape(prefix + row.prefix)
    digits = func.substring(ReadRow.number, f"^{start}([0-9]{{1,15}})$")
    highest = session.scalars(
        select(func.max(cast(digits, BigInteger)))
        .where(ReadRow.run_id == run.id, ReadRow.module == module)
    ).one()  # fmt: skip
    if highest is not None and highest >= row.next_number:
        numbering.set_series(session, run.organisation_id, series, row.prefix, highest + 1)

"""Whose values count where a pair differs field by field: ours, theirs, or each its own."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.accounting import fields
from portal.accounting.mirror.push import INACTIVE
from portal.accounting.models import Link, MirrorRecord
from portal.accounting.pull import changes
from portal.accounting.reconciliation import causes
from portal.accounting.reconciliation.models import DriftRow, PairDifference
from portal.shared.errors import RuleBroken


class CannotTake(RuleBroken):
    """Their value has no place here."""


def decide(session: Session, link: Link, drift: DriftRow, wanted: str, by: str) -> str:
    """What was done, in words. Raises CannotTake, RuleBroken. Does not commit.

    wanted  causes.TAKE, LEAVE or ASK_AGAIN
    """
    found = _difference(session, link.id, drift.module, drift.local_id)
    if found is None:
        return "They do not differ any more."
    if wanted == causes.TAKE:
        _take(session, found)
        return "Theirs counts here now. The next comparison looks whether both sides agree."
    is_left = wanted == causes.LEAVE
    found.left_at, found.left_by = (func.clock_timestamp(), by[:200]) if is_left else (None, "")
    return (
        "It is left as it is. The next comparison says so." if is_left else "The next comparison asks about it again."
    )


def let_ours_count(session: Session, record: MirrorRecord) -> None:
    """What is theirs counts as known, so that ours goes over as a change of ours, and nobody is asked about it."""
    found = _difference(session, record.link_id, record.module, record.local_id)
    if found is not None:
        _know_theirs(record, found)


def _take(session: Session, found: PairDifference) -> None:
    record = session.scalars(
        select(MirrorRecord)
        .where(MirrorRecord.link_id == found.link_id, MirrorRecord.module == found.module)
        .where(MirrorRecord.local_id == found.local_id)
        .with_for_update()
    ).one()
    theirs = _theirs(found)
    for name, there in theirs.items():
        is_strange = name == "tax" and there != "" and not changes.knows_tax(session, found.link_id, there)
        if is_strange or not changes.fits(found.module, name, there):
            what = fields.label_of(found.module, name)
            raise CannotTake(f"{what} there cannot be kept here. Correct it in Zoho, send ours, or leave it so.")
    changes.make(session, record, theirs)
    _know_theirs(record, found)


def _know_theirs(record: MirrorRecord, found: PairDifference) -> None:
    theirs, kept = _theirs(found), record.snapshot or {}
    if "is_active" in theirs:
        record.remote_status = "" if theirs["is_active"] else INACTIVE
    record.snapshot = kept | {"sent": None, "common": (kept.get("common") or {}) | theirs}


def _theirs(found: PairDifference) -> dict[str, str]:
    """our field → its value there"""
    return {each[0]: each[2] for each in found.fields}


def _difference(session: Session, link_id: int, module: str, local_id: int | None) -> PairDifference | None:
    return session.scalars(
        select(PairDifference)
        .where(PairDifference.link_id == link_id, PairDifference.module == module)
        .where(PairDifference.local_id == local_id)
        .with_for_update()
    ).one_or_none()

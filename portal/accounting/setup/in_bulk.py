"""Many unsure pairs answered at once: only those in which neither side may be another record as well."""

from sqlalchemy import ColumnElement, and_, case, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from portal.accounting.models import ImportRow, MirrorRecord
from portal.accounting.setup import matching

SAME = "same"
_UNSURE = (ImportRow.found == matching.UNSURE) & (ImportRow.decision == "") & ImportRow.done_at.is_(None)
_SEVERAL_HERE = "like [0-9]+ more"  # as the matching says it
_TIED = "One of the two is tied to another record already."
_TWICE = "Another record in Zoho is like the same one here."
_MANY = "Several here are like it."


def why_by_hand() -> ColumnElement[str]:
    """Of an import row: what speaks against taking it as the same unseen; "" where nothing does."""
    other = aliased(ImportRow)
    crossed = or_(
        and_(MirrorRecord.local_id == ImportRow.local_id, MirrorRecord.remote_id != ImportRow.remote_id),
        and_(MirrorRecord.remote_id == ImportRow.remote_id, MirrorRecord.local_id != ImportRow.local_id),
    )
    tied = select(MirrorRecord.id).where(
        MirrorRecord.link_id == ImportRow.link_id, MirrorRecord.module == ImportRow.module, crossed
    )
    twice = select(other.id).where(
        other.link_id == ImportRow.link_id, other.module == ImportRow.module, other.local_id == ImportRow.local_id,
        other.id != ImportRow.id, other.done_at.is_(None), other.decision.in_(("", SAME)),
    )  # fmt: skip
    several = ImportRow.basis.regexp_match(_SEVERAL_HERE)
    return case((tied.exists(), _TIED), (twice.exists(), _TWICE), (several, _MANY), else_="")


def decide_all(session: Session, link_id: int, decision: str) -> tuple[int, int]:
    """Every unsure pair gets `decision`; how many did, and how many stay open, as they cannot all be the same. Does not
    commit."""
    of = (ImportRow.link_id == link_id, _UNSURE)
    fitting = (why_by_hand() == "",) if decision == SAME else ()
    ids = session.scalars(select(ImportRow.id).where(*of, *fitting)).all()
    session.execute(update(ImportRow).where(ImportRow.id.in_(ids)).values(decision=decision))
    return len(ids), session.scalars(select(func.count()).select_from(ImportRow).where(*of)).one()


def leave_all_new(session: Session, link_id: int) -> int:
    """Nothing that only Zoho has is taken over; of how many. Does not commit."""
    is_new = (ImportRow.found == matching.NEW) & ImportRow.decision.in_(("", "new")) & ImportRow.done_at.is_(None)
    left = update(ImportRow).where(ImportRow.link_id == link_id, is_new).values(decision="skip")
    return len(session.scalars(left.returning(ImportRow.id)).all())

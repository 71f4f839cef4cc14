"""What people say about the first import, one by one; and taking it back."""

from collections.abc import Mapping, Sequence

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from portal.accounting.models import ImportRow, Link, MirrorRecord
from portal.accounting.setup import in_bulk, matching, pairs, reading, steps
from portal.organisations import audit
from portal.shared import outbox
from portal.shared.errors import RuleBroken

_SAID = {"same": "the same as ours", "new": "another one than ours, taken over here", "skip": "left in Zoho"}
_MOST_NAMED = 5
_SETTLED = "{name} was taken over meanwhile, and stays as it was decided: it is under what was taken over."
_ONE_ONLY = (
    "{name} cannot be the same as well: {other} in Zoho is that one already. Say otherwise of one of them, or merge"
    " both in Zoho: what is merged there is one here as well."
)
_ONE_BY_NOW = (
    "They are one record since everything goes over, and invoices there are made out to it. Change the name or the"
    " address on one side instead."
)


def choose(session: Session, link: Link, chosen: Mapping[int, int]) -> None:
    """chosen: import row → which of ours it is, of several that are as like it; any other is left as it was. The link
    is held. Does not commit."""
    rows = session.scalars(
        select(ImportRow).where(ImportRow.link_id == link.id, ImportRow.id.in_(chosen), ImportRow.done_at.is_(None))
    ).all()
    several = reading.several_like(session, rows)
    for row in rows:
        if row.local_id != chosen[row.id] and chosen[row.id] in several.get(row.id, ()):
            row.local_id, row.decision = chosen[row.id], ""  # so that it is told as said anew
    session.flush()


def decide(session: Session, link: Link, answers: Mapping[int, str]) -> list[str]:
    """What could not be kept, in words. answers: import row → same, new or skip. What is taken over stays; with nothing
    here, none is the same, and only one of theirs is. The link is held. Does not commit."""
    told = _taken_over(session, link, answers)
    is_open = (ImportRow.link_id == link.id, ImportRow.done_at.is_(None))
    for value in sorted(set(answers.values()), key=lambda value: value == "same"):  # who is another one frees ours
        ids = [row_id for row_id, answer in answers.items() if answer == value]
        fitting = (ImportRow.local_id.is_not(None),) if value == "same" else ()
        found = session.scalars(
            select(ImportRow)
            .where(*is_open, *fitting, ImportRow.id.in_(ids), ImportRow.decision != value)
            .order_by(ImportRow.id)
        ).all()
        said_anew = list(found)
        for row in found:
            if value == "same" and (other := _another_twin(session, link, row)):
                told.append(_ONE_ONLY.format(name=pairs.named(row), other=other))
                said_anew.remove(row)
                continue
            row.decision, row.problem = value, ""
            session.flush()
        _note(session, link, value, [pairs.named(row) for row in said_anew])
    return told


def _taken_over(session: Session, link: Link, answers: Mapping[int, str]) -> list[str]:
    """A page that was open for long may ask of what is settled by now."""
    rows = session.scalars(
        select(ImportRow)
        .where(ImportRow.link_id == link.id, ImportRow.id.in_(answers), ImportRow.done_at.is_not(None))
        .order_by(ImportRow.id)
    )
    return [_SETTLED.format(name=pairs.named(row)) for row in rows if row.decision != answers[row.id]]


def _another_twin(session: Session, link: Link, row: ImportRow) -> str:
    """What else in Zoho is the same as that one of ours; "" for nothing."""
    is_same = or_(ImportRow.decision == "same", (ImportRow.found == matching.MATCHED) & (ImportRow.decision == ""))
    other = session.scalars(
        select(ImportRow)
        .where(ImportRow.link_id == link.id, ImportRow.module == row.module, ImportRow.local_id == row.local_id)
        .where(ImportRow.id != row.id, is_same, ImportRow.problem == "")
        .limit(1)
    ).first()
    if other is not None:
        return pairs.named(other)
    twin = session.scalars(
        select(MirrorRecord)
        .where(MirrorRecord.link_id == link.id, MirrorRecord.module == row.module)
        .where(MirrorRecord.local_id == row.local_id, MirrorRecord.remote_id != row.remote_id)
    ).first()
    return (twin.remote_number or "another one") if twin is not None else ""


def decide_all(session: Session, link: Link, decision: str) -> int:
    """Every unsure pair that may be answered with the others; how many stay open. The link is held. Does not commit."""
    decided, left = in_bulk.decide_all(session, link.id, decision)
    _note_many(session, link, decision, decided)
    return left


def leave_all_new(session: Session, link: Link) -> None:
    """Nothing that only Zoho has is taken over. The link is held. Does not commit."""
    _note_many(session, link, "skip", in_bulk.leave_all_new(session, link.id))


def part(session: Session, link: Link, row_id: int) -> None:
    """Two that were made one are two again, to be decided once more: as long as nothing went over. Raises RuleBroken.
    Does not commit."""
    steps.lock(session, link)  # before the row, as the workers do (taking.take_one)
    row = session.scalars(
        select(ImportRow).where(ImportRow.link_id == link.id, ImportRow.id == row_id).with_for_update()
    ).one_or_none()
    if row is None or row.done_at is None or row.decision != "same":
        return  # pressed twice, or not of this page
    if not steps.is_open(link):
        raise RuleBroken(_ONE_BY_NOW)
    session.execute(
        update(MirrorRecord)
        .where(MirrorRecord.link_id == link.id, MirrorRecord.module == row.module)
        .where(MirrorRecord.local_id == row.local_id, MirrorRecord.remote_id == row.remote_id)
        .values(
            remote_id=None, remote_number="", remote_status="", state="pending", version_pushed=0, snapshot=None,
            pushed_at=None,
        )
    )  # fmt: skip
    outbox.record(session, row.organisation_id, row.module, row.local_id or 0)
    row.done_at, row.decision, row.found = None, "", matching.UNSURE
    _tell(session, link, f"{pairs.named(row)} and ours are two again, to be decided once more")
    link.setup_steps = {name: at for name, at in link.setup_steps.items() if name != steps.MATCH}


def _note(session: Session, link: Link, decision: str, names: Sequence[str]) -> None:
    if len(names) > _MOST_NAMED:
        _note_many(session, link, decision, len(names))
    elif names:
        _tell(session, link, f"{', '.join(names)}: {_SAID[decision]}")


def _note_many(session: Session, link: Link, decision: str, count: int) -> None:
    if count:
        _tell(session, link, f"{count} {'record' if count == 1 else 'records'} of Zoho's: {_SAID[decision]}")


def _tell(session: Session, link: Link, words: str) -> None:
    """In the history of the link, with who said so."""
    audit.note(session, link.organisation_id, "first import decided", "link", link.id, words=f"First import: {words}")

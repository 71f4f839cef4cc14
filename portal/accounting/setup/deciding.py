"""What people say about the first import, one by one; and taking it back."""

from collections.abc import Mapping

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.accounting.models import ImportRow, Link, MirrorRecord
from portal.accounting.setup import matching, reading, steps
from portal.shared import outbox
from portal.shared.errors import RuleBroken

_ONE_BY_NOW = (
    "They are one record since everything goes over, and invoices there are made out to it. Change the name or the"
    " address on one side instead."
)


def decide(session: Session, link_id: int, answers: Mapping[int, str]) -> None:
    """answers: import row → same, new or skip. What is taken over stays; with nothing here, none is the same. Does not
    commit."""
    is_open = (ImportRow.link_id == link_id, ImportRow.done_at.is_(None))
    for value in set(answers.values()):
        ids = [row_id for row_id, answer in answers.items() if answer == value]
        fitting = (ImportRow.local_id.is_not(None),) if value == "same" else ()
        session.execute(
            update(ImportRow).where(*is_open, *fitting, ImportRow.id.in_(ids)).values(decision=value, problem="")
        )


def part(session: Session, link: Link, row_id: int) -> None:
    """Two that were made one are two again, to be decided once more: as long as nothing went over. Raises RuleBroken.
    Does not commit."""
    steps.lock(session, link)
    row = session.scalars(
        select(ImportRow).where(ImportRow.link_id == link.id, ImportRow.id == row_id).with_for_update()
    ).one_or_none()
    if row is None or row.done_at is None or row.decision != "same" or row.basis == reading.BEFORE:
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
    link.setup_steps = {name: at for name, at in link.setup_steps.items() if name != steps.MATCH}

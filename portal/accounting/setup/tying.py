"""Tying one of ours to one of theirs: in step as of now, so that only a later edit goes over."""

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from portal.accounting.models import MirrorRecord
from portal.shared import outbox
from portal.shared.outbox import Change


def tie(
    session: Session, organisation_id: int, link_id: int, module: str, local_id: int, remote_id: str, *,
    remote_number: str = "", remote_status: str = "", snapshot: dict[str, Any] | None = None,
) -> bool:  # fmt: skip
    """False when one of the two is tied to another record already. Does not commit.

    The workers may have taken note of ours meanwhile, without anything of it there: that record is the one.
    """
    of = (MirrorRecord.link_id == link_id, MirrorRecord.module == module)
    holder = session.scalars(select(MirrorRecord.local_id).where(*of, MirrorRecord.remote_id == remote_id)).first()
    if holder is not None:
        return holder == local_id
    version = session.scalars(
        select(Change.version).where(Change.subject == module, Change.subject_id == local_id)
    ).one_or_none() or 0  # fmt: skip
    values = {
        "remote_id": remote_id, "remote_number": remote_number[:100], "remote_status": remote_status,
        "state": "in_step", "version_pushed": version,
        "snapshot": snapshot, "attempts": 0, "pushed_at": func.clock_timestamp(), "waits_for": "", "last_error": "",
        "last_error_code": "",
    }  # fmt: skip
    fresh = insert(MirrorRecord).values(
        organisation_id=organisation_id, link_id=link_id, module=module, local_id=local_id, **values
    )
    tied = session.execute(
        fresh.on_conflict_do_update(
            index_elements=["link_id", "module", "local_id"], set_=values, where=MirrorRecord.remote_id.is_(None)
        ).returning(MirrorRecord.id)
    ).one_or_none()
    if tied is None:
        return False
    outbox.settle(session, organisation_id, module, local_id, version)
    return True

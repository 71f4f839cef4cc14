"""What only a person can decide: asked once, kept up to date, carried out when decided."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from portal.accounting.models import MirrorRecord
from portal.accounting.pull.models import FIELD, TWICE, Question
from portal.organisations.models import AuditEntry

SETTLED = "settled"


def ask(
    session: Session, record_of: Mapping[str, Any], kind: str, *, field: str = "", ours: str = "", theirs: str = "",
    ours_by: str = "", ours_at: datetime | None = None, theirs_at: datetime | None = None,
    facts: Mapping[str, Any] | None = None, is_settled: bool = False,
) -> None:  # fmt: skip
    """Ask, or bring an open question of the same kind up to date. Does not commit.

    record_of   organisation_id, link_id, module, local_id, remote_id
    is_settled  nobody needs to be asked; only so that it is known
    """
    told = {
        "ours": ours, "theirs": theirs, "ours_by": ours_by[:200], "ours_at": ours_at, "theirs_at": theirs_at,
        "facts": dict(facts or {}),
    }  # fmt: skip
    fresh = insert(Question).values(**record_of, kind=kind, field=field, decided_by="", **told)
    fresh = fresh.values(decision=SETTLED if is_settled else "")
    session.execute(
        fresh.on_conflict_do_update(
            index_elements=["link_id", "module", "remote_id", "kind", "field"],
            index_where=text("decision = ''"), set_=told,  # as it stands: prepared with a value, no index is found
        )
    )  # fmt: skip


def ask_about_fields(
    session: Session, record: MirrorRecord, label: str, asked: Mapping[str, tuple[str, str]], why: str
) -> None:
    """One question for each field; what is no longer different is settled. Does not commit."""
    still = (
        update(Question)
        .where(Question.link_id == record.link_id, Question.module == record.module, Question.decision == "")
        .where(Question.local_id == record.local_id, Question.kind == FIELD, Question.field.not_in(list(asked)))
    )
    session.execute(still.values(decision=SETTLED, decided_at=func.clock_timestamp()))
    if not asked:
        return
    editor = last_editor(session, record.module, record.local_id)
    for name, (ours, theirs) in sorted(asked.items()):
        ask(
            session, of(record), FIELD, field=name, ours=ours, theirs=theirs, ours_by=editor[0], ours_at=editor[1],
            theirs_at=record.remote_modified_at, facts={"label": label, "why": why},
        )  # fmt: skip


def settle(session: Session, record: MirrorRecord, kind: str, field: str) -> None:
    """The two sides became equal by themselves. Does not commit."""
    session.execute(
        update(Question)
        .where(Question.link_id == record.link_id, Question.module == record.module, Question.decision == "")
        .where(Question.local_id == record.local_id, Question.kind == kind, Question.field == field)
        .values(decision=SETTLED, decided_at=func.clock_timestamp())
    )


def stop(session: Session, link_id: int, module: str, local_id: int, words: str) -> None:
    """Nothing of this record is sent until somebody has decided. Does not commit."""
    session.execute(
        update(MirrorRecord)
        .where(MirrorRecord.link_id == link_id, MirrorRecord.module == module, MirrorRecord.local_id == local_id)
        .values(state="conflict", last_error=words, last_error_code="")
    )


def is_stopped(session: Session, record: MirrorRecord) -> bool:
    """Is it open whether Zoho has it already, made by somebody else?"""
    asked = select(Question.id).where(
        Question.link_id == record.link_id, Question.module == record.module, Question.decision == "",
        Question.local_id == record.local_id, Question.kind == TWICE,
    )  # fmt: skip
    return record.remote_id is None and session.scalars(asked.limit(1)).first() is not None


def of(record: MirrorRecord) -> dict[str, Any]:
    return {
        "organisation_id": record.organisation_id, "link_id": record.link_id, "module": record.module,
        "local_id": record.local_id, "remote_id": record.remote_id or "",
    }  # fmt: skip


def last_editor(session: Session, module: str, local_id: int) -> tuple[str, datetime | None]:
    """Who changed this record here last, and when."""
    row = session.execute(
        select(AuditEntry.actor_name, AuditEntry.created_at)
        .where(AuditEntry.record == module, AuditEntry.record_id == local_id, AuditEntry.actor == "person")
        .order_by(AuditEntry.id.desc())
        .limit(1)
    ).one_or_none()
    return (row.actor_name, row.created_at) if row is not None else ("", None)

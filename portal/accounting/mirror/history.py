"""The latest steps of each record: what was sent, what came back, when, and by which job."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import BigInteger, Index, String, delete, insert, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.accounting.mirror import redaction
from portal.accounting.mirror.push import (
    ACT,
    COMPARE,
    CREATE,
    DRAFT,
    INACTIVE,
    LOOK,
    READ,
    SENT,
    UPDATE,
    VOID,
    WRITTEN_OFF,
    Push,
)
from portal.accounting.mirror.send import Absent, Done
from portal.shared.db import Base, Tenant, belongs_to
from portal.shared.logs import trace

KEPT = 20  # of each record; older ones tell nothing that the newest do not
_DID = {
    LOOK: "Looked for it",
    CREATE: "Made",
    UPDATE: "Changed",
    VOID: "Voided",
    READ: "Read",
    ACT: "Given back",
    COMPARE: "Compared",
}
_MARKED = {
    WRITTEN_OFF: "Written off", SENT: "Opened again", DRAFT: "Made a draft again", INACTIVE: "Made inactive",
    VOID: "Voided", "": "Made active",
}  # fmt: skip


class MirrorStep(Tenant, Base):
    """One call about one record, and what came of it; rows of (name, value), redacted before they were kept."""

    __tablename__ = "mirror_steps"
    __table_args__ = (
        belongs_to("mirror_records", "record_id"),
        Index("ix_mirror_steps_record", "organisation_id", "record_id", "id"),
    )

    record_id: Mapped[int] = mapped_column(BigInteger)
    did: Mapped[str] = mapped_column(String(40))
    outcome: Mapped[str] = mapped_column(String(500))
    sent: Mapped[list[list[str]]] = mapped_column(JSONB)
    came_back: Mapped[list[list[str]]] = mapped_column(JSONB)
    trace: Mapped[str] = mapped_column(String(64))


def note(session: Session, push: Push, outcome: str, answer: Mapping[str, Any] | None = None) -> None:
    """One step more, in the transaction that records what came of it; what is too old goes."""
    payload = push.payload if push.verb in (CREATE, UPDATE) else (push.act.body or {}) if push.act else {}
    did = _DID.get(push.verb, push.verb.capitalize())
    if push.act is not None and push.act.marks is not None:
        did = _MARKED[push.act.marks]
    of_record = select(MirrorStep.id).where(MirrorStep.record_id == push.record_id)
    too_old = of_record.order_by(MirrorStep.id.desc()).offset(KEPT - 1)
    session.execute(
        insert(MirrorStep)
        .values(
            organisation_id=session.info["organisation_id"], record_id=push.record_id, did=did, outcome=outcome[:500],
            sent=redaction.sent(payload), came_back=redaction.told(answer or {}), trace=trace.get(),
        )
        .add_cte(delete(MirrorStep).where(MirrorStep.id.in_(too_old)).cte("gone"))
    )  # fmt: skip


def outcome_of(outcome: Done | Absent) -> tuple[str, Mapping[str, Any]]:
    """In words, and Zoho's answer."""
    if isinstance(outcome, Absent):
        return "It is not there.", {}
    return ("It is there." if outcome.adopted else "Done."), outcome.record


def steps_of(session: Session, record_id: int) -> Sequence[MirrorStep]:
    """Newest first."""
    return session.scalars(
        select(MirrorStep).where(MirrorStep.record_id == record_id).order_by(MirrorStep.id.desc()).limit(KEPT)
    ).all()

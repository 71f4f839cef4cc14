"""What changed here and may concern others: one row per subject, with a version, so that edits collapse.

The row is written in the transaction of the change it tells of, so nothing can be forgotten; whoever cares
remembers the version it has dealt with. Redis only says "look now".
"""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, case, func, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.shared import queues
from portal.shared.db import Base

_MANY = 1_000


class Change(Base):
    """The latest version of one subject, for example ("invoice", 318, 4)."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_open", "organisation_id", "changed_at", postgresql_where=text("NOT is_settled")),
    )

    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), primary_key=True)
    subject: Mapped[str] = mapped_column(String(40), primary_key=True)
    subject_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger, default=1)
    changed_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    # Nobody has anything left to do about this version. Only saves the search for work; versions decide.
    is_settled: Mapped[bool] = mapped_column(server_default=text("false"))


def record(session: Session, organisation_id: int, subject: str, subject_id: int) -> None:
    """Say that `subject` changed, in the transaction of the change, and wake the mirror after commit."""
    record_all(session, organisation_id, (subject, subject_id))


def record_all(session: Session, organisation_id: int, *subjects: tuple[str, int]) -> None:
    """Several at once; (subject, id) of each, none twice."""
    ordered = sorted(subjects)  # always in one order: two transactions never block each other
    names, ids = [name for name, _ in ordered], [subject_id for _, subject_id in ordered]
    session.execute(_RECORD, {"organisation_id": organisation_id, "names": names, "ids": ids})
    queues.wake(session, "mirror", organisation_id)


# One text for any number of subjects, so that it is compiled and planned once.
_RECORD = text(
    "INSERT INTO outbox AS o (organisation_id, subject, subject_id, version)"
    " SELECT :organisation_id, s.name, s.id, 1"
    " FROM unnest(CAST(:names AS text[]), CAST(:ids AS bigint[])) AS s (name, id)"
    " ON CONFLICT (organisation_id, subject, subject_id)"
    " DO UPDATE SET version = o.version + 1, changed_at = clock_timestamp(), is_settled = false"
)


def settle(session: Session, organisation_id: int, subject: str, subject_id: int, version: int) -> None:
    """Nothing is left to do about `version`; a newer one stays open."""
    session.execute(
        update(Change)
        .where(
            Change.organisation_id == organisation_id, Change.subject == subject,
            Change.subject_id == subject_id, Change.version == version,
        )
        .values(is_settled=True)
    )  # fmt: skip


def plan_for_many(session: Session) -> None:
    """Before changes are compared with other rows, for the rest of the transaction: tables that have just grown by
    100,000 rows look small to the planner, and comparing each with each would take minutes. Where many are open, none
    is looked up singly."""
    open_ = select(Change.subject_id).where(~Change.is_settled).limit(_MANY + 1).subquery()
    is_many = select(func.count() > _MANY).select_from(open_).scalar_subquery()
    session.execute(select(func.set_config("enable_nestloop", case((is_many, "off"), else_="on"), True)))


def reopen_all(session: Session, organisation_id: int) -> None:
    """Somebody new wants to hear of everything, for example a new link."""
    session.execute(update(Change).where(Change.organisation_id == organisation_id).values(is_settled=False))
    queues.wake(session, "mirror", organisation_id)

"""The trail: who did what to which record. Also the timeline that people read on a record's page."""

from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Select, event, func, insert, select
from sqlalchemy.orm import Session, SessionTransaction

from portal.organisations.models import AuditEntry
from portal.shared.logs import trace


@dataclass(frozen=True)
class Actor:
    """Who is acting: a person on the staff, the customer behind a pay link, or a job of ours."""

    kind: str  # person | customer | job
    person_id: int | None = None
    name: str = ""
    address: str = ""


JOB = Actor("job", name="Portal")
CUSTOMER = Actor("customer")
actor: ContextVar[Actor] = ContextVar("actor", default=JOB)
MOST_TOLD = 200  # of one timeline
_NOTED = "audit_entries_noted"
_before: WeakKeyDictionary[SessionTransaction, int] = WeakKeyDictionary()
_INSERT = insert(AuditEntry.__table__)  # type: ignore[arg-type]


def note(
    session: Session, organisation_id: int, action: str, record: str, record_id: int, *,
    words: str = "", link: str = "", by: Actor | None = None, before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:  # fmt: skip
    """Add one entry, in the transaction of what it tells of.

    action  past tense, lower case, for example "invoice sent"
    words   what a person reads on the timeline; empty keeps the entry out of it
    link    where those words lead, for example to the record in Zoho
    by      whose doing it is, when that is not who or what is at work now
    """
    who = by or actor.get()
    session.info.setdefault(_NOTED, []).append(
        {
            "organisation_id": organisation_id, "actor": who.kind, "person_id": who.person_id,
            "actor_name": who.name, "trace": trace.get(), "address": who.address, "action": action,
            "record": record, "record_id": record_id, "words": words[:500], "link": link[:500],
            "before": before, "after": after,
        }
    )  # fmt: skip


def timeline(session: Session, record: str, record_id: int) -> Sequence[AuditEntry]:
    """What people may read about one record, newest first."""
    _write_noted(session)
    return session.scalars(
        select(AuditEntry)
        .where(AuditEntry.record == record, AuditEntry.record_id == record_id, AuditEntry.words != "")
        .order_by(AuditEntry.id.desc())
        .limit(MOST_TOLD)
    ).all()


def told_of(session: Session, record: str, record_ids: Select[int]) -> Select[int]:
    """Ids of the entries that the timelines of these records hold. For a statement of one's own."""
    _write_noted(session)
    newest = func.row_number().over(partition_by=AuditEntry.record_id, order_by=AuditEntry.id.desc()).label("newest")
    ranked = (
        select(AuditEntry.id, newest)
        .where(AuditEntry.record == record, AuditEntry.record_id.in_(record_ids), AuditEntry.words != "")
        .subquery()
    )
    return select(ranked.c.id).where(ranked.c.newest <= MOST_TOLD)


def page_of(
    session: Session, record: str, record_ids: Select[int], *, page: int, size: int
) -> tuple[Sequence[AuditEntry], bool]:  # fmt: skip
    """One page of what the timelines of these records hold together, newest first, however much it is; and whether
    there is another."""
    _write_noted(session)
    told = (AuditEntry.record == record, AuditEntry.record_id.in_(record_ids), AuditEntry.words != "")
    entries = select(AuditEntry).where(*told).order_by(AuditEntry.id.desc())
    found = session.scalars(entries.offset((page - 1) * size).limit(size + 1)).all()
    return found[:size], len(found) > size


def _write_noted(session: Session) -> None:
    """All entries of a transaction go in by one statement, at its end."""
    noted = session.info.pop(_NOTED, ())
    if noted:
        session.flush()  # what they tell of goes first
        session.execute(_INSERT, noted)


@event.listens_for(Session, "before_commit")
def _write_at_the_end(session: Session) -> None:
    if not session.in_nested_transaction():
        _write_noted(session)


@event.listens_for(Session, "after_transaction_create")
def _mark(session: Session, transaction: SessionTransaction) -> None:
    """How much was noted before a part that may be given up."""
    if transaction.nested:
        _before[transaction] = len(session.info.get(_NOTED, ()))


@event.listens_for(Session, "after_soft_rollback")
def _forget_noted(session: Session, transaction: SessionTransaction) -> None:
    """With a part that is given up goes what was noted in it, and nothing else."""
    del session.info.get(_NOTED, [])[_before.get(transaction, 0) :]

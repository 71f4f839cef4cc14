"""Invoices whose reminders rest: because a person of the firm says so, or the customer has asked something."""

from datetime import datetime

from sqlalchemy import BigInteger, ColumnElement, Index, String, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.invoices.models import Invoice
from portal.organisations import audit
from portal.shared import clock
from portal.shared.db import Base, Tenant, belongs_to

_STANDS = text("ended_at IS NULL")


class ReminderPause(Tenant, Base):
    """A row of its own, as sent invoices are frozen. At most one stands for an invoice."""

    __tablename__ = "reminder_pauses"
    __table_args__ = (
        belongs_to("invoices", "invoice_id"),
        Index("uq_reminder_pauses_stands", "organisation_id", "invoice_id", unique=True, postgresql_where=_STANDS),
    )

    invoice_id: Mapped[int] = mapped_column(BigInteger)
    why: Mapped[str] = mapped_column(String(200))
    ended_at: Mapped[datetime | None]


def pause(session: Session, organisation_id: int, invoice_id: int, why: str) -> None:
    """No reminder leaves from now on, for the reason that people read. A second pause changes nothing.

    Does not commit.
    """
    fresh = insert(ReminderPause).values(organisation_id=organisation_id, invoice_id=invoice_id, why=why[:200])
    added = session.execute(
        fresh.on_conflict_do_nothing(index_elements=["organisation_id", "invoice_id"], index_where=_STANDS).returning(
            ReminderPause.id
        )
    ).scalar_one_or_none()
    if added is not None:
        audit.note(
            session, organisation_id, "reminders paused", "invoice", invoice_id, words=f"Reminders paused: {why}"
        )


def resume(session: Session, organisation_id: int, invoice_id: int, *, why: str = "") -> None:
    """Does not commit.

    why  ends only the pause that stands for this reason; "" for any
    """
    standing_one = update(ReminderPause).where(ReminderPause.invoice_id == invoice_id, ReminderPause.ended_at.is_(None))
    if why:
        standing_one = standing_one.where(ReminderPause.why == why)
    ended = session.execute(standing_one.values(ended_at=clock.now()).returning(ReminderPause.id)).scalars()
    if list(ended):
        audit.note(session, organisation_id, "reminders resumed", "invoice", invoice_id, words="Reminders go on")


def standing(session: Session, invoice_id: int) -> ReminderPause | None:
    return session.scalars(
        select(ReminderPause).where(ReminderPause.invoice_id == invoice_id, ReminderPause.ended_at.is_(None))
    ).one_or_none()


def is_paused() -> ColumnElement[bool]:
    """Part of a question: do the reminders of the Invoice that is asked about rest?"""
    return (
        select(ReminderPause.id)
        .where(ReminderPause.invoice_id == Invoice.id, ReminderPause.ended_at.is_(None))
        .exists()
    )

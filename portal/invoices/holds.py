"""Invoices that wait for the firm: no online payment and no reminder while a hold stands, and why."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ColumnElement, Index, String, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.invoices.models import Invoice
from portal.shared.db import Base, Tenant, belongs_to

BOOKS, BACK = "books", "back"
_STANDS = text("released_at IS NULL")
_ONE = ["organisation_id", "invoice_id", "kind"]


class InvoiceHold(Tenant, Base):
    """A row of its own, as sent invoices are frozen. At most one of each kind stands for an invoice.

    kind          books: they have another amount; back: money left it that nobody here gave back (by the bank, or in
                  Stripe's own pages), and nobody has said yet whether the customer is to pay again
    why           for the firm, never for the customer
    lost_minor    how much left it
    released_how  agrees | accepted | void | unlinked; of money that left: credited | asked | given up | returned
    """

    __tablename__ = "invoice_holds"
    __table_args__ = (
        belongs_to("invoices", "invoice_id"),
        Index("uq_invoice_holds_stands", *_ONE, unique=True, postgresql_where=_STANDS),
        CheckConstraint("kind IN ('books', 'back')", name="kind"),
    )

    invoice_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String(10), default=BOOKS, server_default=text("'books'"))
    why: Mapped[str] = mapped_column(String(500))
    lost_minor: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    released_at: Mapped[datetime | None]
    released_how: Mapped[str] = mapped_column(String(10), default="", server_default=text("''"))


def hold(
    session: Session, organisation_id: int, invoice_id: int, why: str, *, kind: str = BOOKS, lost_minor: int = 0
) -> None:
    """Waits for whoever has the invoice's lock: a payment is begun before this, or not at all. Does not commit.

    lost_minor  adds to what stands already
    """
    row = {"organisation_id": organisation_id, "invoice_id": invoice_id, "why": why[:500], "kind": kind}
    session.execute(
        insert(InvoiceHold)
        .values(row | {"lost_minor": lost_minor})
        .on_conflict_do_update(
            index_elements=_ONE, index_where=_STANDS,
            set_={"why": row["why"], "lost_minor": InvoiceHold.lost_minor + lost_minor},
        )
    )  # fmt: skip


def release(session: Session, how: str, invoice_id: int | None = None, *, kind: str | None = BOOKS) -> None:
    """The hold of one invoice, or every hold there is. kind None: whatever it waits for. Does not commit."""
    chosen = update(InvoiceHold).where(InvoiceHold.released_at.is_(None))
    if kind is not None:
        chosen = chosen.where(InvoiceHold.kind == kind)
    if invoice_id is not None:
        chosen = chosen.where(InvoiceHold.invoice_id == invoice_id)
    session.execute(chosen.values(released_at=func.clock_timestamp(), released_how=how))


def standing_of(session: Session, invoice_id: int) -> dict[str, InvoiceHold]:
    """What an invoice waits for, by kind."""
    found = select(InvoiceHold).where(InvoiceHold.invoice_id == invoice_id, InvoiceHold.released_at.is_(None))
    return {each.kind: each for each in session.scalars(found.execution_options(populate_existing=True))}


def held_among(session: Session, invoice_ids: Sequence[int]) -> set[int]:
    """Those of these that wait for something."""
    found = select(InvoiceHold.invoice_id).where(
        InvoiceHold.invoice_id.in_(invoice_ids), InvoiceHold.released_at.is_(None)
    )
    return set(session.scalars(found))


def is_held(session: Session, invoice_id: int) -> bool:
    return session.execute(select(stands(invoice_id))).scalar_one()


def stands(invoice_id: int | None = None) -> ColumnElement[bool]:
    """Part of a question: does a hold stand for this invoice, or for the Invoice that is asked about?"""
    of = Invoice.id if invoice_id is None else invoice_id
    return select(InvoiceHold.id).where(InvoiceHold.invoice_id == of, InvoiceHold.released_at.is_(None)).exists()

"""Invoices that wait for the firm: no online payment and no reminder while a hold stands, and why."""

from datetime import datetime

from sqlalchemy import BigInteger, ColumnElement, Index, String, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.invoices.models import Invoice
from portal.shared.db import Base, Tenant, belongs_to

_STANDS = text("released_at IS NULL")


class InvoiceHold(Tenant, Base):
    """A row of its own, as sent invoices are frozen. At most one stands for an invoice.

    why           for the firm, never for the customer
    released_how  agrees | accepted | void | unlinked
    """

    __tablename__ = "invoice_holds"
    __table_args__ = (
        belongs_to("invoices", "invoice_id"),
        Index("uq_invoice_holds_stands", "organisation_id", "invoice_id", unique=True, postgresql_where=_STANDS),
    )

    invoice_id: Mapped[int] = mapped_column(BigInteger)
    why: Mapped[str] = mapped_column(String(500))
    released_at: Mapped[datetime | None]
    released_how: Mapped[str] = mapped_column(String(10), default="", server_default=text("''"))


def hold(session: Session, organisation_id: int, invoice_id: int, why: str) -> None:
    """Waits for whoever has the invoice's lock: a payment is begun before this, or not at all. Does not commit."""
    row = {"organisation_id": organisation_id, "invoice_id": invoice_id, "why": why[:500]}
    session.execute(
        insert(InvoiceHold)
        .values(row)
        .on_conflict_do_update(
            index_elements=["organisation_id", "invoice_id"], index_where=_STANDS, set_={"why": row["why"]}
        )
    )  # fmt: skip


def release(session: Session, how: str, invoice_id: int | None = None) -> None:
    """The hold of one invoice, or every hold there is. Does not commit."""
    chosen = update(InvoiceHold).where(InvoiceHold.released_at.is_(None))
    if invoice_id is not None:
        chosen = chosen.where(InvoiceHold.invoice_id == invoice_id)
    session.execute(chosen.values(released_at=func.clock_timestamp(), released_how=how))


def is_held(session: Session, invoice_id: int) -> bool:
    return session.execute(select(stands(invoice_id))).scalar_one()


def stands(invoice_id: int | None = None) -> ColumnElement[bool]:
    """Part of a question: does a hold stand for this invoice, or for the Invoice that is asked about?"""
    of = Invoice.id if invoice_id is None else invoice_id
    return select(InvoiceHold.id).where(InvoiceHold.invoice_id == of, InvoiceHold.released_at.is_(None)).exists()

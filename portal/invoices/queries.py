"""Finding invoices. Those who see all jobs see all; a technician what they raised, and what bills their jobs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, and_, func, or_, select, true
from sqlalchemy.orm import Session, contains_eager, joinedload, selectinload

from portal.customers.models import Customer
from portal.invoices import rules
from portal.invoices.balance import Due
from portal.invoices.models import Invoice, InvoiceBalance, InvoiceLine
from portal.shared.access import Viewer
from portal.shared.errors import NotFound
from portal.shared.money import Money
from portal.shared.text import anywhere
from portal.work_orders.models import Appointment, WorkOrderLine

PAGE_SIZE = 50
STATES = ("", "open", "draft", "sent", "overdue", "part_paid", "paid", "written_off", "void")


def is_written_off() -> ColumnElement[bool]:
    """Part of a question that joins InvoiceBalance: as its own is_written_off."""
    return and_(InvoiceBalance.written_off_minor > 0, InvoiceBalance.balance_minor <= 0)


def visible_to(viewer: Viewer) -> ColumnElement[bool]:
    if viewer.may("see_all_work_orders"):
        return true()
    theirs = (
        select(InvoiceLine.id)
        .join(WorkOrderLine, WorkOrderLine.id == InvoiceLine.work_order_line_id)
        .join(Appointment, Appointment.work_order_id == WorkOrderLine.work_order_id)
        .where(InvoiceLine.invoice_id == Invoice.id, Appointment.technician_id == viewer.id)
    )
    return or_(Invoice.raised_by == viewer.id, theirs.exists())


def get_invoice(session: Session, invoice_id: int, viewer: Viewer | None = None, *, lock: bool = False) -> Invoice:
    """With lines, tax rows, customer and balance. viewer None: the caller has checked. Raises NotFound."""
    found = (
        select(Invoice)
        .where(Invoice.id == invoice_id, visible_to(viewer) if viewer else true())
        .options(
            joinedload(Invoice.customer), joinedload(Invoice.balance_row),
            selectinload(Invoice.lines), selectinload(Invoice.taxes),
        )
        .execution_options(populate_existing=True)
    )  # fmt: skip
    if lock:
        found = found.with_for_update(of=Invoice)
    invoice = session.scalars(found).one_or_none()
    if invoice is None:
        raise NotFound
    return invoice


def balance_of(invoice: Invoice) -> InvoiceBalance:
    """Of an invoice that was read with its balance."""
    if invoice.balance_row is None:
        raise LookupError("every invoice has a row in the view")
    return invoice.balance_row


def due_on(session: Session, invoice_id: int) -> Due:
    """As it is now, whatever was read before."""
    row = session.execute(
        select(InvoiceBalance.balance_minor, InvoiceBalance.under_way_minor, InvoiceBalance.currency).where(
            InvoiceBalance.invoice_id == invoice_id
        )
    ).one()
    return Due(Money(row.balance_minor, row.currency), Money(row.under_way_minor, row.currency))


def status_of(invoice: Invoice, today: date) -> str:
    """As people read it; of an invoice that was read with its balance."""
    return rules.shown_status(
        invoice.status, total=invoice.amount_due, balance=balance_of(invoice).balance, due_on=invoice.due_on,
        was_viewed=invoice.viewed_at is not None, today=today, written_off=invoice.written_off,
    )  # fmt: skip


def list_invoices(
    session: Session, viewer: Viewer, *, state: str = "", search: str = "", today: date, page: int = 1
) -> tuple[Sequence[Invoice], bool]:
    """One page with customers and balances, newest first, and whether there is another. state: one of STATES."""
    found = (
        select(Invoice)
        .join(Invoice.customer)
        .join(Invoice.balance_row)
        .options(contains_eager(Invoice.customer), contains_eager(Invoice.balance_row))
        .where(visible_to(viewer), *_in_state(state, today), *_matching(search))
        .order_by(Invoice.id.desc())
        .offset((page - 1) * PAGE_SIZE)
        .limit(PAGE_SIZE + 1)
    )
    rows = session.scalars(found).all()
    return rows[:PAGE_SIZE], len(rows) > PAGE_SIZE


def invoices_of_work_order(session: Session, invoice_ids: Sequence[int]) -> Sequence[Invoice]:
    """With balances, for the job's page."""
    if not invoice_ids:
        return []
    return session.scalars(
        select(Invoice).where(Invoice.id.in_(invoice_ids)).options(joinedload(Invoice.balance_row)).order_by(Invoice.id)
    ).all()


@dataclass(frozen=True)
class Sum:
    """How many invoices, what is left to pay on them, and what of it banks have under way; due_on of the oldest."""

    count: int
    balance: Money
    under_way: Money
    oldest_due_on: date | None


def sums_by_state(session: Session, currency: str, today: date) -> dict[str, Sum]:
    """For the board: "sent" (open, not yet due) and "overdue"."""
    is_overdue = Invoice.due_on < today
    rows = session.execute(
        select(
            is_overdue,
            func.count(),
            func.sum(InvoiceBalance.balance_minor),
            func.sum(InvoiceBalance.under_way_minor),
            func.min(Invoice.due_on),
        )
        .join(InvoiceBalance, InvoiceBalance.invoice_id == Invoice.id)
        .where(Invoice.status == "sent", InvoiceBalance.balance_minor > 0)
        .group_by(is_overdue)
    ).all()
    found = {
        "overdue" if late else "sent": Sum(count, Money(int(minor), currency), Money(int(under_way), currency), due)
        for late, count, minor, under_way, due in rows
    }
    nothing = Sum(0, Money.zero(currency), Money.zero(currency), None)
    return {"sent": found.get("sent", nothing), "overdue": found.get("overdue", nothing)}


def _in_state(state: str, today: date) -> list[ColumnElement[bool]]:
    is_open = (Invoice.status == "sent") & (InvoiceBalance.balance_minor > 0)
    conditions: dict[str, list[ColumnElement[bool]]] = {
        "draft": [Invoice.status == "draft"],
        "written_off": [is_written_off()],
        "void": [Invoice.status == "void"],
        "open": [is_open],
        "sent": [is_open, Invoice.due_on >= today],
        "overdue": [is_open, Invoice.due_on < today],
        "part_paid": [is_open, InvoiceBalance.paid_minor > 0],
        "paid": [Invoice.status == "sent", InvoiceBalance.balance_minor <= 0, InvoiceBalance.written_off_minor == 0],
    }
    return conditions.get(state, [])


def _matching(search: str) -> list[ColumnElement[bool]]:
    if not search:
        return []
    pattern = anywhere(search)
    found = (Invoice.number, Invoice.title, Customer.name)
    return [or_(Customer.number == search, *(column.ilike(pattern) for column in found))]

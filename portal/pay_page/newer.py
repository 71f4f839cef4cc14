"""What replaces an invoice that was voided."""

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from portal.invoices.models import SENT, Invoice, InvoiceLine


def find_newer(session: Session, invoice: Invoice) -> Invoice | None:
    """The sent invoice by which the firm bills again what this void one billed."""
    ours, theirs = aliased(InvoiceLine), aliased(InvoiceLine)
    return session.scalars(
        select(Invoice)
        .join(theirs, theirs.invoice_id == Invoice.id)
        .join(ours, ours.work_order_line_id == theirs.work_order_line_id)
        .where(
            ours.invoice_id == invoice.id, Invoice.id > invoice.id, Invoice.status == SENT,
            Invoice.customer_id == invoice.customer_id,
        )
        .order_by(Invoice.id.desc())
        .limit(1)
    ).first()  # fmt: skip

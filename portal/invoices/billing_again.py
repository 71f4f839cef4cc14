"""Lines of a job that a credit note took back whole: once somebody says so they can be billed again.

Not by itself: whoever is given their money back is not to be asked for it again.
"""

from collections.abc import Mapping

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from portal.invoices import frozen
from portal.invoices.actions import job_of
from portal.invoices.credit_notes.actions import left_of
from portal.invoices.credit_notes.queries import credited_lines
from portal.invoices.models import SENT, Invoice
from portal.organisations import audit
from portal.shared import clock
from portal.shared.money import Money
from portal.work_orders.models import BillingClaim


def lines_gone(invoice: Invoice, before: Mapping[int, Money]) -> list[int]:
    """Which of the job's lines nothing is left of to credit; of an invoice read with its lines.

    before  how much credit notes took of each line, by its position

    Credit notes are for ever, so none of these lines is billed for more than the whole of it when it is billed again.
    """
    if invoice.status != SENT or "lines" not in (invoice.breakdown or {}):
        return []
    breakdown, _policy = frozen.from_text(invoice.breakdown or {}, invoice.currency)
    left = left_of(invoice, before)
    return [
        line.work_order_line_id
        for line, part, rest in zip(invoice.lines, breakdown.lines, left, strict=False)  # charges come after the lines
        if line.work_order_line_id and not rest and (part.total or not any(left))
    ]


def open_claims(invoice_id: int) -> Select[BillingClaim]:
    return select(BillingClaim).where(BillingClaim.invoice_id == invoice_id, BillingClaim.released_at.is_(None))


def bill_again(session: Session, invoice: Invoice) -> int | None:
    """Free those lines. Returns the number of their job, None where it has none. Safe to repeat. Does not commit.

    invoice  read with its lines and its row lock
    """
    gone = lines_gone(invoice, credited_lines(session, invoice))
    freed = session.scalars(open_claims(invoice.id).where(BillingClaim.work_order_line_id.in_(gone))).all()
    for claim in freed:
        claim.released_at = clock.now()
    if freed:
        audit.note(
            session, invoice.organisation_id, "lines freed", "invoice", invoice.id,
            words="The lines that were credited can be billed again",
            after={"lines": [claim.work_order_line_id for claim in freed]},
        )  # fmt: skip
    return job_of(session, invoice)

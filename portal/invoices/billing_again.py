"""Lines of a job that a credit note took back whole: once somebody says so they can be billed again.

Not by itself: whoever is given their money back is not to be asked for it again.
"""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.invoices import frozen
from portal.invoices.actions import job_of
from portal.invoices.credit_notes.actions import creditable
from portal.invoices.models import SENT, Invoice
from portal.organisations import audit
from portal.shared import clock
from portal.work_orders.models import BillingClaim


def credited_whole(session: Session, invoice: Invoice) -> Sequence[BillingClaim]:
    """The claims, still open, of the lines of which nothing is left to credit; of an invoice read with its lines.

    Credit notes are for ever, so none of these lines is billed for more than the whole of it when it is billed again.
    """
    if invoice.status != SENT or "lines" not in (invoice.breakdown or {}):
        return []
    breakdown, _policy = frozen.from_text(invoice.breakdown or {}, invoice.currency)
    left = creditable(session, invoice)
    gone = [
        line.work_order_line_id
        for line, part, rest in zip(invoice.lines, breakdown.lines, left, strict=False)  # charges come after the lines
        if line.work_order_line_id and not rest and (part.total or not any(left))
    ]
    return session.scalars(
        select(BillingClaim).where(
            BillingClaim.invoice_id == invoice.id, BillingClaim.work_order_line_id.in_(gone),
            BillingClaim.released_at.is_(None),
        )
    ).all()  # fmt: skip


def bill_again(session: Session, invoice: Invoice) -> int | None:
    """Free those lines. Returns the number of their job, None where it has none. Safe to repeat. Does not commit.

    invoice  read with its lines and its row lock
    """
    freed = credited_whole(session, invoice)
    for claim in freed:
        claim.released_at = clock.now()
    if freed:
        audit.note(
            session, invoice.organisation_id, "lines freed", "invoice", invoice.id,
            words="The lines that were credited can be billed again",
            after={"lines": [claim.work_order_line_id for claim in freed]},
        )  # fmt: skip
    return job_of(session, invoice)

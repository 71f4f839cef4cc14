"""The one thing that looking at a pay page changes, and only when a browser says that somebody looks, or somebody does
something on it."""

from collections.abc import Sequence

from sqlalchemy import func, update
from sqlalchemy.orm import Session

from portal.invoices.models import SENT, Invoice, PayLink
from portal.organisations import audit
from portal.shared import clock


def note_opening(session: Session, link: PayLink, invoice_ids: Sequence[int] = ()) -> None:
    """One more opening of this link; its invoice, or each of several, counts as viewed, once. Does not commit.

    A soft fact: some mail scanners run scripts, too.
    """
    now = clock.now()
    session.execute(
        update(PayLink)
        .where(PayLink.id == link.id)
        .values(opened_at=func.coalesce(PayLink.opened_at, now), last_opened_at=now, opens=PayLink.opens + 1)
    )
    if link.invoice_id is None:
        return
    first = session.scalars(
        update(Invoice)
        .where(Invoice.id.in_(invoice_ids or [link.invoice_id]), Invoice.status == SENT, Invoice.viewed_at.is_(None))
        .values(viewed_at=now)
        .returning(Invoice.id)
    )
    for invoice_id in first.all():
        audit.note(
            session, link.organisation_id, "invoice viewed", "invoice", invoice_id, words="Opened by the customer"
        )

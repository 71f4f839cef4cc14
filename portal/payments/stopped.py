"""Whether a link to what an attempt pays was stopped since it was begun: its page may be in the wrong hands."""

from collections.abc import Sequence

from sqlalchemy import Select, select, union_all
from sqlalchemy.orm import Session

from portal.invoices.joint import JointInvoice
from portal.invoices.models import PayLink
from portal.payments import rules
from portal.payments.models import PaymentAttempt


def is_stopped(session: Session, attempt: PaymentAttempt, invoice_ids: Sequence[int]) -> bool:
    """attempt: the leading one; invoice_ids: of all that it pays, none for a deposit."""
    links = union_all(
        select(PayLink.id).where(PayLink.invoice_id.in_(invoice_ids)),
        select(JointInvoice.pay_link_id).where(JointInvoice.invoice_id.in_(invoice_ids)),
        select(PayLink.id).where(PayLink.deposit_request_id == attempt.deposit_request_id),
    )
    begun_at = attempt.expires_at - rules.OPEN_FOR  # by the same clock as the stop
    stopped = select(PayLink.id).where(PayLink.id.in_(links), PayLink.revoked_at > begun_at)
    return session.scalar(stopped.limit(1)) is not None


def invoices_behind(link_id: int) -> Select[int]:
    """All that a link leads to."""
    joint = select(JointInvoice.invoice_id).where(JointInvoice.pay_link_id == link_id)
    own = select(PayLink.invoice_id).where(PayLink.id == link_id, PayLink.invoice_id.is_not(None))
    both = union_all(own, joint).subquery()
    return select(both.c.invoice_id).distinct()

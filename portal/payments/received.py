"""What came of each payment that an invoice received, as its payer is told: also of one that counts no more."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from portal.invoices.models import Invoice
from portal.payments.models import Allocation, Payment, PaymentReversal
from portal.payments.queries import AllocatedTo
from portal.payments.refunds.models import COUNTS, Refund
from portal.payments.refunds.went_back import Gone, WentBack, refunds_of, ways_of
from portal.shared.money import Money


@dataclass(frozen=True)
class TakenBack:
    """The firm's word that a payment counts for nothing any more. reason: as a person of the firm wrote it."""

    at: datetime
    reason: str


@dataclass(frozen=True)
class Received:
    """
    brought     what it paid of the invoices that are asked for
    went        what of that, and of its tip, went back to the payer, each way by itself: not what failed to reach them
    not_reached what did not reach them at last, and is with the firm
    taken_back  None as long as it counts
    """

    payment: Payment
    brought: Money
    went: Sequence[WentBack]
    not_reached: Money
    taken_back: TakenBack | None


def received_on(session: Session, invoice_ids: Collection[int]) -> Sequence[Received]:
    """Whatever paid these invoices once, oldest first."""
    here, went = func.sum(Allocation.amount_minor), Allocation.refund_id.is_not(None)
    first = func.coalesce(func.sum(Allocation.amount_minor).filter(~went, Allocation.amount_minor > 0), 0)
    rows = session.execute(
        select(Payment, here, first, PaymentReversal, _HAS_REFUNDS)
        .join(Allocation, Allocation.payment_id == Payment.id)
        .outerjoin(PaymentReversal, PaymentReversal.payment_id == Payment.id)
        .where(Allocation.invoice_id.in_(invoice_ids))
        .group_by(Payment.id, PaymentReversal.id)
        .order_by(Payment.id)
    ).all()
    refunded = [row.Payment.id for row in rows if row.has_refunds]
    refunds = refunds_of(session, refunded, invoice_ids) if refunded else {}
    found = [
        _received(payment, reversal, refunds.get(payment.id, []), here=int(stays), once=int(once))
        for payment, stays, once, reversal, _ in rows
    ]  # fmt: skip
    return [each for each in found if each.brought]


_HAS_REFUNDS = (
    exists(select(Refund.id).where(Refund.payment_id == Payment.id).correlate(Payment)).label("has_refunds")
)  # fmt: skip


def taken_back(session: Session, payment_id: int) -> TakenBack | None:
    found = session.scalars(select(PaymentReversal).where(PaymentReversal.payment_id == payment_id)).one_or_none()
    return told_of(found)


def put_at_first(session: Session, payment: Payment) -> Sequence[AllocatedTo]:
    """To which invoices it was put, whatever became of it since."""
    used = func.sum(Allocation.amount_minor)
    rows = session.execute(
        select(Allocation.invoice_id, Invoice.number, used)
        .join(Invoice, Invoice.id == Allocation.invoice_id)
        .where(Allocation.payment_id == payment.id, Allocation.refund_id.is_(None), Allocation.amount_minor > 0)
        .group_by(Allocation.invoice_id, Invoice.number)
        .order_by(Allocation.invoice_id)
    )
    return [AllocatedTo(each, number or "", Money(int(minor), payment.currency)) for each, number, minor in rows]


def _received(
    payment: Payment, reversal: PaymentReversal | None, refunds: Sequence[Gone], *, here: int, once: int
) -> Received:  # fmt: skip
    went = ways_of(payment, refunds)
    back = Money.total((each.amount for each in went), payment.currency)
    stays = Money(here, payment.currency)
    counted = stays + back if reversal is None else Money(once, payment.currency)
    missed = _not_reached(refunds, stays) if reversal is None else Money.zero(payment.currency)
    return Received(payment, counted, went, missed, told_of(reversal))


def _not_reached(refunds: Sequence[Gone], stays: Money) -> Money:
    """Of the newest refund, as far as the firm still has it for the payer: it pays these invoices again, or nothing.

    What Stripe never took was told to nobody: it is missing only where a credit note has taken its place.
    """
    newest = refunds[-1] if refunds else None
    if newest is None or newest.refund.way != "stripe" or newest.refund.state in COUNTS:
        return Money.zero(stays.currency)
    refund, unused = newest.refund, newest.unused
    return min(refund.amount, unused + stays) + refund.tip if refund.state == "failed" else min(refund.amount, unused)


def told_of(reversal: PaymentReversal | None) -> TakenBack | None:
    """What a payer hears of it."""
    return TakenBack(reversal.created_at, reversal.reason) if reversal else None

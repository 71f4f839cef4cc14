"""What came of each payment that an invoice received, as its payer is told: also of one that counts no more."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session, aliased

from portal.invoices.models import Invoice
from portal.payments.models import Allocation, Payment, PaymentReversal
from portal.payments.queries import AllocatedTo
from portal.payments.refunds.models import COUNTS, Refund
from portal.payments.refunds.went_back import Gone, WentBack, refunds_of, ways_of
from portal.payments.uses import PaymentUse
from portal.shared.money import Money


@dataclass(frozen=True)
class TakenBack:
    """The firm's word that a payment counts for nothing any more. reason: as a person of the firm wrote it."""

    at: datetime
    reason: str


@dataclass(frozen=True)
class Received:
    """
    brought     what it paid of the invoices that are asked for; nothing where it became the payer's credit
    kept        what of the same payment pays nothing: the firm has it for the payer
    is_shared   some of the same payment went to other invoices, of which a link to these tells nothing, nor how much
    went        what of all that, and of its tip, went back to the payer, each way by itself: not what failed to reach
                them, and where it is shared, nothing of what had paid nothing
    not_reached what did not reach them at last, and is with the firm
    taken_back  None as long as it counts
    """

    payment: Payment
    brought: Money
    kept: Money
    is_shared: bool
    went: Sequence[WentBack]
    not_reached: Money
    taken_back: TakenBack | None

    @property
    def is_part(self) -> bool:
        """More came than these invoices were paid with."""
        return self.brought != self.payment.amount

    @property
    def stays(self) -> Money:
        """What it pays of them now."""
        return self.brought - Money.total((each.amount for each in self.went), self.brought.currency)


def received_on(session: Session, invoice_ids: Collection[int]) -> Sequence[Received]:
    """Whatever paid these invoices once, oldest first."""
    here, went = func.sum(Allocation.amount_minor), Allocation.refund_id.is_not(None)
    first = func.coalesce(func.sum(Allocation.amount_minor).filter(~went, Allocation.amount_minor > 0), 0).label("once")
    rows = session.execute(
        select(Payment, PaymentReversal, here, first, PaymentUse.unused_minor, _is_beside(invoice_ids), HAS_REFUNDS)
        .join(Allocation, Allocation.payment_id == Payment.id)
        .join(PaymentUse, PaymentUse.payment_id == Payment.id)
        .outerjoin(PaymentReversal, PaymentReversal.payment_id == Payment.id)
        .where(Allocation.invoice_id.in_(invoice_ids))
        .group_by(Payment.id, PaymentReversal.id, PaymentUse.unused_minor)
        .order_by(Payment.id)
    ).all()
    refunded = [row.Payment.id for row in rows if row.has_refunds]
    refunds = refunds_of(session, refunded, invoice_ids) if refunded else {}
    found = [
        _received(payment, reversal, refunds.get(payment.id, []), _Sums(*sums), is_beside=is_beside)
        for payment, reversal, *sums, is_beside, _ in rows
    ]  # fmt: skip
    return [each for each, row in zip(found, rows, strict=True) if each.brought or row.once]


HAS_REFUNDS = (
    exists(select(Refund.id).where(Refund.payment_id == Payment.id).correlate(Payment)).label("has_refunds")
)  # fmt: skip


def _is_beside(invoice_ids: Collection[int]) -> ColumnElement[bool]:
    """Some of the payment went to other invoices, whatever became of it since."""
    beside = aliased(Allocation)
    return exists(
        select(beside.id)
        .where(
            beside.payment_id == Payment.id, beside.invoice_id.not_in(invoice_ids), beside.refund_id.is_(None),
            beside.amount_minor > 0,
        )
        .correlate(Payment)
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


class _Sums(NamedTuple):
    """Of one payment, in minor units: what pays the invoices now, what was put to them once, and what pays nothing."""

    here: int
    once: int
    unused: int


def _received(
    payment: Payment, reversal: PaymentReversal | None, refunds: Sequence[Gone], sums: _Sums, *, is_beside: bool
) -> Received:  # fmt: skip
    here, once, kept = (Money(int(minor), payment.currency) for minor in sums)
    back = Money.total((each.amount for each in ways_of(payment, refunds)), payment.currency)
    counted = here + back if reversal is None else once
    is_shared = is_beside and counted + kept != payment.amount
    went = ways_of(payment, refunds, with_credit=not is_shared)
    missed = not_reached(refunds, here) if reversal is None else Money.zero(payment.currency)
    return Received(payment, counted, kept, is_shared, went, missed, told_of(reversal))


def not_reached(refunds: Sequence[Gone], stays: Money) -> Money:
    """Of the newest refund, as far as the firm still has it for the payer: it pays these invoices again, or nothing.

    refunds  of one payment, oldest first; stays: what that pays of these invoices now

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

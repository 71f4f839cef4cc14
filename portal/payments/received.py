"""What came of each payment that an invoice received, as its payer is told: also of one that counts no more."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, exists, func, select
from sqlalchemy.orm import Session

from portal.invoices.models import Invoice
from portal.payments.models import Allocation, Payment, PaymentReversal
from portal.payments.queries import AllocatedTo
from portal.payments.refunds.models import COUNTS, UNDER_WAY, Refund
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
    back        what of that went back to the payer: not what failed to reach them
    back_tip    what of its tip went back beside that
    is_going    some of either has not reached them yet
    taken_back  None as long as it counts
    """

    payment: Payment
    brought: Money
    back: Money
    back_tip: Money
    is_going: bool
    taken_back: TakenBack | None

    @property
    def all_back(self) -> Money:
        return self.back + self.back_tip


@dataclass(frozen=True)
class GivenBack:
    """When how much of a payment went back, its tip with it."""

    at: datetime
    amount: Money


def received_on(session: Session, invoice_ids: Collection[int]) -> Sequence[Received]:
    """Whatever paid these invoices once, oldest first."""
    here, went = func.sum(Allocation.amount_minor), Allocation.refund_id.is_not(None)
    back = func.coalesce(-func.sum(Allocation.amount_minor).filter(Refund.state.in_(COUNTS)), 0)
    first = func.coalesce(func.sum(Allocation.amount_minor).filter(~went, Allocation.amount_minor > 0), 0)
    rows = session.execute(
        select(Payment, here, back, first, PaymentReversal, _BACK_TIP, _IS_GOING)
        .join(Allocation, Allocation.payment_id == Payment.id)
        .outerjoin(Refund, Refund.id == Allocation.refund_id)
        .outerjoin(PaymentReversal, PaymentReversal.payment_id == Payment.id)
        .where(Allocation.invoice_id.in_(invoice_ids))
        .group_by(Payment.id, PaymentReversal.id)
        .order_by(Payment.id)
    )
    found = [_received(row, here=int(row[1]), back=int(row[2]), once=int(row[3])) for row in rows]
    return [each for each in found if each.brought]


_OF_PAYMENT = Refund.payment_id == Payment.id
_BACK_TIP = (
    select(func.coalesce(func.sum(Refund.tip_minor), 0))
    .where(_OF_PAYMENT, Refund.state.in_(COUNTS))
    .correlate(Payment)
    .scalar_subquery()
    .label("back_tip")
)
_IS_GOING = (
    exists(select(Refund.id).where(_OF_PAYMENT, Refund.state.in_(UNDER_WAY)).correlate(Payment)).label("is_going")
)  # fmt: skip


def taken_back(session: Session, payment_id: int) -> TakenBack | None:
    found = session.scalars(select(PaymentReversal).where(PaymentReversal.payment_id == payment_id)).one_or_none()
    return told_of(found)


def given_back(session: Session, payment_id: int) -> Sequence[GivenBack]:
    """Oldest first: what the payer has got, or will."""
    rows = session.scalars(
        select(Refund).where(Refund.payment_id == payment_id, Refund.state.in_(COUNTS)).order_by(Refund.id)
    )
    return [GivenBack(refund.created_at, refund.all_of_it) for refund in rows]


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


def _received(row: Row[Any], *, here: int, back: int, once: int) -> Received:
    payment, reversal = row.Payment, row.PaymentReversal
    counted = here + back if reversal is None else once
    currency = payment.currency
    return Received(
        payment, Money(counted, currency), Money(back, currency), Money(int(row.back_tip), currency), row.is_going,
        told_of(reversal),
    )  # fmt: skip


def told_of(reversal: PaymentReversal | None) -> TakenBack | None:
    """What a payer hears of it."""
    return TakenBack(reversal.created_at, reversal.reason) if reversal else None

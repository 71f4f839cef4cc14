"""What of payments went back, and which way, as their payers are told."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.payments.models import Allocation, Payment
from portal.payments.refunds.models import COUNTS, UNDER_WAY, Refund
from portal.payments.refunds.rules import way_back
from portal.payments.uses import PaymentUse
from portal.shared.money import Money


@dataclass(frozen=True)
class WentBack:
    """What of a payment went back one way. way: as refunds.rules.way_back says.

    amount    of what it had paid; tip: beside that
    is_going  some of it has not reached the payer yet
    credit    beside both, of what had paid nothing
    """

    way: str
    amount: Money
    tip: Money
    is_going: bool
    credit: Money

    @property
    def all_of_it(self) -> Money:
        return self.amount + self.tip + self.credit

    @property
    def label(self) -> str:
        """Key of its words."""
        return f"going_back_{self.way}" if self.is_going else f"given_back_{self.way}"

    @property
    def sentence(self) -> str:
        """Key of what the payer is told of it."""
        return f"refund_going_note_{self.way}" if self.is_going else f"refunded_note_{self.way}"

    @property
    def is_of_bank(self) -> bool:
        """The payer's bank took it: the firm gave nothing."""
        return self.way == "dispute"


@dataclass(frozen=True)
class GivenBack:
    """When how much of a payment went back, its tip with it, and which way: as refunds.rules.way_back says."""

    at: datetime
    amount: Money
    way: str


class Gone(NamedTuple):
    """A refund, what these invoices lost by it, what of it had paid nothing, and what of its payment pays nothing."""

    refund: Refund
    of_these: Money
    of_credit: Money
    unused: Money


def given_back(session: Session, payment_id: int) -> Sequence[GivenBack]:
    """Oldest first: what the payer has got, or will."""
    rows = session.scalars(
        select(Refund).where(Refund.payment_id == payment_id, Refund.state.in_(COUNTS)).order_by(Refund.id)
    )
    method = session.get_one(Payment, payment_id).method
    return [GivenBack(refund.created_at, refund.all_of_it, way_back(refund.way, method)) for refund in rows]


def refunds_of(
    session: Session, payment_ids: Sequence[int], invoice_ids: Collection[int]
) -> dict[int, list[Gone]]:  # fmt: skip
    """By payment, oldest first."""
    lost = func.sum(Allocation.amount_minor)
    of_these = func.coalesce(-lost.filter(Allocation.invoice_id.in_(invoice_ids)), 0)
    rows = session.execute(
        select(Refund, of_these, Refund.amount_minor + func.coalesce(lost, 0), PaymentUse.unused_minor)
        .join(PaymentUse, PaymentUse.payment_id == Refund.payment_id)
        .outerjoin(Allocation, Allocation.refund_id == Refund.id)
        .where(Refund.payment_id.in_(payment_ids))
        .group_by(Refund.id, PaymentUse.unused_minor)
        .order_by(Refund.id)
    )
    found: dict[int, list[Gone]] = defaultdict(list)
    for refund, *sums in rows:
        found[refund.payment_id].append(Gone(refund, *(Money(int(minor), refund.currency) for minor in sums)))
    return found


def gone_of(session: Session, uses: Sequence[PaymentUse]) -> dict[int, list[Gone]]:
    """As refunds_of, whatever these payments had paid."""
    unused = {use.payment_id: use.unused for use in uses}
    refunds: dict[int, list[Gone]] = defaultdict(list)
    for each in session.scalars(select(Refund).where(Refund.payment_id.in_(unused)).order_by(Refund.id)):
        nothing = Money.zero(each.currency)
        refunds[each.payment_id].append(Gone(each, each.amount, nothing, unused[each.payment_id]))
    return refunds


class Refunded(Protocol):
    """A payment, with what went back of it each way."""

    @property
    def went(self) -> Sequence[WentBack]: ...


def all_ways(payments: Iterable[Refunded]) -> Sequence[WentBack]:
    """What went back of any of these, each way once."""
    return _by_way(gone for payment in payments for gone in payment.went)


def ways_of(payment: Payment, refunds: Sequence[Gone], *, with_credit: bool = True) -> Sequence[WentBack]:
    nothing = Money.zero(payment.currency)
    parts = [
        WentBack(
            way_back(each.refund.way, payment.method), each.of_these, each.refund.tip, each.refund.state in UNDER_WAY,
            each.of_credit if with_credit else nothing,
        )
        for each in refunds if each.refund.state in COUNTS
    ]  # fmt: skip
    return _by_way(part for part in parts if part.all_of_it)


def _by_way(parts: Iterable[WentBack]) -> Sequence[WentBack]:
    """In the order in which each way was first gone."""
    ways: dict[str, WentBack] = {}
    for each in parts:
        so_far = ways.get(each.way)
        ways[each.way] = each if so_far is None else WentBack(
            each.way, so_far.amount + each.amount, so_far.tip + each.tip, so_far.is_going or each.is_going,
            so_far.credit + each.credit,
        )  # fmt: skip
    return list(ways.values())

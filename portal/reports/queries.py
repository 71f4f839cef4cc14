"""The figures of the board: one statement each, however many rows there are."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from portal.accounting.queries import count_not_in_books
from portal.invoices.queries import Sum, sums_by_state
from portal.payments.models import Payment, PaymentReversal
from portal.payments.payouts import queries as payouts
from portal.payments.refunds.models import COUNTS, Dispute, Refund
from portal.payments.refunds.queries import OVER, given_twice, undecided
from portal.payments.surplus import waiting_surpluses
from portal.shared import clock
from portal.shared.money import Money
from portal.work_orders.queries import unbilled_work


@dataclass(frozen=True)
class Unbilled:
    """Finished jobs with lines on no invoice, and what these lines cost before tax."""

    jobs: int
    net: Money
    oldest_days: int


@dataclass(frozen=True)
class Paid:
    """Payments received since Monday.

    received  as it was taken, with tips, without what has gone back of it
    """

    payments: int
    received: Money
    disputes: int = 0  # open ones, of whatever week
    payouts_sent_back: int = 0
    undecided: int = 0  # invoices whose money went back, and nobody has said what follows
    given_twice: int = 0  # refunds that left Stripe beside others, and nobody has said how that was settled
    surpluses: int = 0  # payments beyond what was due, about which nobody has decided


@dataclass(frozen=True)
class Board:
    """What a manager looks at in the morning."""

    unbilled: Unbilled
    sent: Sum
    overdue: Sum
    paid: Paid
    not_in_books: int | None  # None: no books are linked

    @property
    def open_invoices(self) -> int:
        return self.sent.count + self.overdue.count

    @property
    def to_come_in(self) -> Money:
        return self.sent.balance + self.overdue.balance


def board(session: Session, *, currency: str, time_zone: str) -> Board:
    today = clock.today(time_zone)
    sums = sums_by_state(session, currency, today)
    return Board(
        unbilled=_unbilled(session, currency, today, time_zone),
        sent=sums["sent"],
        overdue=sums["overdue"],
        paid=_paid_since(session, today - timedelta(days=today.weekday()), currency),
        not_in_books=count_not_in_books(session),
    )


def _unbilled(session: Session, currency: str, today: date, time_zone: str) -> Unbilled:
    work = unbilled_work(session)
    oldest = clock.local(work.oldest, time_zone).date() if work.oldest else today
    return Unbilled(work.jobs, Money.rounded(work.net, currency), (today - oldest).days)


_TAKEN = Payment.amount_minor + Payment.rounding_minor + Payment.tip_minor
_WENT_BACK = (
    select(func.coalesce(func.sum(Refund.amount_minor + Refund.tip_minor + Refund.beyond_minor), 0))
    .where(Refund.payment_id == Payment.id, Refund.state.in_(COUNTS))
    .correlate(Payment)
    .scalar_subquery()
)


def _paid_since(session: Session, monday: date, currency: str) -> Paid:
    disputes = select(func.count()).select_from(Dispute).where(Dispute.status.not_in(OVER)).scalar_subquery()
    was_reversed = exists().where(PaymentReversal.payment_id == Payment.id)
    count, minor, *others = session.execute(
        select(
            func.count(), func.coalesce(func.sum(_TAKEN - _WENT_BACK), 0), disputes, payouts.sent_back(), undecided(),
            given_twice(), waiting_surpluses(),
        ).where(Payment.received_on >= monday, Payment.currency == currency, ~was_reversed)
    ).one()  # fmt: skip
    return Paid(count, Money(int(minor), currency), *others)

"""Reads about payouts: what each is made of, and what is still at Stripe."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, exists, func, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from portal.customers.models import Customer
from portal.payments.models import Payment, PaymentAttempt, StripeAccount
from portal.payments.payouts.models import Payout, PayoutEntry
from portal.payments.refunds.models import COUNTS, Dispute, Refund
from portal.shared.errors import NotFound
from portal.shared.money import Money

CAME_IN = ("charge", "payment")
WENT_BACK = ("refund", "payment_refund", "refund_failure", "payment_failure_refund", "payment_reversal")
OTHER = "Other entries of the account"  # other programs' payments, Stripe's own fees, a payout that came back
_MOST_WAITING = 200


@dataclass(frozen=True)
class ListedPayout:
    """made_of is the sum of its entries, None while Stripe has not said all of them."""

    payout: Payout
    made_of: Money | None
    payments: int

    @property
    def difference(self) -> Money | None:
        return None if self.made_of is None else self.payout.amount - self.made_of


class Matched(NamedTuple):
    """An entry with the payment of ours that it is about; None: not of this portal."""

    entry: PayoutEntry
    payment: Payment | None
    customer_name: str | None

    @property
    def differs(self) -> Money | None:
        """What Stripe says came in beyond what we booked; None when that is the same, or in another currency."""
        if self.payment is None or self.entry.kind not in CAME_IN or self.payment.currency != self.entry.currency:
            return None
        return (self.entry.amount - self.payment.taken) or None


@dataclass(frozen=True)
class Group:
    """Entries of one kind, under a heading."""

    title: str
    entries: Sequence[Matched]
    currency: str

    @property
    def fee(self) -> Money:
        return Money.total((each.entry.fee for each in self.entries), self.currency)

    @property
    def amount(self) -> Money:
        return Money.total((each.entry.amount for each in self.entries), self.currency)


class Waiting(NamedTuple):
    """Money that has come to Stripe, or has left it (below zero), and is in no payout yet."""

    payment: Payment
    customer_name: str
    what: str
    amount: Money


def list_payouts(session: Session, *, before: int | None, most: int) -> list[ListedPayout]:
    """The newest, `most` at a time; `before` is the id of the last one on the page before."""
    made_of = func.coalesce(func.sum(PayoutEntry.net_minor), 0)
    payments = func.count().filter(PayoutEntry.kind.in_(CAME_IN))
    wanted = (
        select(Payout, made_of, payments)
        .outerjoin(PayoutEntry, PayoutEntry.payout_id == Payout.id)
        .group_by(Payout.id)
        .order_by(Payout.made_at.desc(), Payout.id.desc())
        .limit(most)
    )
    if before is not None:
        last = aliased(Payout)
        place = select(last.made_at, last.id).where(last.id == before).subquery()
        wanted = wanted.join(place, (Payout.made_at < place.c.made_at)
                             | and_(Payout.made_at == place.c.made_at, Payout.id < place.c.id))  # fmt: skip
    return [_listed(*row) for row in session.execute(wanted)]


def get_payout(session: Session, payout_id: int) -> tuple[ListedPayout, list[Group]]:
    """One payout with all its entries, oldest first. Raises NotFound."""
    payout = session.get(Payout, payout_id)
    if payout is None:
        raise NotFound
    rows = session.execute(
        select(PayoutEntry, Payment, Customer.name)
        .outerjoin(Payment, _is_of(PayoutEntry.remote_payment_id))
        .outerjoin(Customer, Customer.id == Payment.customer_id)
        .where(PayoutEntry.payout_id == payout_id)
        .order_by(PayoutEntry.happened_at, PayoutEntry.id)
    )
    matched = [Matched(*row) for row in rows]
    made_of = sum(each.entry.net_minor for each in matched)
    came_in = sum(each.entry.kind in CAME_IN for each in matched)
    return _listed(payout, made_of, came_in), _grouped(matched, payout.currency)


def entry_of(session: Session, payment: Payment) -> tuple[PayoutEntry, Payout] | None:
    """By which entry of which payout a payment went to the bank."""
    row = session.execute(
        select(PayoutEntry, Payout)
        .join(Payout, Payout.id == PayoutEntry.payout_id)
        .where(PayoutEntry.remote_payment_id == payment.provider_payment_id, PayoutEntry.kind.in_(CAME_IN))
        .limit(1)
    ).one_or_none()
    return None if row is None or payment.provider != "stripe" else (row[0], row[1])


def not_paid_out(session: Session) -> list[Waiting]:
    """What came in, went back or is held back at the present account and is in no payout, newest first."""
    here: Any = (
        select(Payment, Customer.name)
        .join(Customer, Customer.id == Payment.customer_id)
        .join(PaymentAttempt, PaymentAttempt.id == Payment.attempt_id)
        .join(StripeAccount, StripeAccount.id == PaymentAttempt.stripe_account_id)
        .where(StripeAccount.closed_at.is_(None))
    )
    came = here.where(~exists().where(_is_of(PayoutEntry.remote_payment_id), PayoutEntry.kind.in_(CAME_IN)))
    back = here.join(Refund, Refund.payment_id == Payment.id).where(
        Refund.way == "stripe", Refund.state.in_(COUNTS), Refund.remote_id.is_not(None),
        ~exists().where(PayoutEntry.source_id == Refund.remote_id),
    )  # fmt: skip
    held = here.join(Dispute, Dispute.payment_id == Payment.id).where(
        Dispute.withdrawn_minor > 0, ~exists().where(PayoutEntry.source_id == Dispute.remote_id)
    )  # fmt: skip
    rows = [(*row, "received", None) for row in session.execute(_newest(came))]
    rows += [(*row[:2], "given back", -row[2].all_of_it) for row in session.execute(_newest(back.add_columns(Refund)))]
    rows += [
        (*row[:2], "held back, disputed", -row[2].withdrawn)
        for row in session.execute(_newest(held.add_columns(Dispute)))
    ]
    found = [Waiting(payment, name, what, amount or payment.taken) for payment, name, what, amount in rows]
    return sorted(found, key=lambda each: -each.payment.id)


def sent_back() -> ScalarSelect[int]:
    """How many payouts came back from the bank, with none in that currency that has arrived since. Not asked yet."""
    later = aliased(Payout)
    # Stripe tells whole seconds: of two within one, the later row was told later.
    is_later = tuple_(later.made_at, later.id) > tuple_(Payout.made_at, Payout.id)
    arrived = exists().where(later.state == "paid", later.currency == Payout.currency, is_later)
    return select(func.count()).select_from(Payout).where(Payout.state == "failed", ~arrived).scalar_subquery()


def _is_of(remote_payment_id: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    return and_(Payment.provider == "stripe", Payment.provider_payment_id == remote_payment_id)


def _newest(wanted: Select[Any]) -> Select[Any]:
    return wanted.order_by(Payment.id.desc()).limit(_MOST_WAITING)


def _listed(payout: Payout, made_of: int, payments: int) -> ListedPayout:
    return ListedPayout(payout, Money(int(made_of), payout.currency) if payout.is_complete else None, payments)


def _grouped(matched: Sequence[Matched], currency: str) -> list[Group]:
    titles = ("Payments", "Given back", "Disputes", OTHER)
    groups = [Group(title, [each for each in matched if _title(each) == title], currency) for title in titles]
    return [group for group in groups if group.entries]


def _title(matched: Matched) -> str:
    if matched.payment is None:
        return OTHER
    kind = matched.entry.kind
    return "Payments" if kind in CAME_IN else "Given back" if kind in WENT_BACK else "Disputes"

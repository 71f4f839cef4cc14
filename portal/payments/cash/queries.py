"""Who holds how much cash."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, aliased

from portal.invoices.credit_notes.models import CreditRefund
from portal.payments.cash.models import Count, CountReversal, HandIn, Repayment
from portal.payments.models import Payment, PaymentReversal
from portal.payments.refunds.models import COUNTS, Refund
from portal.people.models import Person
from portal.shared.errors import NotFound
from portal.shared.money import Money


@dataclass(frozen=True)
class Purse:
    """held        cash taken and not reversed, less what was counted (unless that was taken back) and given back; below
                zero where more was counted or given back than was taken
    on_its_way  declared, not counted yet
    """

    person_id: int
    name: str
    held: Money
    on_its_way: Money

    @property
    def to_hand_in(self) -> Money:
        return max(self.held - self.on_its_way, Money.zero(self.held.currency))

    @property
    def owed(self) -> Money:
        """What the firm owes its holder."""
        return max(-self.held, Money.zero(self.held.currency))


@dataclass(frozen=True)
class Handed:
    """One hand-in; count is None until somebody has counted it, reversal unless that was taken back."""

    hand_in: HandIn
    count: Count | None
    counted_by: str
    reversal: CountReversal | None = None
    reversed_by: str = ""

    @property
    def difference(self) -> Money | None:
        return self.count.counted - self.hand_in.amount if self.count else None


def purses(session: Session, currency: str, person_id: int | None = None) -> list[Purse]:
    """Of everybody who ever took cash, handed some in or gave some back, most held first; or of one person, empty or
    not."""
    taken = _sums(session, _TAKEN.where(Payment.currency == currency))
    given = _sums(session, _GIVEN_BACK.where(Refund.currency == currency))
    credit = _sums(session, _CREDIT_GIVEN_BACK.where(CreditRefund.currency == currency))
    counted = _sums(session, _COUNTED.where(HandIn.currency == currency))
    waiting = _sums(session, _WAITING.where(HandIn.currency == currency))
    repaid = _sums(session, _REPAID.where(Repayment.currency == currency))
    people = session.execute(select(Person.id, Person.name).order_by(Person.name)).all()
    found = [
        Purse(
            who, name,
            Money(taken[who] + repaid[who] - given[who] - credit[who] - counted[who], currency),
            Money(waiting[who], currency),
        )
        for who, name in people
        if who == person_id
        or (person_id is None and any(who in each for each in (taken, counted, given, credit)))
    ]  # fmt: skip
    return sorted(found, key=lambda purse: -purse.held.minor)


def purse_of(session: Session, currency: str, person_id: int) -> Purse:
    """Raises NotFound."""
    found = purses(session, currency, person_id)
    if not found:
        raise NotFound
    return found[0]


def lock_holder(session: Session, person_id: int) -> Person:
    """Nobody else takes anything out of this purse meanwhile. Raises NotFound."""
    person = session.get(Person, person_id, with_for_update={"key_share": True})
    if person is None:
        raise NotFound
    return person


def hand_ins_of(session: Session, person_id: int) -> Sequence[Handed]:
    """The newest hundred, newest first."""
    reverser = aliased(Person)
    rows = session.execute(
        select(HandIn, Count, Person.name, CountReversal, reverser.name)
        .outerjoin(Count, Count.hand_in_id == HandIn.id)
        .outerjoin(Person, Person.id == Count.counted_by)
        .outerjoin(CountReversal, CountReversal.count_id == Count.id)
        .outerjoin(reverser, reverser.id == CountReversal.reversed_by)
        .where(HandIn.person_id == person_id)
        .order_by(HandIn.id.desc())
        .limit(100)
    ).all()
    return [
        Handed(hand_in, count, name or "", reversal, by or "") for hand_in, count, name, reversal, by in rows
    ]  # fmt: skip


def repayments_of(session: Session, person_id: int) -> Sequence[tuple[Repayment, str]]:
    """The newest hundred and who paid them out, newest first."""
    rows = session.execute(
        select(Repayment, Person.name)
        .join(Person, Person.id == Repayment.paid_by)
        .where(Repayment.person_id == person_id)
        .order_by(Repayment.id.desc())
        .limit(100)
    )
    return [(made, name) for made, name in rows]


_TAKEN = (
    select(Payment.taken_by, func.sum(Payment.amount_minor + Payment.rounding_minor))
    .where(Payment.provider == "offline", Payment.method == "cash", Payment.taken_by.is_not(None))
    .where(Payment.id.not_in(select(PaymentReversal.payment_id)))
    .group_by(Payment.taken_by)
)
_GIVEN_BACK = (
    select(Refund.refunded_by, func.sum(Refund.from_purse_minor))
    .where(Refund.way == "cash", Refund.refunded_by.is_not(None), Refund.state.in_(COUNTS))
    .group_by(Refund.refunded_by)
)
_CREDIT_GIVEN_BACK = (
    select(CreditRefund.refunded_by, func.sum(CreditRefund.from_purse_minor))
    .where(CreditRefund.way == "cash")
    .group_by(CreditRefund.refunded_by)
)
_COUNTED = (
    select(HandIn.person_id, func.sum(Count.counted_minor))
    .join(Count, Count.hand_in_id == HandIn.id)
    .where(Count.id.not_in(select(CountReversal.count_id)))
    .group_by(HandIn.person_id)
)
_WAITING = (
    select(HandIn.person_id, func.sum(HandIn.amount_minor))
    .outerjoin(Count, Count.hand_in_id == HandIn.id)
    .where(Count.id.is_(None))
    .group_by(HandIn.person_id)
)
_REPAID = select(Repayment.person_id, func.sum(Repayment.amount_minor)).group_by(Repayment.person_id)


def _sums(session: Session, query: Select[Any, Any]) -> Counter[int]:
    """Per person, nothing for whoever is not in it; only who has something is."""
    rows = session.execute(query)
    return Counter({person_id: int(minor) for person_id, minor in rows if person_id is not None and minor})

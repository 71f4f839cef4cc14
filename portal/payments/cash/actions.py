"""Handing cash in: declared by who took it, counted by somebody else. Both hold the purse's owner locked."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.organisations import audit
from portal.payments.actions.staff_news import tell_of_count_reversal
from portal.payments.cash import queries
from portal.payments.cash.models import Count, CountReversal, HandIn, Repayment
from portal.people.models import Person
from portal.shared import formats
from portal.shared.errors import FormUsed, NotFound, RuleBroken
from portal.shared.money import Money

_COUNTED = (
    "{who} has counted it already: {sum}. That stands, and yours was not kept. If it is wrong, take it back first."
)


class CannotHandIn(RuleBroken):
    """The sentence is for staff."""


def declare_hand_in(session: Session, person_id: int, amount: Money, note: str, *, form_id: str) -> HandIn:
    """Say what is handed in; the same form twice is one. Raises CannotHandIn, FormUsed, NotFound.

    Does not commit."""
    person = queries.lock_holder(session, person_id)
    repeated = session.scalars(select(HandIn).where(HandIn.form_id == form_id)).one_or_none()
    if repeated is not None:
        if repeated.amount != amount:
            raise FormUsed(f"{formats.money(repeated.amount)} is declared")
        return repeated
    left = queries.purse_of(session, amount.currency, person_id).to_hand_in
    if amount > left:
        words = f"The purse holds {formats.money(left)}: hand in no more than that."
        raise CannotHandIn(words if left else "The purse holds nothing to hand in.", field="amount")
    made = HandIn(
        organisation_id=person.organisation_id, person_id=person_id, amount_minor=amount.minor,
        currency=amount.currency, note=note, form_id=form_id,
    )  # fmt: skip
    session.add(made)
    session.flush()
    after = {"declared": str(amount), "note": note}
    audit.note(session, person.organisation_id, "cash handed in", "person", person_id, after=after)
    return made


def count_hand_in(
    session: Session, hand_in_id: int, counted: Money, note: str, *, by: int, again: bool = False
) -> Count:  # fmt: skip
    """Confirm what was counted; a difference needs words. The same count once more changes nothing; another one is
    refused, as what was counted first stands until it is taken back.

    again  whoever counted has counted a second time: only then can it be more than was declared
    Raises CannotHandIn, NotFound. Does not commit.
    """
    hand_in = session.get(HandIn, hand_in_id)
    if hand_in is None:
        raise NotFound
    queries.lock_holder(session, hand_in.person_id)
    known = session.scalars(select(Count).where(Count.hand_in_id == hand_in_id)).one_or_none()
    if known is not None and (known.counted_by, known.counted) != (by, counted):
        raise CannotHandIn(_COUNTED.format(who=session.get_one(Person, known.counted_by).name, sum=known.counted))
    if known is not None:
        return known
    if by == hand_in.person_id:
        raise CannotHandIn("Somebody else has to count what you hand in.", field="counted")
    if counted != hand_in.amount and not note:
        raise CannotHandIn("Say why it is not what was declared.", field="note")
    _check_more(session, hand_in, counted, again=again)
    made = Count(
        organisation_id=hand_in.organisation_id, hand_in_id=hand_in_id, counted_by=by, counted_minor=counted.minor,
        currency=counted.currency, note=note,
    )  # fmt: skip
    session.add(made)
    session.flush()
    after = {"declared": str(hand_in.amount), "counted": str(counted), "note": note}
    audit.note(session, hand_in.organisation_id, "cash counted", "person", hand_in.person_id, after=after)
    return made


def reverse_count(session: Session, hand_in_id: int, reason: str, *, by: int) -> None:
    """A count that was confirmed wrongly: what was handed in is in the purse again, to be handed in once more, and its
    owner is told. Safe to repeat. Raises CannotHandIn, NotFound. Does not commit."""
    found = session.execute(
        select(HandIn, Count).join(Count, Count.hand_in_id == HandIn.id).where(HandIn.id == hand_in_id)
    ).one_or_none()
    if found is None:
        raise NotFound
    hand_in, count = found
    queries.lock_holder(session, hand_in.person_id)
    if by == hand_in.person_id:
        raise CannotHandIn("Somebody else has to take back a count of yours.", field="reason")
    if session.scalar(select(CountReversal.id).where(CountReversal.count_id == count.id)):
        return
    made = CountReversal(
        organisation_id=hand_in.organisation_id, count_id=count.id, reversed_by=by, reason=reason
    )  # fmt: skip
    session.add(made)
    session.flush()
    after = {"declared": str(hand_in.amount), "counted": str(count.counted), "reason": reason}
    audit.note(session, hand_in.organisation_id, "cash count taken back", "person", hand_in.person_id, after=after)
    tell_of_count_reversal(session, hand_in, count, made)


def repay(session: Session, person_id: int, owed: Money, *, by: int) -> None:
    """Somebody gave back more cash than they held, and has it back now, out of the till. A second tap changes nothing.

    owed  as whoever pays it out has seen it
    Raises CannotHandIn, NotFound. Does not commit.
    """
    person = queries.lock_holder(session, person_id)
    left = queries.purse_of(session, owed.currency, person_id).owed
    if not left:
        return
    if by == person_id:
        raise CannotHandIn("Somebody else has to pay back what you laid out.")
    if owed != left:
        raise CannotHandIn(f"It is {formats.money(left)} now: look at it again.")
    made = Repayment(
        organisation_id=person.organisation_id, person_id=person_id, paid_by=by, amount_minor=owed.minor,
        currency=owed.currency,
    )  # fmt: skip
    session.add(made)
    session.flush()
    audit.note(session, person.organisation_id, "cash repaid", "person", person_id, after={"amount": str(owed)})


def _check_more(session: Session, hand_in: HandIn, counted: Money, *, again: bool) -> None:
    """More than was declared is a slip of the finger as a rule; more than was ever taken cannot be."""
    if counted <= hand_in.amount:
        return
    most = max(queries.purse_of(session, counted.currency, hand_in.person_id).held, hand_in.amount)
    if counted > most:
        raise CannotHandIn(
            f"The purse holds {formats.money(most)}: no more than that can come out of it. Record what else was taken"
            " first.", field="counted",
        )  # fmt: skip
    if not again:
        declared = formats.money(hand_in.amount)
        raise CannotHandIn(f"That is more than the {declared} declared: count again and tick this.", field="again")

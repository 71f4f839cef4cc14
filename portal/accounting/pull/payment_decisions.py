"""Carrying out what a person decided about a payment."""

from sqlalchemy.orm import Session

from portal.accounting.pull import asking, given_back, payment_changes, payments, same_or_two, too_much
from portal.accounting.pull.asking import OURS, SAME, SEEN, THEIRS
from portal.accounting.pull.going_on import go_on, product_of, record_of
from portal.accounting.pull.models import AMOUNT, PART, REFUND, SECOND, TOO_MUCH, USES, Question
from portal.payments.actions import send_in_its_place
from portal.payments.models import Payment
from portal.shared import outbox
from portal.shared.errors import RuleBroken


class CannotDecide(RuleBroken):
    """This answer does not fit the question."""


def twice(session: Session, question: Question, decision: str, person_id: int) -> None:
    """One payment, or two. Raises CannotDecide, CannotBePart, CannotReverse. Does not commit."""
    of, facts = question.organisation_id, question.facts
    if decision == PART:
        same_or_two.take_as_part(session, record_of(session, question), facts)
        return
    if decision == SAME and facts.get("is_other"):
        _replace(session, question, person_id)
        return
    if decision == SAME:
        if not payments.tie_to(session, of, question.link_id, question.local_id or 0, facts):
            raise CannotDecide("One of the two belongs to another payment by now. Look at both.")
        outbox.record(session, of, "payment", question.local_id or 0)
        return
    freed = same_or_two.make_room(session, question.link_id, facts, product_of(session, question))
    _book(session, question)
    ours = record_of(session, question)
    if same_or_two.is_entered(session, question.link_id, ours.local_id):
        same_or_two.stay_out(ours)  # it is there a third time, or twice where ours was meant: it does not go there, too
    else:
        go_on(session, ours)
    for record in too_much.refused(session, question.link_id, freed):
        go_on(session, record)


def carry_out(session: Session, question: Question, decision: str, person_id: int) -> None:
    """Raises RuleBroken. Does not commit."""
    if (asking.kind_of(question), decision) == (REFUND, THEIRS):
        given_back.record_here(session, question, person_id, product_of(session, question))
    elif (question.field, decision) == (SECOND, THEIRS):
        _book(session, question)
    elif question.field == TOO_MUCH:
        for record in too_much.carry_out(session, record_of(session, question), question, decision):
            go_on(session, record)
    elif question.field in (AMOUNT, USES) and decision != SEEN:
        _changed_payment(session, question, decision, person_id)


def _changed_payment(session: Session, question: Question, decision: str, person_id: int) -> None:
    if decision == OURS:
        record = record_of(session, question)
        payment_changes.put_back(record, question)
        go_on(session, record)
        return
    _replace(session, question, person_id)


def _replace(session: Session, question: Question, person_id: int) -> None:
    """Ours by theirs; the customer hears of both, if of ours."""
    record = record_of(session, question)
    payment_changes.make_room(session, record, person_id, product_of(session, question))
    send_in_its_place(session, record.local_id, _book(session, question))


def _book(session: Session, question: Question) -> Payment:
    return payments.book(
        session, question.organisation_id, question.link_id, question.facts, product_of(session, question)
    )  # fmt: skip

"""Carrying out what a person decided about a difference."""

from collections.abc import Callable, Collection
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.accounting.directions import CALLED
from portal.accounting.link import hold
from portal.accounting.mirror import uses
from portal.accounting.models import MirrorRecord
from portal.accounting.pull import (
    asking,
    changes,
    credit_changes,
    credit_here,
    endings,
    given_back,
    loose_credits,
    papers_there,
    payment_decisions,
    put_there,
    tax_decisions,
    too_much,
    voided,
    written_off,
)
from portal.accounting.pull.asking import AGAIN, APART, END, JOIN, OURS, SEEN, THEIRS
from portal.accounting.pull.going_on import go_on, product_of, record_of
from portal.accounting.pull.models import (
    FIELD,
    GONE,
    NOTE_VOID,
    OTHER_NOTE,
    PAPER,
    REOPENED,
    STATUS,
    TWICE,
    USES,
    VOID,
    WRITE_OFF_OVER,
    WRITTEN_OFF,
    Question,
)
from portal.accounting.pull.payment_decisions import CannotDecide
from portal.organisations import audit
from portal.payments.actions import void_invoice, write_off_invoice

_CANNOT_BE_KEPT = (
    "What Zoho has there ({value}) cannot be kept in this field here. Let yours count, or correct it in Zoho first."
)


def prepare(session: Session, question_id: int, decision: str) -> None:
    """What must be done before, in transactions of its own, as others are spoken to: closing payment pages and voiding.

    Nobody else answers meanwhile (alone.alone). Leaves no transaction open. Raises RuleBroken, GatewayError.
    """
    question = session.get(Question, question_id, populate_existing=True)
    session.commit()
    if question is None or question.decision or question.local_id is None:
        return
    if question.module == "credit_note":
        credit_here.prepare(session, question, decision)
    if question.module != "invoice":
        return
    is_to_end = (question.kind, decision) == (GONE, END) or (question.field, decision) == (VOID, THEIRS)
    if is_to_end:
        endings.end_invoice_here(session, question, void_invoice, endings.WHY)
    elif (question.field, decision) == (WRITTEN_OFF, THEIRS):
        endings.end_invoice_here(session, question, write_off_invoice, written_off.WHY)
    elif question.field == OTHER_NOTE and decision != SEEN:
        put_there.close_payment_pages(question.organisation_id, question.facts["on"])


def decide(
    session: Session, question_id: int, decision: str, *, by: str, person_id: int, is_one_of_many: bool = False
) -> bool:  # fmt: skip
    """False when it was decided already. is_one_of_many: the link's history tells of all by one line. Raises
    CannotDecide, RuleBroken. Does not commit."""
    hold(session)
    question = session.get(Question, question_id, with_for_update=True, populate_existing=True)
    if question is None or question.decision:
        return False
    labels = dict(asking.choices(session, question))
    if decision not in labels:
        raise CannotDecide("Choose one of the answers.")
    _CARRY_OUT[question.kind](session, question, decision, person_id)
    question.decision, question.decided_by, question.decided_at = decision, by[:200], func.clock_timestamp()
    _tell(session, question, f"{asking.title_of(question)}: {labels[decision]}", is_one_of_many=is_one_of_many)
    return True


def _tell(session: Session, question: Question, words: str, *, is_one_of_many: bool) -> None:
    """In the history of the record, and in that of the link, where it is named. A tax has no page with one."""
    told: dict[str, Any] = {
        "before": {"ours": question.ours, "theirs": question.theirs}, "after": {"decision": question.decision},
    }  # fmt: skip
    of, action = question.organisation_id, "difference decided"
    if question.module != "tax":
        audit.note(session, of, action, question.module, question.local_id or 0, words=words, **told)
    if not is_one_of_many:
        label = question.facts.get("label") or CALLED[question.module]
        audit.note(session, of, action, "link", question.link_id, words=f"{label}. {words}", **told)


def decide_all(session: Session, decision: str, *, seen: Collection[int], by: str, person_id: int) -> int:
    """The same for every field that both sides changed, of those that were `seen`; how many that were. Raises
    CannotDecide. Does not commit."""
    found = [each for each in asking.open_questions(session) if each.kind == FIELD and each.id in seen]
    done = [
        each for each in found
        if decide(session, each.id, decision, by=by, person_id=person_id, is_one_of_many=len(found) > 1)
    ]  # fmt: skip
    if len(found) > 1 and done:
        words = f"{len(done)} fields that both sides had changed: {dict(asking.choices(session, done[0]))[decision]}"
        of = done[0].organisation_id
        audit.note(
            session, of, "difference decided", "link", done[0].link_id, words=words, after={"decision": decision}
        )
    return len(done)


def _field(session: Session, question: Question, decision: str, _person_id: int) -> None:
    """Their value counts as known from now on, so that ours, if it is to count, goes over as a change of ours."""
    record = record_of(session, question)
    if decision == THEIRS:
        if not changes.fits(question.module, question.field, question.theirs):
            raise CannotDecide(_CANNOT_BE_KEPT.format(value=question.theirs or "nothing"))
        changes.make(session, record, {question.field: question.theirs})
    common = (record.snapshot or {}).get("common") or {}
    record.snapshot = (record.snapshot or {}) | {"common": common | {question.field: question.theirs}}
    others = select(Question.id).where(
        Question.link_id == question.link_id, Question.module == question.module, Question.kind == FIELD,
        Question.local_id == question.local_id, Question.decision == "", Question.id != question.id,
    )  # fmt: skip
    if session.scalars(others.limit(1)).first() is None:
        go_on(session, record)


def _status(session: Session, question: Question, decision: str, person_id: int) -> None:
    if question.module == "tax":
        tax_decisions.carry_out(session, question, decision)
    elif question.module == "credit_note" or question.field == OTHER_NOTE:
        _of_note(session, question, decision, person_id)
    elif question.module == "payment":
        payment_decisions.carry_out(session, question, decision, person_id)
    elif question.field == PAPER:
        record = record_of(session, question)
        papers_there.carry_out(session, record, question, is_ours=decision == OURS)
        go_on(session, record)
    elif question.field == VOID:
        _void(session, record_of(session, question), decision)
    elif question.field in (WRITTEN_OFF, WRITE_OFF_OVER):
        record = record_of(session, question)
        written_off.carry_out(session, record, question.field, is_theirs=decision == THEIRS)
        for each in (record, *too_much.refused_on(session, record)):
            go_on(session, each)
    elif (question.field, decision) == (REOPENED, OURS):
        record = record_of(session, question)
        record.remote_status = "sent"  # so that it is voided there
        go_on(session, record)


def _of_note(session: Session, question: Question, decision: str, person_id: int) -> None:
    if question.field in loose_credits.FIELDS:
        if decision != SEEN:
            loose_credits.take_over(session, question, decision, product_of(session, question))
    elif decision == APART:
        credit_changes.leave_both(session, record_of(session, question))
    elif decision == OURS or question.field == NOTE_VOID:
        record = record_of(session, question)
        credit_changes.put_back(record)  # void on both sides, it is read, and nothing is left to do
        go_on(session, record)
    elif question.field == USES and decision == THEIRS:
        record = record_of(session, question)
        credit_here.move(session, record, question)
        if question.facts.get("is_refused"):
            go_on(session, record)
    elif decision == THEIRS:
        given_back.record_here(session, question, person_id, product_of(session, question))


def _void(session: Session, record: MirrorRecord, decision: str) -> None:
    if decision == THEIRS:
        record.remote_status = "void"  # it is, on both sides: nothing is to be sent
    elif decision == OURS:
        for each in voided.open_again(session, record):
            go_on(session, each)
    else:
        voided.leave_both(session, record)


def _gone(session: Session, question: Question, decision: str, person_id: int) -> None:
    record = record_of(session, question)
    if decision == JOIN:
        endings.join(session, record, question.facts["into"])
        return
    if decision == APART:
        credit_changes.leave_both(session, record)
        return
    if decision == AGAIN:
        record.remote_id, record.remote_status, record.remote_number = None, "", ""
        record.snapshot = uses.kept_words(record.snapshot)
        record.remote_modified_at = None
        record.sending_since = func.clock_timestamp()  # looked for first: somebody may have made it again there
        go_on(session, record)
        return
    endings.end_here(session, record, person_id)


_CARRY_OUT: dict[str, Callable[[Session, Question, str, int], None]] = {
    FIELD: _field, TWICE: payment_decisions.twice, STATUS: _status, GONE: _gone,
}  # fmt: skip

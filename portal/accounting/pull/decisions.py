"""Carrying out what a person decided about a difference."""

from collections.abc import Callable

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.accounting.link import hold
from portal.accounting.models import Link, MirrorRecord
from portal.accounting.pull import (
    asking,
    changes,
    credit_changes,
    endings,
    given_back,
    loose_credits,
    papers_there,
    payment_changes,
    payments,
    put_there,
    tax_decisions,
    voided,
    written_off,
)
from portal.accounting.pull.asking import AGAIN, APART, END, JOIN, OURS, SAME, SEEN, THEIRS
from portal.accounting.pull.models import (
    AMOUNT,
    FIELD,
    GONE,
    OTHER_NOTE,
    PAPER,
    REFUND,
    REOPENED,
    SECOND,
    STATUS,
    TWICE,
    USES,
    VOID,
    WRITE_OFF_OVER,
    WRITTEN_OFF,
    Question,
)
from portal.gateways.zoho.calls import PRODUCTS
from portal.organisations import audit
from portal.payments.actions import void_invoice, write_off_invoice
from portal.shared import outbox
from portal.shared.errors import RuleBroken

_CANNOT_BE_KEPT = (
    "What Zoho has there ({value}) cannot be kept in this field here. Let yours count, or correct it in Zoho first."
)


class CannotDecide(RuleBroken):
    """This answer does not fit the question."""


def prepare(session: Session, question_id: int, decision: str) -> None:
    """What must be done before, in transactions of its own, as others are spoken to: closing payment pages and voiding.

    Leaves no transaction open. Raises RuleBroken, GatewayError.
    """
    question = session.get(Question, question_id)
    session.commit()
    if question is None or question.decision or question.local_id is None or question.module != "invoice":
        return
    is_to_end = (question.kind, decision) == (GONE, END) or (question.field, decision) == (VOID, THEIRS)
    if is_to_end:
        endings.end_invoice_here(session, question, void_invoice, endings.WHY)
    elif (question.field, decision) == (WRITTEN_OFF, THEIRS):
        endings.end_invoice_here(session, question, write_off_invoice, written_off.WHY)
    elif question.field == OTHER_NOTE and decision != SEEN:
        put_there.close_payment_pages(question.organisation_id, question.facts["on"])


def decide(session: Session, question_id: int, decision: str, *, by: str, person_id: int) -> bool:
    """False when it was decided already. Raises CannotDecide, RuleBroken. Does not commit."""
    hold(session)
    question = session.get(Question, question_id, with_for_update=True, populate_existing=True)
    if question is None or question.decision:
        return False
    labels = dict(asking.choices(session, question))
    if decision not in labels:
        raise CannotDecide("Choose one of the answers.")
    _CARRY_OUT[question.kind](session, question, decision, person_id)
    question.decision, question.decided_by, question.decided_at = decision, by[:200], func.clock_timestamp()
    audit.note(
        session, question.organisation_id, "difference decided", *_told_in(question),
        words=f"{_named_first(question)}{asking.title_of(question)}: {labels[decision]}",
        before={"ours": question.ours, "theirs": question.theirs}, after={"decision": decision},
    )  # fmt: skip
    return True


def _named_first(question: Question) -> str:
    """Among what else was done with the link, a tax is named."""
    return f"{question.facts.get('label', 'Tax')}. " if question.module == "tax" else ""


def _told_in(question: Question) -> tuple[str, int]:
    """On whose timeline. A tax has no page with one: the link's tells of it."""
    return ("link", question.link_id) if question.module == "tax" else (question.module, question.local_id or 0)


def decide_all(session: Session, decision: str, *, by: str, person_id: int) -> int:
    """The same for every field that both sides changed; how many that were. Raises CannotDecide. Does not commit."""
    ids = [each.id for each in asking.open_questions(session) if each.kind == FIELD]
    return sum(decide(session, question_id, decision, by=by, person_id=person_id) for question_id in ids)


def _field(session: Session, question: Question, decision: str, _person_id: int) -> None:
    """Their value counts as known from now on, so that ours, if it is to count, goes over as a change of ours."""
    record = _record(session, question)
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
        _go_on(session, record)


def _twice(session: Session, question: Question, decision: str, _person_id: int) -> None:
    of, facts = question.organisation_id, question.facts
    if decision == SAME:
        if not payments.tie_to(session, of, question.link_id, question.local_id or 0, facts):
            raise CannotDecide("One of the two belongs to another payment by now. Look at both.")
        outbox.record(session, of, "payment", question.local_id or 0)
        return
    _book(session, question)
    _go_on(session, _record(session, question))


def _book(session: Session, question: Question) -> None:
    payments.book(
        session, question.organisation_id, question.link_id, question.facts, _product(session, question)
    )  # fmt: skip


def _status(session: Session, question: Question, decision: str, person_id: int) -> None:
    if question.module == "tax":
        tax_decisions.carry_out(session, question, decision)
    elif question.module == "credit_note" or question.field == OTHER_NOTE:
        _of_note(session, question, decision, person_id)
    elif (asking.kind_of(question), decision) == (REFUND, THEIRS):
        given_back.record_here(session, question, person_id, _product(session, question))
    elif (question.field, decision) == (SECOND, THEIRS):
        _book(session, question)
    elif question.field in (AMOUNT, USES) and decision != SEEN:
        _changed_payment(session, question, decision, person_id)
    elif question.field == PAPER:
        record = _record(session, question)
        papers_there.carry_out(session, record, question, is_ours=decision == OURS)
        _go_on(session, record)
    elif question.field == VOID:
        _void(session, _record(session, question), decision)
    elif question.field in (WRITTEN_OFF, WRITE_OFF_OVER):
        record = _record(session, question)
        written_off.carry_out(session, record, question.field, is_theirs=decision == THEIRS)
        _go_on(session, record)
    elif (question.field, decision) == (REOPENED, OURS):
        record = _record(session, question)
        record.remote_status = "sent"  # so that it is voided there
        _go_on(session, record)


def _changed_payment(session: Session, question: Question, decision: str, person_id: int) -> None:
    record = _record(session, question)
    if decision == OURS:
        payment_changes.put_back(record, question)
        _go_on(session, record)
        return
    payment_changes.make_room(session, record, person_id, _product(session, question))
    _book(session, question)


def _of_note(session: Session, question: Question, decision: str, person_id: int) -> None:
    if question.field in loose_credits.FIELDS:
        if decision != SEEN:
            loose_credits.take_over(session, question, decision, _product(session, question))
    elif decision == APART:
        credit_changes.leave_both(session, _record(session, question))
    elif decision == OURS:
        record = _record(session, question)
        credit_changes.put_back(record)
        _go_on(session, record)
    elif decision == THEIRS:
        given_back.record_here(session, question, person_id, _product(session, question))


def _void(session: Session, record: MirrorRecord, decision: str) -> None:
    if decision == THEIRS:
        record.remote_status = "void"  # it is, on both sides: nothing is to be sent
    elif decision == OURS:
        for each in voided.open_again(session, record):
            _go_on(session, each)
    else:
        voided.leave_both(session, record)


def _gone(session: Session, question: Question, decision: str, person_id: int) -> None:
    record = _record(session, question)
    if decision == JOIN:
        endings.join(session, record, question.facts["into"])
        return
    if decision == APART:
        credit_changes.leave_both(session, record)
        return
    if decision == AGAIN:
        record.remote_id, record.snapshot, record.remote_status, record.remote_number = None, None, "", ""
        record.remote_modified_at = None
        record.sending_since = func.clock_timestamp()  # looked for first: somebody may have made it again there
        _go_on(session, record)
        return
    endings.end_here(session, record, person_id)


def _go_on(session: Session, record: MirrorRecord) -> None:
    record.state, record.attempts, record.next_try_at = "pending", 0, func.clock_timestamp()
    record.last_error = record.last_error_code = ""
    outbox.record(session, record.organisation_id, record.module, record.local_id)


def _product(session: Session, question: Question) -> str:
    return PRODUCTS[session.scalars(select(Link.product).where(Link.id == question.link_id)).one()].name


def _record(session: Session, question: Question) -> MirrorRecord:
    return session.scalars(
        select(MirrorRecord)
        .where(MirrorRecord.link_id == question.link_id, MirrorRecord.module == question.module)
        .where(MirrorRecord.local_id == question.local_id)
        .with_for_update()
    ).one()


_CARRY_OUT: dict[str, Callable[[Session, Question, str, int], None]] = {
    FIELD: _field, TWICE: _twice, STATUS: _status, GONE: _gone,
}  # fmt: skip

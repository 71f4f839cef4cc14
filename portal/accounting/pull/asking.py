"""The open questions as people read them, and the answers each may have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from portal.accounting import fields
from portal.accounting.link import live_link
from portal.accounting.models import Link
from portal.accounting.pull import credit_here, loose_credits, voided
from portal.accounting.pull.models import (
    AMOUNT,
    FIELD,
    GONE,
    MERGED,
    NAME,
    NEW_TAX,
    NOTE_VOID,
    OFF,
    PAPER,
    PART,
    RATE,
    REFUND,
    REOPENED,
    SECOND,
    TOO_MUCH,
    TWICE,
    USES,
    VOID,
    WRITE_OFF_OVER,
    WRITTEN_OFF,
    Question,
)
from portal.invoices.credit_notes.models import CreditApplication, CreditNote
from portal.payments.models import Allocation

OURS, THEIRS, SAME, TWO, SEEN, AGAIN, END, JOIN = "ours", "theirs", "same", "two", "seen", "again", "end", "join"
APART, DELETED, CREDIT, OUT = "apart", "deleted", "credit", "out"
MOST_SHOWN = 100
_CHOICES = {
    FIELD: ((OURS, "Ours counts"), (THEIRS, "Zoho's counts")),
    TWICE: ((SAME, "It is one"), (TWO, "They are two")),
    GONE: ((AGAIN, "Make it again"), (END, "End it here too")),
}
_OF_STATUS = {
    VOID: ((THEIRS, "Void it here too"), (OURS, "Open it again in Zoho"), (APART, "Leave both")),
    NOTE_VOID: ((THEIRS, "Void it here too"), (OURS, "Make it valid again in Zoho"), (APART, "Leave both")),
    RATE: ((THEIRS, "Use Zoho's from today"), (OURS, "Change it in Zoho too"), (APART, "Leave both")),
    REOPENED: ((OURS, "Void it there again"), (SEEN, "I have seen it")),
    REFUND: ((THEIRS, "Record it here too"), (SEEN, "I have seen it")),
    SECOND: ((THEIRS, "Record it here too"), (SEEN, "It is a mistake there")),
    NAME: ((THEIRS, "Use Zoho's name"), (OURS, "Change it in Zoho too"), (APART, "Leave both")),
    NEW_TAX: ((THEIRS, "Use it here too"), (SEEN, "Leave it there")),
    WRITTEN_OFF: ((THEIRS, "Write it off here too"), (OURS, "Take it back in Zoho")),
    WRITE_OFF_OVER: ((THEIRS, "Take it back here too"), (OURS, "Write it off in Zoho again")),
    OFF: ((THEIRS, "Stop offering it here"), (SEEN, "Go on offering it")),
}
_ONE_OR_TWO = ((SAME, "It is one: use Zoho's"), (TWO, "They are two"))
_PART_OF_OURS = ((PART, "It is a part of ours"),)
_AS_CREDIT = ((CREDIT, "Send it as the customer's credit"), (OUT, "Leave it out of Zoho"))
_TAKE_AMOUNT = ((THEIRS, "Use Zoho's amount"),)
_MOVE = ((THEIRS, "Put it here where it is there"),)
_PUT_BACK = ((OURS, "Put ours back in Zoho"), (SEEN, "I have seen it"))
_TAX_GONE = ((THEIRS, "Stop offering it here"), (AGAIN, "Make it again in Zoho"))
_NOTE_GONE = ((AGAIN, "Make it again in Zoho"), (END, "Void it here too"), (APART, "Leave both"))
_ONLY_SEEN = ((SEEN, "I have seen it"),)


@dataclass(frozen=True)
class Shown:
    """One question as people read it."""

    id: int
    kind: str
    label: str
    title: str
    why: str
    ours: str
    theirs: str
    ours_by: str
    ours_at: datetime | None
    theirs_at: datetime | None
    choices: Sequence[tuple[str, str]]


def choices(session: Session, question: Question) -> Sequence[tuple[str, str]]:
    """(decision, what the button says) of what can be done."""
    return choices_of(question, why_not_here(session, [question]))


def why_not_here(session: Session, asked: Sequence[Question]) -> dict[int, str]:
    """question → why it cannot be ended here, for those that cannot."""
    return voided.why_not_here(session, asked) | credit_here.why_not_here(session, asked)


def choices_of(question: Question, not_here: Mapping[int, str]) -> Sequence[tuple[str, str]]:
    """not_here: question → why it cannot be ended here, for those that cannot."""
    if question.id in not_here:
        return _OF_STATUS[question.field][1:]
    if question.field in (AMOUNT, USES) and "there" in question.facts:
        can_take = bool(question.facts.get("can_take"))
        taking = _MOVE if question.module == "credit_note" else _TAKE_AMOUNT
        putting_back = _ONLY_SEEN if question.facts.get("is_short") else _PUT_BACK
        return (*(taking if can_take else ()), *putting_back)
    if question.kind == TWICE:
        return _of_twice(question.facts)
    if question.field == TOO_MUCH:
        opened = ((OURS, "Take the write-off back in Zoho and send it"),) if question.facts["given_up"] else ()
        return (*opened, *_AS_CREDIT)
    if question.field == PAPER:
        return _PUT_BACK if question.facts["is_ours"] else _ONLY_SEEN
    if question.field in loose_credits.FIELDS:
        return (*loose_credits.answers(question), (SEEN, "Leave it there"))
    if question.field == MERGED:
        return ((JOIN, f"Use {question.facts['into_name']}"), *_CHOICES[GONE])
    if question.field == OFF and question.theirs == DELETED:
        return _TAX_GONE
    if question.kind == GONE and question.module == "credit_note":
        return _NOTE_GONE
    return _CHOICES.get(question.kind, _OF_STATUS.get(kind_of(question), _ONLY_SEEN))


def _of_twice(facts: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    part = _PART_OF_OURS if facts.get("may_be_part") else ()
    if not facts.get("is_other"):
        return (*part, *_CHOICES[TWICE])
    return (*part, *(_ONE_OR_TWO if facts["can_be_one"] else _ONE_OR_TWO[1:]))


def decided_already(session: Session, question: Question, decision: str) -> tuple[bool, str]:
    """Was it decided in just that way before, and what to say to who pressed after that."""
    if not question.decided_by:
        return False, f"{title_of(question)}: nothing is to be decided any more, as both sides are equal by now."
    said = dict(choices(session, question)).get(question.decision, "otherwise")
    is_same = question.decision == decision
    counts = "" if is_same else " That counts, and yours was not carried out."
    return is_same, f"{title_of(question)}: {question.decided_by} has decided this already: {said}.{counts}"


def kind_of(question: Question) -> str:
    """Without the id that stands behind the word where there may be several of a record."""
    return REFUND if question.field.startswith(f"{REFUND} ") else question.field


def may_decide(question: Question | None, *, is_administrator: bool) -> bool:
    """Taxes are an administrator's matter, here as on their own pages."""
    return is_administrator or question is None or question.module != "tax"


def title_of(question: Question) -> str:
    is_field = question.kind == FIELD
    return fields.label_of(question.module, question.field) if is_field else str(question.facts.get("title", ""))


def shown(question: Question, not_here: Mapping[int, str], *, is_administrator: bool) -> Shown:
    """With the answers that this person may give."""
    why = f"{question.facts.get('why', '')} {not_here.get(question.id, '')}".strip()
    return Shown(
        question.id, question.kind, question.facts.get("label", ""), title_of(question), why, question.ours,
        question.theirs, question.ours_by, question.ours_at, question.theirs_at,
        choices_of(question, not_here) if may_decide(question, is_administrator=is_administrator) else (),
    )  # fmt: skip


def asked_about(session: Session, invoice_id: int) -> Sequence[Question]:
    """What is open about an invoice, what paid it, and what credits it. One statement."""
    link = select(Link.id).where(Link.archived_at.is_(None)).scalar_subquery()
    payments = select(Allocation.payment_id).where(Allocation.invoice_id == invoice_id)
    put = select(CreditApplication.credit_note_id).where(CreditApplication.invoice_id == invoice_id)
    notes = select(CreditNote.id).where(or_(CreditNote.invoice_id == invoice_id, CreditNote.id.in_(put)))
    is_of_it = or_(
        and_(Question.module == "invoice", Question.local_id == invoice_id),
        and_(Question.module == "payment", Question.local_id.in_(payments)),
        and_(Question.module == "credit_note", Question.local_id.in_(notes)),
    )
    found = select(Question).where(Question.link_id == link, Question.decision == "", is_of_it)
    return session.scalars(found.order_by(Question.id).limit(3)).all()


def open_questions(session: Session) -> Sequence[Question]:
    """Of the live link, those of one record together."""
    link = live_link(session)
    if link is None:
        return []
    return session.scalars(
        select(Question)
        .where(Question.link_id == link.id, Question.decision == "")
        .order_by(Question.kind, Question.module, Question.local_id, Question.id)
        .limit(MOST_SHOWN)
    ).all()

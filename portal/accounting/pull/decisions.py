"""Carrying out what a person decided about a difference."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.accounting import fields
from portal.accounting.link import live_link
from portal.accounting.models import Link, MirrorRecord
from portal.accounting.pull import changes
from portal.accounting.pull.models import FIELD, Question
from portal.organisations import audit
from portal.shared import outbox
from portal.shared.errors import RuleBroken

OURS, THEIRS = "ours", "theirs"
MOST_SHOWN = 100
CHOICES = {FIELD: ((OURS, "Ours counts"), (THEIRS, "Zoho's counts"))}


class CannotDecide(RuleBroken):
    """This answer does not fit the question."""


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


def shown(question: Question) -> Shown:
    told = question.facts
    title = fields.label_of(question.module, question.field) if question.kind == FIELD else told.get("title", "")
    return Shown(
        question.id, question.kind, told.get("label", ""), title, told.get("why", ""), question.ours, question.theirs,
        question.ours_by, question.ours_at, question.theirs_at, CHOICES[question.kind],
    )  # fmt: skip


def count_open(session: Session) -> int:
    link_id = select(Link.id).where(Link.archived_at.is_(None)).scalar_subquery()
    return session.scalars(select(func.count()).where(Question.link_id == link_id, Question.decision == "")).one()


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


def decide(session: Session, question_id: int, decision: str, *, by: str) -> bool:
    """False when it was decided already. Raises CannotDecide, RuleBroken. Does not commit."""
    question = session.get(Question, question_id, with_for_update=True)
    if question is None or question.decision:
        return False
    if decision not in dict(CHOICES[question.kind]):
        raise CannotDecide("Choose one of the two.")
    _carry_out(session, question, decision)
    question.decision, question.decided_by, question.decided_at = decision, by[:200], func.clock_timestamp()
    audit.note(
        session, question.organisation_id, "difference decided", question.module, question.local_id or 0,
        words=f"{shown(question).title}: {dict(CHOICES[question.kind])[decision]}",
        before={"ours": question.ours, "theirs": question.theirs}, after={"decision": decision},
    )  # fmt: skip
    return True


def decide_all(session: Session, decision: str, *, by: str) -> int:
    """The same for every field that both sides changed; how many that were. Raises CannotDecide. Does not commit."""
    ids = [each.id for each in open_questions(session) if each.kind == FIELD]
    return sum(decide(session, question_id, decision, by=by) for question_id in ids)


def _carry_out(session: Session, question: Question, decision: str) -> None:
    """Their value counts as known from now on, so that ours, if it is to count, goes over as a change of ours."""
    record = session.scalars(
        select(MirrorRecord)
        .where(MirrorRecord.link_id == question.link_id, MirrorRecord.module == question.module)
        .where(MirrorRecord.local_id == question.local_id)
        .with_for_update()
    ).one()
    if decision == THEIRS:
        changes.make(session, record, {question.field: question.theirs})
    common = (record.snapshot or {}).get("common") or {}
    record.snapshot = (record.snapshot or {}) | {"common": common | {question.field: question.theirs}}
    others = select(Question.id).where(
        Question.link_id == question.link_id, Question.module == question.module, Question.kind == FIELD,
        Question.local_id == question.local_id, Question.decision == "", Question.id != question.id,
    )  # fmt: skip
    if session.scalars(others.limit(1)).first() is None:
        record.state, record.attempts, record.next_try_at = "pending", 0, func.clock_timestamp()
        record.last_error = ""
        outbox.record(session, record.organisation_id, record.module, record.local_id)

"""Carrying out what a person decided about a tax that was changed on one side."""

from collections.abc import Mapping

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.accounting.models import MirrorRecord
from portal.accounting.pull import questions, tax_changes, tax_merging
from portal.accounting.pull.asking import AGAIN, APART, OURS, THEIRS
from portal.accounting.pull.models import NAME, NEW_TAX, OFF, RATE, STATUS, Question
from portal.accounting.setup.taking_taxes import Taker
from portal.accounting.setup.tax_reading import TheirTax
from portal.organisations import audit
from portal.shared import outbox
from portal.taxes.actions import CannotChangeTax, set_active
from portal.taxes.models import Tax


def carry_out(session: Session, question: Question, decision: str) -> None:
    """Raises CannotChangeTax. Does not commit."""
    if question.field == NEW_TAX and decision == THEIRS:
        theirs = [TheirTax.from_text(each) for each in question.facts["taxes"]]
        Taker(session, question.organisation_id, question.link_id, theirs).take(question.remote_id)
    elif question.field == OFF and decision == THEIRS:
        set_active(session, session.get_one(Tax, question.local_id), is_active=False)
    elif question.field == OFF and decision == AGAIN:
        _make_again(session, _record(session, question))
    elif question.field == RATE:
        _rate(session, question, decision)
    elif question.field == NAME:
        _name(session, question, decision)


def _make_again(session: Session, record: MirrorRecord) -> None:
    record.remote_id, record.snapshot, record.remote_status, record.remote_number = None, None, "", ""
    record.sending_since = func.clock_timestamp()  # looked for first: somebody may have made it again there
    _go_on(session, record)


def _name(session: Session, question: Question, decision: str) -> None:
    record, there = _record(session, question), question.facts["there"]
    if decision == OURS:
        tax_changes.send_name(session, record)
        _go_on(session, record)
        return
    if decision == THEIRS:
        tax_merging.take_name(session, session.get_one(Tax, record.local_id, with_for_update=True), there["name"])
    tax_changes.call_both_as_they_are(session, record, there)


def _rate(session: Session, question: Question, decision: str) -> None:
    record = _record(session, question)
    if decision == THEIRS:
        before, there = tax_changes.known_there(record), question.facts["there"]
        if before is not None and before.name != there["name"]:
            take_rate_and_name(session, record, there)
        else:
            tax_changes.use_theirs(session, record, there)
    elif decision == APART:
        tax_changes.leave_apart(record, question.ours, question.theirs)
    elif decision == OURS:
        tax_changes.send_ours(session, record)
        _go_on(session, record)


def take_rate_and_name(session: Session, record: MirrorRecord, there: Mapping[str, str]) -> None:
    """Theirs in whole: a name that tells the old rate would be wrong on papers. What sent papers name, or another tax
    is called, stays; the history of the link says so. Raises CannotChangeTax. Does not commit."""
    tax_changes.use_theirs(session, record, there)
    tax = session.get_one(Tax, record.local_id)
    try:
        with session.begin_nested():
            tax_merging.take_name(session, tax, there["name"])
    except CannotChangeTax as problem:
        words = f"{tax.name} keeps its name here, and is called {there['name']} in Zoho. {problem.sentence}"
        audit.note(session, record.organisation_id, "tax keeps its name", "link", record.link_id, words=words)
    tax_changes.keep(record, common=dict(there), named=tax.name, wanted_name=None)
    questions.settle(session, record, STATUS, NAME)


def _go_on(session: Session, record: MirrorRecord) -> None:
    record.state, record.attempts, record.next_try_at = "pending", 0, func.clock_timestamp()
    outbox.record(session, record.organisation_id, "tax", record.local_id)


def _record(session: Session, question: Question) -> MirrorRecord:
    return session.scalars(
        select(MirrorRecord)
        .where(MirrorRecord.link_id == question.link_id, MirrorRecord.module == "tax")
        .where(MirrorRecord.local_id == question.local_id)
        .with_for_update()
    ).one()

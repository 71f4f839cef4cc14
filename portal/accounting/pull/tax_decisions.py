"""Carrying out what a person decided about a tax that was changed on one side."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.accounting.models import MirrorRecord
from portal.accounting.pull import tax_changes
from portal.accounting.pull.asking import APART, OURS, THEIRS
from portal.accounting.pull.models import NEW_TAX, OFF, RATE, Question
from portal.accounting.setup.taking_taxes import Taker
from portal.accounting.setup.tax_reading import TheirTax
from portal.shared import outbox
from portal.taxes.actions import set_active
from portal.taxes.models import Tax


def carry_out(session: Session, question: Question, decision: str) -> None:
    """Raises CannotChangeTax. Does not commit."""
    if question.field == NEW_TAX and decision == THEIRS:
        theirs = [TheirTax.from_text(each) for each in question.facts["taxes"]]
        Taker(session, question.organisation_id, question.link_id, theirs).take(question.remote_id)
    elif question.field == OFF and decision == THEIRS:
        set_active(session, session.get_one(Tax, question.local_id), is_active=False)
    elif question.field == RATE:
        _rate(session, question, decision)


def _rate(session: Session, question: Question, decision: str) -> None:
    record = session.scalars(
        select(MirrorRecord)
        .where(MirrorRecord.link_id == question.link_id, MirrorRecord.module == "tax")
        .where(MirrorRecord.local_id == question.local_id)
        .with_for_update()
    ).one()
    if decision == THEIRS:
        tax_changes.use_theirs(session, record, question.facts["there"])
    elif decision == APART:
        tax_changes.leave_apart(record, question.ours, question.theirs)
    elif decision == OURS:
        tax_changes.send_ours(session, record)
        record.state, record.attempts, record.next_try_at = "pending", 0, func.clock_timestamp()
        outbox.record(session, record.organisation_id, "tax", record.local_id)

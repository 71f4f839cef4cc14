"""What the comparison leaves aside, or knows to be another way on purpose, as parts of its queries."""

from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_

from portal.accounting.mirror import uses
from portal.accounting.mirror.push import INACTIVE
from portal.accounting.models import Link, MirrorRecord
from portal.accounting.pull.models import TWICE, Question
from portal.accounting.reconciliation.comparing import VOID
from portal.accounting.reconciliation.models import ReadRow, Reconciliation
from portal.accounting.setup.rehearsal import NUMBERED
from portal.accounting.tied import TIED
from portal.payments.actions.booked import PROVIDER
from portal.payments.models import Payment
from portal.shared.outbox import Change


def is_moving(run: Reconciliation) -> ColumnElement[bool]:
    return func.coalesce(
        or_(
            ~Change.is_settled, Change.changed_at >= run.created_at, MirrorRecord.pushed_at >= run.created_at,
            MirrorRecord.state.in_(("pending", "sending")),
            # a person said that the sides go their own ways, and none of it is to be told
            and_(MirrorRecord.snapshot["is_theirs"].as_boolean(), ~is_apart()),
        ), False,
    )  # fmt: skip


def is_apart() -> ColumnElement[bool]:
    return func.coalesce(MirrorRecord.snapshot["is_apart"].as_boolean(), False)


def is_asked(link: Link, module: str, of: ColumnElement[bool]) -> ColumnElement[bool]:
    """A person is to say whether it is one of the other side's. of: what makes the question one about this record."""
    is_open = and_(Question.link_id == link.id, Question.module == module, Question.decision == "")
    return exists().where(is_open, Question.kind == TWICE, of)


def is_their_past(link: Link, key: Any) -> ColumnElement[bool]:
    """What the office wrote there before it was linked is no business of ours."""
    namesake = exists().where(key == ReadRow.number).correlate(ReadRow)
    since = link.cut_over_on or link.created_at.date()
    return func.coalesce(and_(MirrorRecord.id.is_(None), ReadRow.day < since, ~namesake), False)


def is_rehearsal() -> ColumnElement[bool]:
    """A test invoice of ours, put away again. One that is not void is told: it should not be there."""
    return and_(MirrorRecord.id.is_(None), ReadRow.number.startswith(NUMBERED), ReadRow.status == VOID)


def is_put_away() -> ColumnElement[bool]:
    """Out of use there, and never ours: nobody looks for it."""
    return and_(MirrorRecord.id.is_(None), ReadRow.status == INACTIVE)


def is_recorded_there() -> ColumnElement[bool]:
    """Of a payment and its mirror record: it was recorded there, and keeps the words that were written there."""
    is_tied = func.coalesce(MirrorRecord.snapshot[uses.BY_THEM].as_boolean(), False)
    return or_(Payment.provider == PROVIDER, is_tied)


def is_made_there() -> ColumnElement[bool]:
    """Of an invoice's mirror record: a person tied it to one that was made there."""
    return func.coalesce(MirrorRecord.snapshot.has_key(TIED), False)

"""Payments there of customers who are not here yet. They are written down as they are met, as no list of changes shows
them again, and come here once their customer does."""

from collections.abc import Sequence

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from portal.accounting.mirror.lease import Turn
from portal.accounting.models import MirrorRecord
from portal.accounting.pull import questions
from portal.accounting.pull.models import AWAITED, STATUS, Question

_CAME = "came"
_MOST_AT_ONCE = 20


def note(session: Session, turn: Turn, remote_id: str, customer_remote_id: str) -> None:
    """Once; nobody is asked. Does not commit."""
    found = select(Question.id).where(
        Question.link_id == turn.link_id, Question.remote_id == remote_id, Question.field == AWAITED
    )
    if session.scalars(found.limit(1)).first() is not None:
        return
    of = {
        "organisation_id": turn.organisation_id, "link_id": turn.link_id, "module": "payment", "local_id": None,
        "remote_id": remote_id,
    }  # fmt: skip
    questions.ask(session, of, STATUS, field=AWAITED, facts={"customer": customer_remote_id}, is_settled=True)


def due(session: Session, link_id: int) -> Sequence[str]:
    """Ids there of those whose customer is here by now, the first ones first."""
    is_here = select(MirrorRecord.remote_id).where(MirrorRecord.link_id == link_id, MirrorRecord.module == "customer")
    found = select(Question.remote_id).where(
        Question.link_id == link_id, Question.module == "payment", Question.field == AWAITED,
        Question.decision == questions.SETTLED, Question.facts["customer"].astext.in_(is_here),
    )  # fmt: skip
    return session.scalars(found.order_by(Question.id).limit(_MOST_AT_ONCE)).all()


def settle(session: Session, link_id: int, remote_id: str) -> None:
    """It was looked at again with its customer here. Does not commit."""
    session.execute(
        update(Question)
        .where(Question.link_id == link_id, Question.remote_id == remote_id, Question.field == AWAITED)
        .values(decision=_CAME, decided_at=func.clock_timestamp())
    )

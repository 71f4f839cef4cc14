"""A second payment in Zoho that carries the reference of one of ours: it is asked about, never dropped nor doubled."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounting.mirror.lease import Turn, held
from portal.accounting.mirror.modules import MODULES
from portal.accounting.mirror.remote import Remote
from portal.accounting.pull import questions
from portal.accounting.pull.models import SECOND, STATUS, Question
from portal.accounting.pull.sightings import stamp_of
from portal.payments.models import Payment
from portal.shared.money import Money

Facts = Callable[[Session, Turn, Mapping[str, Any]], Mapping[str, Any] | None]
_WHY = "It has the reference of ours. If the customer paid twice, record it here too; if not, delete it in Zoho."


def ask(turn: Turn, remote: Remote, payment_id: int, remote_id: str, facts_of: Facts) -> bool:
    """Once, whatever was answered. False where it is no news, or no business of ours."""
    with held(turn) as session:
        asked = select(Question.id).where(
            Question.link_id == turn.link_id, Question.remote_id == remote_id, Question.field == SECOND
        )
        if session.scalars(asked.limit(1)).first() is not None:
            return False
    detail = remote.detail(MODULES["payment"], remote_id)
    with held(turn) as session:
        facts = facts_of(session, turn, detail)
        if facts is None:
            return False
        ours = session.get_one(Payment, payment_id)
        of = {
            "organisation_id": turn.organisation_id, "link_id": turn.link_id, "module": "payment",
            "local_id": payment_id, "remote_id": remote_id,
        }  # fmt: skip
        on = date.fromisoformat(facts["on"])
        questions.ask(
            session, of, STATUS, field=SECOND, ours=f"{ours.amount} on {ours.received_on:%d %b %Y}, once",
            theirs=f"{Money(facts['minor'], facts['currency'])} on {on:%d %b %Y}, payment {facts['number']}",
            ours_at=ours.created_at, theirs_at=stamp_of(detail),
            facts={**facts, "label": f"Payment {ours.number}", "title": "A second payment in Zoho", "why": _WHY},
        )  # fmt: skip
    return True

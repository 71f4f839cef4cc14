"""A credit note of which less is left in Zoho than is put to invoices here: given back there, or put to others, while
it was put to one here. A person says what counts; it is not refused for ever."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from portal.accounting.mirror import uses
from portal.accounting.mirror.lease import Turn, held
from portal.accounting.mirror.push import Push
from portal.accounting.mirror.remote import Remote
from portal.accounting.models import MirrorRecord
from portal.accounting.pull import credit_changes, credit_here, given_back, questions
from portal.accounting.pull.models import STATUS, USES
from portal.gateways.zoho.errors import Refused, Unanswered
from portal.invoices.credit_notes.queries import get_credit_note

_WHY = "Less of it is left there than is put to invoices here. Put it here where it is there, or correct it there."
_STOPPED = "Less of it is left in Zoho than is put to invoices here. Say what counts."


def ask(turn: Turn, remote: Remote, push: Push) -> None:
    """After a step of a credit note that Zoho refused: it is read there, and a person is asked where it is short."""
    with held(turn) as session:
        record = session.get_one(MirrorRecord, push.record_id)
        remote_id = record.remote_id if record.state == "failed" else None
    if remote_id is None or push.source.uses is None:
        return
    try:
        detail = credit_changes.read_whole(remote, remote_id)
    except (Refused, Unanswered):
        return  # the next try asks
    now, wanted = uses.seen_credit(detail, None), push.source.uses.applied
    if now is not None and credit_changes.is_short(credit_changes.balance(detail), now, wanted.values()):
        with held(turn) as session:
            _ask(session, session.get_one(MirrorRecord, push.record_id, with_for_update=True), detail, now, wanted)


def _ask(
    session: Session, record: MirrorRecord, detail: Mapping[str, Any], now: uses.There, wanted: Mapping[int, Decimal]
) -> None:
    note = get_credit_note(session, record.local_id)
    questions.ask(
        session, questions.of(record), STATUS, field=USES, ours=", ".join(str(each) for each in wanted.values()),
        theirs=credit_changes.said(now), theirs_at=record.remote_modified_at,
        facts={"label": f"Credit note {note.number}", "title": "Less of it is left in Zoho", "why": _WHY,
               "there": now.as_text(), "can_take": credit_here.can_move(session, record.link_id, now),
               "is_short": True},
    )  # fmt: skip
    given_back.ask(session, record, "Credit note", note.number, note.currency, detail.get("creditnote_refunds") or [])
    record.state, record.last_error = "conflict", _STOPPED

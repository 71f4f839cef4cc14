"""A credit note that Zoho refused as its credit is elsewhere there: given back, or put to other invoices; or what it is
put to here is not open there any more. A person says what counts; it is not refused for ever."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from portal.accounting.mirror import uses
from portal.accounting.mirror.lease import Turn, held
from portal.accounting.mirror.push import Push
from portal.accounting.mirror.remote import Remote
from portal.accounting.models import MirrorRecord
from portal.accounting.pull import credit_changes, credit_here, given_back, put_there, questions
from portal.accounting.pull.models import STATUS, USES
from portal.gateways.zoho.errors import LOCKED, Refused, Unanswered
from portal.invoices.credit_notes.queries import get_credit_note

_SHORT = "Less of it is left in Zoho"
_WHY_SHORT = (
    "Less of it is left there than is put to invoices here. Put it here where it is there, or correct it there."
)
_ELSEWHERE = "Put to other invoices in Zoho"
_WHY_ELSEWHERE = (
    "Zoho could not do the same there. Put it here where it is there; or see to the invoice there, then put ours back."
)
_STOPPED = "Its credit is elsewhere in Zoho. Say what counts."
_NOT_ABOUT_CREDIT = (LOCKED, "57", "6041")


def ask(turn: Turn, remote: Remote, push: Push) -> None:
    """After a step of a credit note that Zoho refused: it is read there, and a person is asked where it differs."""
    with held(turn) as session:
        record = session.get_one(MirrorRecord, push.record_id)
        is_refused = record.state == "failed" and record.last_error_code not in _NOT_ABOUT_CREDIT
        remote_id = record.remote_id if is_refused else None
    if remote_id is None or push.source.uses is None:
        return
    try:
        detail = credit_changes.read_whole(remote, remote_id)
    except (Refused, Unanswered):
        return  # the next try asks
    now = uses.seen_credit(detail, None)
    if now is None:
        return
    with held(turn) as session:
        record = session.get_one(MirrorRecord, push.record_id, with_for_update=True)
        if not get_credit_note(session, record.local_id).is_void:
            _ask(session, record, detail, now, push.source.uses)


def _ask(session: Session, record: MirrorRecord, detail: Mapping[str, Any], now: uses.There, wanted: uses.Uses) -> None:
    note = get_credit_note(session, record.local_id)
    to_give = [each.amount for each in wanted.given_back if each.counts and each.reference not in now.refunds]
    if not to_give and put_there.applied_here(session, record.link_id, note) == now.applied:
        return  # its credit is where it is here: it was refused for another reason
    is_short = credit_changes.is_short(credit_changes.balance(detail), now, [*wanted.applied.values(), *to_give])
    questions.ask(
        session, questions.of(record), STATUS, field=USES,
        ours=", ".join(str(each) for each in wanted.applied.values()) or "on none", theirs=credit_changes.said(now),
        theirs_at=record.remote_modified_at,
        facts={"label": f"Credit note {note.number}", "title": _SHORT if is_short else _ELSEWHERE,
               "why": _WHY_SHORT if is_short else _WHY_ELSEWHERE, "there": now.as_text(),
               "can_take": credit_here.can_move(session, record.link_id, now), "is_short": is_short,
               "is_refused": True},
    )  # fmt: skip
    given_back.ask(session, record, "Credit note", note.number, note.currency, detail.get("creditnote_refunds") or [])
    record.state, record.last_error = "conflict", _STOPPED

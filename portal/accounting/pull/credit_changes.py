"""Credit notes of ours that were changed in Zoho: voided, put to other invoices, or given back. Credit is never moved
by itself: a person is asked, once about each note, and says which side counts."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from portal.accounting.mirror import putting_back, uses
from portal.accounting.mirror.lease import Turn, held
from portal.accounting.mirror.modules import MODULES
from portal.accounting.mirror.remote import Remote
from portal.accounting.models import MirrorRecord
from portal.accounting.pull import endings, given_back, questions, sightings, voided
from portal.accounting.pull.models import GONE, NOTE_VOID, STATUS, USES
from portal.invoices.credit_notes.models import CreditNote

Row = Mapping[str, Any]
DELETED = {"title": "Was deleted in Zoho", "why": "It was there, and is gone. Nothing is made or ended until you say."}
_LEFT = ("is_apart", "is_theirs")
_NOT_IN_FORCE = {"void": "Void in Zoho", "draft": "A draft in Zoho"}
_VOID = "It takes nothing back there any more; here it does. A credit note that was issued stays issued here."
_MOVED = "Credit is never moved here by itself. Put it back there; or correct it here by hand, and say that you have."


def compare(turn: Turn, remote: Remote, record_id: int, row: Row) -> bool:
    """True when a person is asked. row: of Zoho's list, by which the change was met."""
    module, remote_id = MODULES["credit_note"], str(row[MODULES["credit_note"].id_key])
    detail = remote.detail(module, remote_id)
    if "creditnote_refunds" not in detail:
        detail |= remote.call("GET", f"{module.path}/{remote_id}/refunds")
    with held(turn) as session:
        record = session.get_one(MirrorRecord, record_id, with_for_update=True, populate_existing=True)
        sightings.remember(record, row)
        known, now = uses.from_text(record.snapshot), uses.seen_credit(detail, None)
        if known is None or now is None or record.state != "in_step" or (record.snapshot or {}).get("is_theirs"):
            return False
        note, status = session.get_one(CreditNote, record.local_id), str(detail.get("status", ""))
        is_void = _ask_whether_void(session, record, note, status)
        is_moved = not is_void and _ask_about_uses(session, turn, record, note, known, now)
        is_given_back = given_back.ask(
            session, record, "Credit note", note.number, note.currency, detail.get("creditnote_refunds") or []
        )
        return is_void or is_moved or is_given_back


def leave_both(session: Session, record: MirrorRecord) -> None:
    """Told in each comparison for as long as they differ. Does not commit."""
    endings.leave_as_it_is(session, record)
    record.snapshot = {**(record.snapshot or {}), "is_apart": True}


def ask_again(session: Session, record: MirrorRecord, status: str) -> None:
    """Nobody leaves it so any more. status: what it is there; "" where it is gone. Does not commit."""
    record.snapshot = {key: value for key, value in (record.snapshot or {}).items() if key not in _LEFT}
    note = session.get_one(CreditNote, record.local_id)
    if not _ask_whether_void(session, record, note, status):
        facts = {"label": f"Credit note {note.number}", **DELETED}
        questions.ask(session, questions.of(record), GONE, ours="is here", theirs="deleted", facts=facts)


def put_back(record: MirrorRecord) -> None:
    """The next pushes bring it to what it is here. Does not commit."""
    putting_back.want(record)


def _ask_whether_void(session: Session, record: MirrorRecord, note: CreditNote, status: str) -> bool:
    if status not in _NOT_IN_FORCE:
        questions.settle(session, record, STATUS, NOTE_VOID)
        return False
    questions.settle(session, record, STATUS, USES)  # it is on no invoice, as it is void
    questions.ask(
        session, questions.of(record), STATUS, field=NOTE_VOID, ours=str(note.total), theirs=status,
        theirs_at=record.remote_modified_at,
        facts={"label": f"Credit note {note.number}", "title": _NOT_IN_FORCE[status], "why": _VOID},
    )  # fmt: skip
    return True


def _ask_about_uses(
    session: Session, turn: Turn, record: MirrorRecord, note: CreditNote, known: uses.There, now: uses.There
) -> bool:  # fmt: skip
    if voided.besides(session, turn.link_id, known.applied) == now.applied:
        questions.settle(session, record, STATUS, USES)
        return False
    questions.ask(
        session, questions.of(record), STATUS, field=USES, ours=_said(known), theirs=_said(now),
        theirs_at=record.remote_modified_at,
        facts={"label": f"Credit note {note.number}", "title": "Put to other invoices in Zoho", "why": _MOVED,
               "there": now.as_text()},
    )  # fmt: skip
    return True


def _said(there: uses.There) -> str:
    return ", ".join(str(amount) for amount in there.applied.values()) or "on none"

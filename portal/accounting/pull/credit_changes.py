"""Credit notes of ours that were changed in Zoho: voided, put to other invoices, or given back. What was left of one
and is put to an invoice there is put to it here. Credit is never moved by itself: a person is asked, once about each
note, and says which side counts."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import func
from sqlalchemy.orm import Session

from portal.accounting.mirror import putting_back, uses
from portal.accounting.mirror.lease import Turn, held
from portal.accounting.mirror.modules import MODULES
from portal.accounting.mirror.remote import Remote
from portal.accounting.models import MirrorRecord
from portal.accounting.pull import changes, credit_here, endings, given_back, put_there, questions, sightings, voided
from portal.accounting.pull.models import GONE, NOTE_VOID, REOPENED, STATUS, USES
from portal.gateways.zoho import wire
from portal.invoices.credit_notes.models import CreditNote
from portal.invoices.credit_notes.queries import get_credit_note
from portal.shared import outbox
from portal.shared.money import Money

Row = Mapping[str, Any]
DELETED = {"title": "Was deleted in Zoho", "why": "It was there, and is gone. Nothing is made or ended until you say."}
_LEFT = ("is_apart", "is_theirs")
_NOT_IN_FORCE = {"void": "Void in Zoho", "draft": "A draft in Zoho"}
_VOID = "It takes nothing back there any more; here it does."
_REOPENED = "It was voided here and takes nothing back. There it does again."
_MOVED = "Put it here where it is there, or let it be put back there; else the two sides go on differing."


def compare(turn: Turn, remote: Remote, record_id: int, row: Row) -> bool:
    """True when anything is new. row: of Zoho's list, by which the change was met."""
    detail = read_whole(remote, str(row[MODULES["credit_note"].id_key]))
    now = uses.seen_credit(detail, None)
    if now is None:
        return False
    with held(turn) as session:
        more = _more(session, session.get_one(MirrorRecord, record_id), now)
    put_there.close_payment_pages(turn.organisation_id, list(more or ()))
    with held(turn) as session, changes.in_the_name_of(turn.product_name):
        record = session.get_one(MirrorRecord, record_id, with_for_update=True, populate_existing=True)
        sightings.remember(record, row)
        known, more = uses.from_text(record.snapshot), _more(session, record, now)
        if known is None or (record.snapshot or {}).get("is_theirs"):
            return False
        if record.state != "in_step":
            return more == {} and _try_again(session, record, now)
        note, status = get_credit_note(session, record.local_id), str(detail.get("status", ""))
        if note.is_void:
            return _ask_whether_again(session, record, note, status)
        gone = uses.taken_out(known, now)
        if not gone and put_there.follow(session, note, more):
            record.snapshot, known = {**(record.snapshot or {}), "there": now.as_text()}, now
        is_void = _ask_whether_void(session, record, note, status)
        is_moved = not is_void and _ask_about_uses(session, turn, record, note, known, now, gone, balance(detail))
        is_given_back = given_back.ask(
            session, record, "Credit note", note.number, note.currency, detail.get("creditnote_refunds") or []
        )
        return is_void or is_moved or is_given_back or bool(more)


def _more(session: Session, record: MirrorRecord, now: uses.There) -> dict[int, Money] | None:
    """Our invoice → how much more of it is put to that there; None where that is not followed."""
    return put_there.more(session, record.link_id, session.get_one(CreditNote, record.local_id), now.applied)


def _try_again(session: Session, record: MirrorRecord, now: uses.There) -> bool:
    """Put to the same invoices on both sides at once: there it is by now what ours was still to bring about."""
    record.snapshot = {**(record.snapshot or {}), "there": now.as_text()}
    record.state, record.attempts, record.next_try_at = "pending", 0, func.clock_timestamp()
    record.last_error = record.last_error_code = ""
    outbox.record(session, record.organisation_id, record.module, record.local_id)
    return True


def read_whole(remote: Remote, remote_id: str) -> Row:
    """With what was given back of it, which an answer may leave out."""
    module = MODULES["credit_note"]
    detail = remote.detail(module, remote_id)
    if "creditnote_refunds" in detail:
        return detail
    return {**detail, **remote.call("GET", f"{module.path}/{remote_id}/refunds")}


def leave_both(session: Session, record: MirrorRecord) -> None:
    """Told in each comparison for as long as they differ. Does not commit."""
    endings.leave_as_it_is(session, record)
    record.snapshot = {**(record.snapshot or {}), "is_apart": True}


def ask_again(session: Session, record: MirrorRecord, status: str) -> None:
    """Nobody leaves it so any more. status: what it is there; "" where it is gone. Does not commit."""
    record.snapshot = {key: value for key, value in (record.snapshot or {}).items() if key not in _LEFT}
    note = get_credit_note(session, record.local_id)
    if note.is_void:
        return
    if not _ask_whether_void(session, record, note, status):
        facts = {"label": f"Credit note {note.number}", **DELETED}
        questions.ask(session, questions.of(record), GONE, ours="is here", theirs="deleted", facts=facts)


def put_back(record: MirrorRecord) -> None:
    """The next pushes bring it to what it is here. Does not commit."""
    putting_back.want(record)


def _ask_whether_again(session: Session, record: MirrorRecord, note: CreditNote, status: str) -> bool:
    """Void here, and in force there again."""
    if status in _NOT_IN_FORCE:
        questions.settle(session, record, STATUS, REOPENED)
        return False
    questions.ask(
        session, questions.of(record), STATUS, field=REOPENED, ours="void", theirs=status,
        theirs_at=record.remote_modified_at,
        facts={"label": f"Credit note {note.number}", "title": "Opened again in Zoho", "why": _REOPENED},
    )  # fmt: skip
    return True


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
    session: Session, turn: Turn, record: MirrorRecord, note: CreditNote, known: uses.There, now: uses.There,
    gone: Sequence[str], left: Decimal,
) -> bool:  # fmt: skip
    """gone: what we gave back, and is there no more; left: of the note, there"""
    if voided.besides(session, turn.link_id, known.applied) == now.applied and not gone:
        questions.settle(session, record, STATUS, USES)
        return False
    both = given_back.SIDES if gone else (said(known), said(now))
    questions.ask(
        session, questions.of(record), STATUS, field=USES, ours=both[0], theirs=both[1],
        theirs_at=record.remote_modified_at,
        facts={"label": f"Credit note {note.number}", **given_back.told_of(gone, _MOVED), "there": now.as_text(),
               "can_take": not gone and credit_here.can_move(session, turn.link_id, now),
               "is_short": is_short(left, now, known.applied.values())},
    )  # fmt: skip
    return True


def is_short(left: Decimal, now: uses.There, wanted: Iterable[Decimal]) -> bool:
    """Has Zoho less of it, left and on invoices, than is `wanted` on invoices? Then ours cannot be put back."""
    return sum(wanted) > left + sum(now.applied.values())


def balance(detail: Row) -> Decimal:
    """What is left of it there."""
    return wire.amount(detail.get("balance")) or Decimal(0)


def said(there: uses.There) -> str:
    return ", ".join(str(amount) for amount in there.applied.values()) or "on none"

"""What people say of the entries: that they are in the organisation by now, or that they are not after all."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.accounting.actions import take_back
from portal.accounting.by_hand import documents
from portal.accounting.by_hand.models import ByHand
from portal.accounting.link import hold, live_link
from portal.accounting.models import Link, MirrorRecord
from portal.organisations import audit


def mark_entered(session: Session, entry_id: int, by: str) -> bool:
    """Pressed twice, it says who was first. False where it is gone: nobody needs it any more. Does not commit."""
    row = _locked(session, entry_id)
    return row is not None and _enter(session, [row], by) > 0


def mark_all_entered(session: Session, link_id: int, up_to: int, by: str) -> int:
    """Those of one organisation that were on the page; how many. Does not commit."""
    found = select(ByHand).where(ByHand.link_id == link_id, ByHand.id <= up_to, ByHand.entered_at.is_(None))
    return _enter(session, session.scalars(found.order_by(ByHand.id).with_for_update()).all(), by)


def mark_open(session: Session, entry_id: int) -> bool:
    """It is not there after all; where that organisation is linked again, it goes there by itself. False where it is
    gone or open. Does not commit."""
    live = hold(session)
    row = _locked(session, entry_id)
    if row is None or row.entered_at is None:
        return False
    row.entered_at, row.entered_by = None, ""
    _note(session, row, "not entered by hand", "Not entered by hand after all in")
    if live is not None and live.id == row.link_id:
        of = (MirrorRecord.module == row.module, MirrorRecord.local_id == row.local_id)
        kept = session.scalars(select(MirrorRecord.id).where(MirrorRecord.link_id == live.id, *of)).first()
        session.delete(row)
        session.flush()
        if kept is not None:
            take_back(session, kept)
    return True


def _enter(session: Session, rows: Sequence[ByHand], by: str) -> int:
    still = [row for row in rows if row.entered_at is None]
    for row in still:
        row.entered_at, row.entered_by = func.clock_timestamp(), by
        _note(session, row, "entered by hand", "Entered by hand in")
    return len(still)


def _locked(session: Session, entry_id: int) -> ByHand | None:
    return session.get(ByHand, entry_id, with_for_update=True)


def _note(session: Session, row: ByHand, action: str, words: str) -> None:
    """On the invoice's timeline, and in the history that the page of the link shows."""
    name, shown = session.get_one(Link, row.link_id).remote_name, live_link(session)
    said = f"{words} {name}: {documents.words_of(row)}"
    audit.note(session, row.organisation_id, action, "link", shown.id if shown else row.link_id, words=said)
    if row.invoice_id is not None:
        audit.note(session, row.organisation_id, action, "invoice", row.invoice_id, words=said)

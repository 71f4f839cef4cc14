"""Verbs on the mirror that people press."""

from collections.abc import Sequence

from sqlalchemy import Update, func, select, update
from sqlalchemy.orm import Session

from portal.accounting import rules
from portal.accounting.inbox import Stuck, stuck_record
from portal.accounting.link import hold
from portal.accounting.mirror import credit_totals, renumbering, sources
from portal.accounting.models import MirrorRecord
from portal.organisations import audit
from portal.organisations.models import Organisation
from portal.shared import clock, outbox
from portal.shared.errors import NotFound, RuleBroken

_AGAIN = (*rules.TROUBLED, "waiting")


def try_again(session: Session, record_id: int) -> bool:
    """Send one record once more. False when there is nothing to do about it any more. Safe to press ten times."""
    return _reopen(session, update(MirrorRecord).where(MirrorRecord.id == record_id)) > 0


def try_all_again(session: Session) -> int:
    """Send whatever is stuck once more; how many that are."""
    return _reopen(session, update(MirrorRecord))


def _reopen(session: Session, chosen: Update) -> int:
    """Whether an earlier try may have succeeded is remembered in sending_since, and stays."""
    link = hold(session)
    if link is None:
        return 0
    reopened = session.execute(
        chosen.where(MirrorRecord.link_id == link.id, MirrorRecord.state.in_(_AGAIN))
        .values(state="pending", attempts=0, next_try_at=func.clock_timestamp(), waits_for="")
        .returning(MirrorRecord.module, MirrorRecord.local_id)
    ).all()
    for module, local_id in reopened:
        outbox.record(session, link.organisation_id, module, local_id)
    return len(reopened)


class CannotLeaveOut(RuleBroken):
    """This record is not one to be left out of the books."""


def leave_out(session: Session, record_id: int, reason: str) -> None:
    """Nothing more is tried with this record, edits of it included, until it is taken back. Does not commit.

    Raises CannotLeaveOut.
    """
    record, label, may_be = _locked(session, record_id)
    if not may_be:
        raise CannotLeaveOut("This record is not one to leave out: it is on its way, or in Zoho already.")
    record.state, record.left_out_why, record.waits_for = rules.LEFT_OUT_STATE, reason, ""
    session.flush()
    _note(session, record, "left out of the books", f"{label} is left out of the books: {reason}")


def take_back(session: Session, record_id: int) -> None:
    """Try it again after all. Does nothing to a record that was not left out. Does not commit."""
    record, label, _ = _locked(session, record_id)
    if record.state != rules.LEFT_OUT_STATE:
        return
    record.state, record.left_out_why, record.attempts = "pending", "", 0
    record.next_try_at = func.clock_timestamp()
    session.flush()
    outbox.record(session, record.organisation_id, record.module, record.local_id)
    _note(session, record, "taken back into the books", f"{label} is to go to the books after all")


def send_beside(session: Session, record_id: int) -> str:
    """An invoice whose number Zoho has given to another one goes over under a number of its own. What was done, in
    words. Does not commit. Raises renumbering.CannotRenumber, NotFound."""
    record, _told = _found(session, record_id)
    return renumbering.send_beside(session, record)


class CannotAccept(RuleBroken):
    """There is no difference any more, or not one of a credit note."""


def accept_difference(session: Session, record_id: int, reason: str) -> None:
    """A credit note counts as agreed while Zoho's total and taxes stay as they are, and is put to its invoices there as
    far as it goes. Does not commit.

    Raises CannotAccept, NotFound.
    """
    record, told = _found(session, record_id)
    if not told.may_be_accepted:
        raise CannotAccept("Somebody was quicker: there is no difference any more.")
    credit_totals.accept(record)
    session.flush()
    try_again(session, record_id)
    words = f"{told.label}: difference to the books accepted: {reason}"
    _note(session, record, "difference settled", f"{words} ({told.why})")
    for invoice_id in _invoices_of(session, record):
        audit.note(session, record.organisation_id, "difference settled", "invoice", invoice_id, words=words)


class CannotDate(RuleBroken):
    """This record keeps its date."""


def date_today(session: Session, record_id: int) -> str:
    """It goes to the books with today's date, as their period is closed; ours keeps its own. What was done, in words.
    Does not commit.

    Raises CannotDate, NotFound.
    """
    record, told = _found(session, record_id)
    if not told.may_be_dated_today:
        raise CannotDate("This record keeps its date. Ask the bookkeeper to unlock that period in Zoho.")
    zone = session.scalars(select(Organisation.time_zone).where(Organisation.id == record.organisation_id)).one()
    record.dated_on = clock.today(zone)
    session.flush()
    try_again(session, record_id)
    words = f"{told.label} goes to the books dated {record.dated_on:%-d %b %Y}, as they are closed for its own date"
    _note(session, record, "dated today in the books", words)
    for invoice_id in _invoices_of(session, record):
        audit.note(session, record.organisation_id, "dated today in the books", "invoice", invoice_id, words=words)
    return "It goes to the books with today's date now."


def _invoices_of(session: Session, record: MirrorRecord) -> Sequence[int]:
    """On whose timeline it is told."""
    source = sources.read(session, record.module, record.local_id)
    return list(source.invoice_ids) if source is not None else []


def _locked(session: Session, record_id: int) -> tuple[MirrorRecord, str, bool]:
    """The record, what people call it, and whether it may be left out. Raises NotFound."""
    record, told = _found(session, record_id)
    return record, told.label, told.may_be_left_out


def _found(session: Session, record_id: int) -> tuple[MirrorRecord, Stuck]:
    """Its row locked. Raises NotFound."""
    hold(session)
    session.get(MirrorRecord, record_id, with_for_update=True)
    found = stuck_record(session, record_id)
    if found is None:
        raise NotFound
    return found


def _note(session: Session, record: MirrorRecord, action: str, words: str) -> None:
    about = ("invoice", record.local_id) if record.module == "invoice" else ("mirror_record", record.id)
    audit.note(session, record.organisation_id, action, *about, words=words)

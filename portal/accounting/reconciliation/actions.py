"""What a person does about a record that differs: send ours again, or say that both are the same."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from portal.accounting import tied
from portal.accounting.link import hold
from portal.accounting.mirror import renumbering, uses
from portal.accounting.mirror.modules import called
from portal.accounting.models import Link, MirrorRecord
from portal.accounting.pull import credit_changes, questions, voided
from portal.accounting.reconciliation import aside, causes, comparing, reading, same, whose
from portal.accounting.reconciliation.models import DriftRow, Reconciliation
from portal.accounting.setup import tying
from portal.organisations import audit
from portal.payments.models import Payment
from portal.shared import outbox, queues
from portal.shared.errors import NotFound, RuleBroken

_NOT_THE_SAME = "Correct the one that is wrong, or send ours under another number."


class CannotFix(RuleBroken):
    """Nothing can be done about this one by a button."""


def ask(session: Session, link: Link, asked_by: str) -> bool:
    """Begin a reconciliation. False when one is under way. Does not commit."""
    begun = reading.begin(session, link, asked_by)
    if begun:
        audit.note(session, link.organisation_id, "reconciliation asked for", "link", link.id)
    queues.wake(session, "mirror", link.organisation_id)
    return begun


def to_be_read(session: Session, drift_id: int, do: str) -> tuple[Link, str, str] | None:
    """(link, module, remote id) of what is to be read in Zoho before `fix` can do so; None where nothing is. Raises
    NotFound, CannotFix."""
    drift, link = _current(session, drift_id)
    is_tie = do in ("", causes.TIE) and drift.cause == comparing.NOT_TIED
    return (link, drift.module, drift.remote_id) if is_tie and same.is_paper(drift.module) else None


def fix(
    session: Session, drift_id: int, do: str = "", *, by: str = "", theirs: Mapping[str, Any] | None = None
) -> str:  # fmt: skip
    """What was done, in words. do: of several fixes, which; else the first. theirs: what to_be_read asked for. Raises
    NotFound, CannotFix. Does not commit. Safe to press ten times."""
    drift, link = _current(session, drift_id)
    fixes = causes.fixes_of(
        drift.cause, drift.theirs_status, drift.module, is_theirs=_is_recorded_there(session, link, drift)
    )
    wanted = do or next(iter(fixes), "")
    if wanted not in fixes or drift.local_id is None:
        raise CannotFix("This one needs a look: open it on both sides and correct the one that is wrong.")
    if wanted == causes.TIE:
        words = _tie(session, link, drift, drift.local_id, theirs, by)
    elif wanted == causes.RENUMBER:
        words = _renumber(session, link, drift)
    elif wanted == causes.PUSH:
        words = _push(session, link, drift, drift.local_id)
    elif drift.module in ("invoice", "credit_note"):
        words = _ask_again(session, link, drift)
    else:
        words = whose.decide(session, link, drift, wanted, by)
    audit.note(
        session, link.organisation_id, "drift mended", drift.module, drift.local_id,
        words=f"{drift.label}: {causes.WORDS[drift.cause][0].lower()}, {causes.button_of(wanted).lower()}",
    )  # fmt: skip
    return words


def _current(session: Session, drift_id: int) -> tuple[DriftRow, Link]:
    """With the link held. Raises NotFound, CannotFix."""
    drift = session.get(DriftRow, drift_id)
    if drift is None:
        raise NotFound
    link, run = hold(session), session.get_one(Reconciliation, drift.run_id)
    if link is None or run.link_id != link.id:
        raise CannotFix("This comparison is of an organisation that is no longer linked.")
    return drift, link


def _is_recorded_there(session: Session, link: Link, drift: DriftRow) -> bool:
    """A payment that they recorded, and an invoice that they made, keep what they wrote."""
    if drift.module == "invoice":
        record = _record(session, link, drift)
        return record is not None and tied.is_theirs(record)
    of_link = (MirrorRecord.link_id == link.id) & (MirrorRecord.module == "payment")
    booked = (
        select(Payment.id)
        .outerjoin(MirrorRecord, of_link & (MirrorRecord.local_id == Payment.id))
        .where(Payment.id == drift.local_id, aside.is_recorded_there())
    )
    return drift.module == "payment" and session.scalar(booked) is not None


def _tie(
    session: Session, link: Link, drift: DriftRow, local_id: int, theirs: Mapping[str, Any] | None, by: str
) -> str:  # fmt: skip
    """Raises CannotFix where the two are not the same paper."""
    if same.is_paper(drift.module):
        differs = same.what_differs(session, link, drift, theirs or {})
        if differs:
            raise CannotFix(f"Zoho's {drift.label} is another one: {differs}. {_NOT_THE_SAME}")
    record = _record(session, link, drift)
    if record is not None and record.remote_id not in (None, drift.remote_id):
        record.remote_id = None  # what it was tied to is gone there
        session.flush()
    is_invoice = drift.module == "invoice"
    is_tied = tying.tie(
        session, link.organisation_id, link.id, drift.module, local_id, drift.remote_id,
        remote_number=drift.label, remote_status="" if is_invoice else drift.theirs_status,
        snapshot=tied.as_said() if is_invoice else None,
    )  # fmt: skip
    if not is_tied:
        raise CannotFix("Zoho's record belongs to another one of yours by now. Compare both sides once more.")
    what = f"{called(drift.module)} {drift.label}"
    audit.note(
        session, link.organisation_id, "said to be the same", "link", link.id,
        words=f"{what} was said to be the same as {drift.label} in Zoho{f', by {by}' if by else ''}",
    )  # fmt: skip
    if not is_invoice:
        return "Both are known to be the same now. The next comparison looks whether they agree."
    _compare_first(session, link, local_id)
    return "Both are known to be the same now. They are compared to the cent before that counts."


def _compare_first(session: Session, link: Link, local_id: int) -> None:
    """It is read before it counts as in step."""
    of = (MirrorRecord.link_id == link.id, MirrorRecord.module == "invoice", MirrorRecord.local_id == local_id)
    session.execute(
        update(MirrorRecord)
        .where(*of)
        .values(state="pending", version_pushed=0, next_try_at=func.clock_timestamp())
    )  # fmt: skip
    outbox.record(session, link.organisation_id, "invoice", local_id)


def _renumber(session: Session, link: Link, drift: DriftRow) -> str:
    record = _record(session, link, drift)
    if record is None:
        raise CannotFix("It has not been tried yet. Try it again under what is not in the books.")
    return renumbering.send_beside(session, record)


def _push(session: Session, link: Link, drift: DriftRow, local_id: int) -> str:
    """Our version goes over again. What was deleted there is looked for before it is made anew."""
    record = _record(session, link, drift)
    if record is not None and (record.state == "conflict" or questions.is_stopped(session, record)):
        raise CannotFix("You are asked about this one. Decide first, under what is to be decided: then it is sent.")
    if record is not None and record.state != "sending":
        if drift.cause == comparing.DELETED_THERE:
            record.remote_id, record.remote_status, record.remote_number = None, "", ""
            record.snapshot = uses.kept_words(record.snapshot)
            record.sending_since = func.clock_timestamp()
        elif drift.cause == comparing.OTHER_VALUES:
            whose.let_ours_count(session, record)
        elif record.snapshot is not None and drift.cause != comparing.OTHER_STATUS:
            record.snapshot = record.snapshot | {"sent": None}
        if drift.cause == comparing.OTHER_STATUS:
            record.remote_status = drift.theirs_status
        record.state, record.attempts, record.waits_for = "pending", 0, ""
        record.next_try_at = func.clock_timestamp()
    outbox.record(session, link.organisation_id, drift.module, local_id)
    return "It is sent again now. The next comparison looks whether both sides agree."


def _ask_again(session: Session, link: Link, drift: DriftRow) -> str:
    """Of an invoice or a credit note that is void there only, or gone, and was left so."""
    record = _record(session, link, drift)
    if record is not None and drift.module == "credit_note":
        credit_changes.ask_again(session, record, drift.theirs_status)
    elif record is not None and record.remote_id is not None:
        voided.ask_again(session, record)
    return "It is for you to decide once more, under what is to be decided."


def _record(session: Session, link: Link, drift: DriftRow) -> MirrorRecord | None:
    return session.scalars(
        select(MirrorRecord)
        .where(MirrorRecord.link_id == link.id, MirrorRecord.module == drift.module)
        .where(MirrorRecord.local_id == drift.local_id)
        .with_for_update()
    ).one_or_none()

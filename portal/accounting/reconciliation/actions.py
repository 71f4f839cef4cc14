"""What a person does about a record that differs: send ours again, or say that both are the same."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.accounting.link import hold
from portal.accounting.models import Link, MirrorRecord
from portal.accounting.pull import credit_changes, voided
from portal.accounting.reconciliation import aside, causes, comparing, reading, whose
from portal.accounting.reconciliation.models import DriftRow, Reconciliation
from portal.accounting.setup import tying
from portal.organisations import audit
from portal.payments.models import Payment
from portal.shared import outbox, queues
from portal.shared.errors import NotFound, RuleBroken


class CannotFix(RuleBroken):
    """Nothing can be done about this one by a button."""


def ask(session: Session, link: Link, asked_by: str) -> bool:
    """Begin a reconciliation. False when one is under way. Does not commit."""
    begun = reading.begin(session, link, asked_by)
    if begun:
        audit.note(session, link.organisation_id, "reconciliation asked for", "link", link.id)
    queues.wake(session, "mirror", link.organisation_id)
    return begun


def fix(session: Session, drift_id: int, do: str = "", *, by: str = "") -> str:
    """What was done, in words. do: of several fixes, which; else the first. Raises NotFound, CannotFix. Does not
    commit. Safe to press ten times."""
    drift = session.get(DriftRow, drift_id)
    if drift is None:
        raise NotFound
    link, run = hold(session), session.get_one(Reconciliation, drift.run_id)
    if link is None or run.link_id != link.id:
        raise CannotFix("This comparison is of an organisation that is no longer linked.")
    fixes = causes.fixes_of(
        drift.cause, drift.theirs_status, drift.module, is_theirs=_is_recorded_there(session, link, drift)
    )
    wanted = do or next(iter(fixes), "")
    if wanted not in fixes or drift.local_id is None:
        raise CannotFix("This one needs a look: open it on both sides and correct the one that is wrong.")
    if wanted in (causes.PUSH, causes.TIE):
        words = (_tie if wanted == causes.TIE else _push)(session, link, drift, drift.local_id)
    elif drift.module in ("invoice", "credit_note"):
        words = _ask_again(session, link, drift)
    else:
        words = whose.decide(session, link, drift, wanted, by)
    audit.note(
        session, link.organisation_id, "drift mended", drift.module, drift.local_id,
        words=f"{drift.label}: {causes.WORDS[drift.cause][0].lower()}, {causes.button_of(wanted).lower()}",
    )  # fmt: skip
    return words


def _is_recorded_there(session: Session, link: Link, drift: DriftRow) -> bool:
    """A payment that they recorded keeps what they wrote."""
    of_link = (MirrorRecord.link_id == link.id) & (MirrorRecord.module == "payment")
    booked = (
        select(Payment.id)
        .outerjoin(MirrorRecord, of_link & (MirrorRecord.local_id == Payment.id))
        .where(Payment.id == drift.local_id, aside.is_recorded_there())
    )
    return drift.module == "payment" and session.scalar(booked) is not None


def _tie(session: Session, link: Link, drift: DriftRow, local_id: int) -> str:
    record = _record(session, link, drift)
    if record is not None and record.remote_id not in (None, drift.remote_id):
        record.remote_id = None  # what it was tied to is gone there
        session.flush()
    tied = tying.tie(
        session, link.organisation_id, link.id, drift.module, local_id, drift.remote_id,
        remote_number=drift.label, remote_status=drift.theirs_status,
    )  # fmt: skip
    if not tied:
        raise CannotFix("Zoho's record belongs to another one of yours by now. Compare both sides once more.")
    return "Both are known to be the same now. The next comparison looks whether they agree."


def _push(session: Session, link: Link, drift: DriftRow, local_id: int) -> str:
    """Our version goes over again. What was deleted there is looked for before it is made anew."""
    record = _record(session, link, drift)
    if record is not None and record.state != "sending":
        if drift.cause == comparing.DELETED_THERE:
            record.remote_id, record.snapshot, record.remote_status, record.remote_number = None, None, "", ""
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

"""Record: what came of a try, written only by whoever still holds the lease, with what people read about it."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, update
from sqlalchemy.orm import Session

from portal.accounting import rules, tied
from portal.accounting.agreement import checking
from portal.accounting.mirror import asked_first, history, next_verb, records, reopening, using, writing_off
from portal.accounting.mirror.lease import Turn, held, held_record
from portal.accounting.mirror.modules import id_in
from portal.accounting.mirror.persons_there import still_there
from portal.accounting.mirror.push import ACT, COMPARE, CREATE, DRAFT, LOOK, READ, UPDATE, VOID, WRITTEN_OFF, Push
from portal.accounting.mirror.send import Absent, Done, status_of
from portal.accounting.models import TAX_RATE, MirrorRecord
from portal.accounting.numbers_there import pass_over
from portal.accounting.pull import sightings, tax_changes
from portal.accounting.pull.both_sides import bring_together, common_of
from portal.gateways.errors import GatewayError
from portal.gateways.zoho.errors import LOOKED_FOR, TAKEN, Refused
from portal.invoices import holds
from portal.organisations import audit
from portal.shared import outbox

MISMATCH = "totals"
_NO_CLEAR_ANSWER = "Zoho gave no clear answer {tries} times. Look there for this record, then try again."
_DIFFERS = "{label} is in {product}, but differs there: {words} It cannot be paid online until that is settled."


def write(turn: Turn, push: Push, outcome: Done | Absent, *, for_invoice: int | None) -> bool:
    """What Zoho answered. True when the record has more to do now. Raises LeaseLost: then whoever holds the lease now
    finds out by looking."""
    with held_record(turn, push.record_id) as (session, record, _now):
        history.note(session, push, *history.outcome_of(outcome))
        if isinstance(outcome, Absent):
            pass_over(session, turn.organisation_id, lambda _coming: outcome.numbers)
            _absent(session, turn, record, push, outcome)
        elif push.verb == COMPARE and push.module != "invoice":
            bring_together(session, turn, record, outcome.record)
        elif push.verb == VOID:
            record.remote_status = "void"
            holds.release(session, "void", record.local_id, kind=None)
            _in_step(session, record, push)
            _tell(session, turn, record, push, f"{push.source.label} is void in {turn.product_name}", for_invoice)
        elif push.act is not None and push.act.marks is not None:
            record.remote_status = push.act.marks
            record.state, record.sending_since = "pending", None  # its fields may still differ
            reopening.note(record, push.act.marks)
            if push.act.marks == WRITTEN_OFF:
                writing_off.remember(record, push.source.given_up)
            if push.told:
                _tell(session, turn, record, push, push.told, for_invoice)
        elif push.verb in (READ, ACT):
            _placed(session, turn, record, push, outcome, for_invoice)
        else:
            _written(session, turn, record, push, outcome, for_invoice)
        return _has_more(record, push)


def refused(turn: Turn, push: Push, problem: GatewayError) -> None:
    """A final no. A taken name or number may be our own, from before an answer was lost: look before giving up."""
    with held(turn) as session:
        record = session.get_one(MirrorRecord, push.record_id, with_for_update=True)
        history.note(session, push, problem.words)
        record.last_error_code = problem.code[:20]
        if isinstance(problem, Refused) and problem.is_clash and push.verb == CREATE:
            record.last_error, record.next_try_at = problem.words[:500], func.clock_timestamp()
            record.last_error_code = problem.code if problem.code in LOOKED_FOR else TAKEN
            return  # still `sending`, so the next step is to look
        if isinstance(problem, Refused) and problem.is_clash and _can_be_renamed(record, push):
            _rename(record, push)
            return
        _fail(session, turn, record, push, problem.words, known=push.verb != LOOK)


def unanswered(turn: Turn, push: Push, problem: GatewayError) -> None:
    """Nobody knows what Zoho did. The record stays `sending`, so the next try looks first."""
    with held(turn) as session:
        record = session.get_one(MirrorRecord, push.record_id, with_for_update=True)
        history.note(session, push, problem.words)
        record.last_error, record.last_error_code = problem.words[:500], problem.code[:20]
        if record.attempts >= rules.MOST_TRIES:
            words = _NO_CLEAR_ANSWER.format(tries=record.attempts)
            _fail(session, turn, record, push, words, known=False)


def take_back(turn: Turn, record_ids: list[int], unknown_since: datetime | None) -> None:
    """Nothing was sent after all."""
    with held(turn) as session:
        session.execute(
            update(MirrorRecord)
            .where(MirrorRecord.id.in_(record_ids))
            .values(state="pending" if unknown_since is None else "sending", sending_since=unknown_since)
        )


def _written(
    session: Session, turn: Turn, record: MirrorRecord, push: Push, outcome: Done, for_invoice: int | None
) -> None:
    answer = outcome.record
    is_new = record.remote_id is None
    record.remote_id = id_in(push.module, push.payload, answer) or push.remote_id
    if push.module == "payment":
        record.remote_number = str(answer.get("payment_number", ""))[:100]
    # An answer need not repeat where the money is.
    kept = (record.snapshot or {}) if push.source.uses else writing_off.kept(record)
    record.snapshot = {**kept, "sent": push.snapshot, "persons": still_there(record, push.source.customer, answer)}
    sightings.wrote(session, record, answer, is_new=push.verb != UPDATE)
    if push.module in ("tax", TAX_RATE):
        tax_changes.seen(record, answer)
    if outcome.adopted and push.module in ("customer", "item"):
        # What an earlier try sent may be older than what we have: bring it up to date.
        common = common_of(session, record.link_id, push.module, answer)
        record.snapshot = {**record.snapshot, "sent": None, "common": common}  # a new one: changes inside go unseen
    differs = _check_invoice(session, turn, record, push, answer) if push.module == "invoice" else False
    if is_new and not differs:
        _tell(session, turn, record, push, _arrival(turn, record, push), for_invoice)
    if push.module == "invoice":
        return
    if push.source.uses is not None:
        _placed(session, turn, record, push, outcome, for_invoice)
    elif next_verb.of(record, push.source, push.snapshot) is not None:  # to be brought up to date, or out of use
        record.state, record.sending_since = "pending", None  # put off, should the call that follows get no answer
    else:
        _in_step(session, record, push)


def _has_more(record: MirrorRecord, push: Push) -> bool:
    """A draft that was just found equal is due, and is marked sent with the others of the round; one that was only read
    is not due yet, so it is planned once more."""
    if record.state not in ("pending", "sending"):
        return False
    is_due_draft = record.module == "invoice" and record.remote_status == DRAFT and record.attempts == 0
    return not (is_due_draft and next_verb.of(record, push.source, push.snapshot) is None)


def _placed(
    session: Session, turn: Turn, record: MirrorRecord, push: Push, outcome: Done, for_invoice: int | None
) -> None:
    """Money was put to invoices or given back, or we have read where it is. In step only where it is as we said."""
    words = using.note(record, push, outcome.record, adopted=outcome.adopted)
    if words:
        record.last_error_code = MISMATCH
        _fail(session, turn, record, push, words)
        return
    if push.told:
        _tell(session, turn, record, push, push.told, for_invoice)
    if push.is_last and not outcome.adopted:
        _in_step(session, record, push)
    else:
        record.state, record.sending_since = "pending", None


def _check_invoice(session: Session, turn: Turn, record: MirrorRecord, push: Push, answer: dict[str, Any]) -> bool:
    """In step only when Zoho comes to the same figures; then it is marked sent with the others of the round."""
    if push.source.figures is None:
        raise LookupError("an invoice comes with its figures")
    record.remote_status = WRITTEN_OFF if writing_off.is_written_off(answer) else status_of(answer)
    if record.remote_status == WRITTEN_OFF and not writing_off.kept(record):
        writing_off.remember(record, push.source.given_up)
    words = checking.check(
        session, record, push.source.figures, answer, is_void=push.source.is_void,
        customer=push.payload["customer_id"],
    )  # fmt: skip
    if words:
        # The next try sends it anew, or somebody accepts.
        record.snapshot = {**writing_off.kept(record), "sent": None, "differs": push.snapshot}
        record.last_error_code = MISMATCH
        _fail(session, turn, record, push, words, state="mismatch")
        return True
    tied.agree(record)
    record.state, record.sending_since, record.attempts = "pending", None, 0
    record.last_error = record.last_error_code = ""
    record.next_try_at = func.clock_timestamp()
    return False


def _absent(session: Session, turn: Turn, record: MirrorRecord, push: Push, found: Absent) -> None:
    """Not there: free to be created. After a refused name it is somebody else's, so ours gets its number added.

    It stays put off: should the create that follows get no answer either, the next try is later, not at once.
    """
    record.state, record.sending_since = "pending", None
    if record.last_error_code not in LOOKED_FOR:
        return
    if _can_be_renamed(record, push):
        if not asked_first.ask(session, record, found.namesake):
            _rename(record, push)
        return
    _fail(session, turn, record, push, record.last_error)


def _can_be_renamed(record: MirrorRecord, push: Push) -> bool:
    if push.module == "invoice":
        return False  # it may be the same one, made there by hand: a person says so, or has it sent beside that
    return bool(push.source.spare_name) and record.remote_number != push.source.spare_name


def _rename(record: MirrorRecord, push: Push) -> None:
    record.remote_number = push.source.spare_name
    record.state, record.sending_since = "pending", None
    record.last_error = record.last_error_code = ""


def _in_step(session: Session, record: MirrorRecord, push: Push) -> None:
    record.pushed_at = func.clock_timestamp()
    records.bring_in_step(session, record, push.version, push.source.label)


def _fail(
    session: Session, turn: Turn, record: MirrorRecord, push: Push, words: str, *,
    state: str = "failed", known: bool = True,
) -> None:  # fmt: skip
    """Shown to people until somebody edits the record or tries again. Settled: nobody works on this version any more.

    known  False keeps it open whether Zoho has the record, so that trying again looks first
    """
    record.state, record.last_error = state, words[:500]
    if known:
        record.sending_since = None
    outbox.settle(session, record.organisation_id, record.module, record.local_id, push.version)
    told = _DIFFERS if state == "mismatch" else "{label} is not in step with {product}: {words}"
    link = turn.record_url(push.module, record.remote_id) if record.remote_id else ""
    for invoice_id in push.source.invoice_ids:
        audit.note(
            session, turn.organisation_id, "not in the books", "invoice", invoice_id, link=link,
            words=told.format(label=push.source.label, product=turn.product_name, words=words),
        )  # fmt: skip


def _arrival(turn: Turn, record: MirrorRecord, push: Push) -> str:
    words = f"{push.source.label} is in {turn.product_name}"
    shown = record.remote_number
    if shown in ("", push.source.name):
        return words
    return f"{words} as {'payment ' if push.module == 'payment' else ''}{shown}"


def _tell(session: Session, turn: Turn, record: MirrorRecord, push: Push, words: str, for_invoice: int | None) -> None:
    link = turn.record_url(push.module, record.remote_id or "")
    for invoice_id in push.source.invoice_ids or filter(None, [for_invoice]):
        audit.note(
            session, turn.organisation_id, "in the books", "invoice", invoice_id, words=words, link=link
        )  # fmt: skip

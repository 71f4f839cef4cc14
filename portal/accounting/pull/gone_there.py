"""A call of ours that Zoho refuses because the customer is gone there: deleted, or merged into another one; or the
invoice, payment or credit note itself. It is not left to the night: people are asked at once, and what is the
customer's waits for the answer. Never is anything made again there unasked."""

from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.accounting.mirror import sources
from portal.accounting.mirror.lease import Turn, held
from portal.accounting.mirror.push import CREATE, LOOK, Push
from portal.accounting.mirror.remote import Remote
from portal.accounting.models import MirrorRecord
from portal.accounting.pull import missing
from portal.accounting.pull.models import GONE, Question
from portal.gateways.zoho.errors import GONE as GONE_CODES
from portal.gateways.zoho.errors import Refused, Unanswered
from portal.shared import outbox

_STOPPED = "Zoho no longer finds this customer. Say under what is to be decided what becomes of what is new."
_DELETED = "It was deleted in Zoho. Say under what is to be decided what becomes of it."
_DOCUMENTS = ("invoice", "payment", "credit_note")
_WAIT = timedelta(minutes=5)  # a decision wakes it; this is for a wake-up that never comes


def ask(turn: Turn, remote: Remote, push: Push, problem: Refused) -> None:
    """After a step that was refused. At most three calls; of a customer none while the question is open."""
    if problem.code not in GONE_CODES or _is_gone_itself(turn, remote, push, problem.code):
        return
    with held(turn) as session:
        customer = _customer_of(session, turn, push)
        if customer is None or customer.remote_id is None or (customer.snapshot or {}).get("is_theirs"):
            return
        is_asked, label = _is_asked(session, customer), _label_of(session, customer)
    try:
        if not is_asked and not missing.ask_about_one(turn, remote, customer.id, label.partition(" ")[2]):
            return  # it is something else that is gone
    except (Refused, Unanswered):
        return  # the nightly comparison asks
    with held(turn) as session:
        customer = session.get_one(MirrorRecord, customer.id, with_for_update=True, populate_existing=True)
        customer.state, customer.last_error, customer.last_error_code = "conflict", _STOPPED, problem.code
        if push.module != "customer":
            _wait(session, session.get_one(MirrorRecord, push.record_id, with_for_update=True), label)


def _is_gone_itself(turn: Turn, remote: Remote, push: Push, code: str) -> bool:
    """Then somebody is asked about it. One call."""
    if push.module not in _DOCUMENTS or push.verb in (CREATE, LOOK):
        return False
    try:
        is_gone = missing.ask_about_one(turn, remote, push.record_id, push.source.label.partition(" ")[2])
    except (Refused, Unanswered):
        return False
    if is_gone:
        with held(turn) as session:
            record = session.get_one(MirrorRecord, push.record_id, with_for_update=True)
            record.state, record.last_error, record.last_error_code = "conflict", _DELETED, code
    return is_gone


def _customer_of(session: Session, turn: Turn, push: Push) -> MirrorRecord | None:
    """Whose the record is; itself, where it is one that is there."""
    if push.module == "customer":
        return None if push.verb in (CREATE, LOOK) else session.get_one(MirrorRecord, push.record_id)
    local_id = next((each for module, each in push.source.needs if module == "customer"), None)
    return session.scalars(
        select(MirrorRecord)
        .where(MirrorRecord.link_id == turn.link_id, MirrorRecord.module == "customer")
        .where(MirrorRecord.local_id == local_id)
    ).one_or_none()


def _is_asked(session: Session, customer: MirrorRecord) -> bool:
    asked = select(Question.id).where(
        Question.link_id == customer.link_id, Question.module == "customer", Question.decision == "",
        Question.local_id == customer.local_id, Question.kind == GONE,
    )  # fmt: skip
    return session.scalars(asked.limit(1)).first() is not None


def _label_of(session: Session, customer: MirrorRecord) -> str:
    source = sources.read(session, "customer", customer.local_id)
    return source.label if source is not None else "Customer"


def _wait(session: Session, record: MirrorRecord, label: str) -> None:
    """Refused, it counts as dealt with: it is not."""
    record.state, record.attempts, record.waits_for = "waiting", 0, label[:200]
    record.last_error = record.last_error_code = ""
    record.next_try_at = func.clock_timestamp() + _WAIT
    outbox.record(session, record.organisation_id, record.module, record.local_id)

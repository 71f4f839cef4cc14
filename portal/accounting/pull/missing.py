"""What was deleted in Zoho. The nightly comparison does not find it in the lists, and it is asked for by its id once
more right before a person is: two sightings of each record, whatever its kind and however many are missing. A reading
that failed is no deletion. A customer whose invoices belong to another one now was merged into that one."""

from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from portal.accounting.mirror.lease import Turn, held
from portal.accounting.mirror.modules import MODULES, called
from portal.accounting.mirror.remote import Remote
from portal.accounting.models import MirrorRecord, ModuleSetting
from portal.accounting.pull import questions
from portal.accounting.pull.credit_changes import DELETED
from portal.accounting.pull.models import GONE, MERGED, Question
from portal.accounting.reconciliation.comparing import DELETED_THERE
from portal.accounting.reconciliation.models import DONE, DriftRow, Reconciliation
from portal.gateways.zoho.errors import GONE as GONE_CODES
from portal.gateways.zoho.errors import Refused
from portal.invoices.models import Invoice

_MOST_AT_ONCE = 20


@dataclass(frozen=True)
class Missing:
    """A record of ours that is gone there. invoice: one of a customer's that is still there, by its id there."""

    record_id: int
    label: str
    invoice: str = ""


def ask_about(turn: Turn, remote: Remote) -> int:
    """How many questions are new, of modules that are kept from both sides. A call for each record, and one more for
    each customer that is gone."""
    with held(turn) as session:
        missing = _not_asked_yet(session, turn.link_id)
    gone = [each for each in missing if _is_gone(turn, remote, each)]
    for each in gone:
        _ask(turn, remote, each)
    return len(gone)


def ask_about_one(turn: Turn, remote: Remote, record_id: int, label: str) -> bool:
    """A call of ours was refused as if this record were gone. False where Zoho has it after all. One call, and one more
    for a customer. Raises Refused, Unanswered."""
    with held(turn) as session:
        record = session.get_one(MirrorRecord, record_id)
        module, remote_id = record.module, record.remote_id or ""
        one = Missing(record_id, label, _an_invoice_of(session, record))
    try:
        remote.detail(MODULES[module], remote_id)
    except Refused as problem:
        if problem.code not in GONE_CODES:
            raise
        _ask(turn, remote, one)
        return True
    return False


def _ask(turn: Turn, remote: Remote, one: Missing) -> None:
    into = _whose_now(remote, one.invoice) if one.invoice else {}
    with held(turn) as session:
        record = session.get_one(MirrorRecord, one.record_id)
        is_merged = into.get("into", record.remote_id) != record.remote_id
        facts = _merged(into) if is_merged else DELETED
        questions.ask(
            session, questions.of(record), GONE, field=MERGED if is_merged else "", ours="is here",
            theirs=f"part of {into['name']}" if is_merged else "deleted",
            facts={"label": f"{called(record.module)} {one.label}", **facts},
        )  # fmt: skip


def _is_gone(turn: Turn, remote: Remote, one: Missing) -> bool:
    """The second sighting. What is there after all is not looked for again before the next comparison."""
    with held(turn) as session:
        record = session.get_one(MirrorRecord, one.record_id)
        module, remote_id = record.module, record.remote_id or ""
    try:
        remote.detail(MODULES[module], remote_id)
    except Refused as problem:
        return problem.code in GONE_CODES
    with held(turn) as session:
        record = session.get_one(MirrorRecord, one.record_id)
        questions.ask(session, questions.of(record), GONE, theirs="is there", is_settled=True)
    return False


def _not_asked_yet(session: Session, link_id: int) -> list[Missing]:
    newest = select(func.max(Reconciliation.id)).where(Reconciliation.link_id == link_id, Reconciliation.stage == DONE)
    both_ways = select(ModuleSetting.module).where(
        ModuleSetting.link_id == link_id, ModuleSetting.direction == "both", ~ModuleSetting.is_paused
    )
    asked = select(Question.id).where(
        Question.link_id == link_id, Question.module == DriftRow.module, Question.local_id == DriftRow.local_id,
        Question.kind == GONE, Question.remote_id == MirrorRecord.remote_id,
        or_(Question.decision != questions.SETTLED, Question.created_at >= Reconciliation.created_at),
    )  # fmt: skip
    found = session.execute(
        select(DriftRow, MirrorRecord)
        .join(MirrorRecord, (MirrorRecord.module == DriftRow.module) & (MirrorRecord.local_id == DriftRow.local_id))
        .join(Reconciliation, Reconciliation.id == DriftRow.run_id)
        .where(DriftRow.run_id == newest.scalar_subquery(), DriftRow.cause == DELETED_THERE)
        # What has reached Zoho since was made again: the comparison tells of what was before.
        .where(func.coalesce(MirrorRecord.pushed_at < Reconciliation.created_at, True))
        .where(DriftRow.module.in_(both_ways), MirrorRecord.link_id == link_id, MirrorRecord.remote_id.is_not(None))
        .where(~asked.exists())
        .limit(_MOST_AT_ONCE)
    ).all()
    return [Missing(record.id, drift.label, _an_invoice_of(session, record)) for drift, record in found]


def _an_invoice_of(session: Session, record: MirrorRecord) -> str:
    if record.module != "customer":
        return ""
    found = (
        select(MirrorRecord.remote_id)
        .join(Invoice, Invoice.id == MirrorRecord.local_id)
        .where(MirrorRecord.link_id == record.link_id, MirrorRecord.module == "invoice")
        .where(MirrorRecord.remote_id.is_not(None), Invoice.customer_id == record.local_id)
        .order_by(MirrorRecord.id.desc())
    )
    return session.scalars(found.limit(1)).first() or ""


def _whose_now(remote: Remote, invoice_id: str) -> dict[str, str]:
    """into, name: whose this invoice is there; nothing where it is gone, too."""
    try:
        invoice = remote.detail(MODULES["invoice"], invoice_id)
    except Refused:
        return {}
    return {"into": str(invoice["customer_id"]), "name": str(invoice.get("customer_name") or "another customer")}


def _merged(into: dict[str, str]) -> dict[str, str]:
    return {
        "title": "Was merged in Zoho", "into": into["into"], "into_name": into["name"],
        "why": f"Its invoices belong to {into['name']} there. Say where what is new goes.",
    }  # fmt: skip

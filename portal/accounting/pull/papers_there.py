"""What an invoice says beside its money: customer, due date, notes, terms, reference. It was sent, so nothing of that
changes here; somebody is told of a change there, and can put ours back."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from portal.accounting.mirror.lease import Turn, held
from portal.accounting.mirror.modules import MODULES
from portal.accounting.mirror.payloads import payload_now
from portal.accounting.mirror.remote import Remote
from portal.accounting.models import MirrorRecord
from portal.accounting.pull import questions, sightings
from portal.accounting.pull.models import PAPER, STATUS, Question
from portal.gateways.zoho.errors import GONE, Refused
from portal.invoices.models import Invoice

_PARTS = {
    "customer_id": "customer",
    "due_date": "due",
    "reference_number": "reference",
    "notes": "notes",
    "terms": "terms",
}
_CUSTOMER = "customer_id"
_WHY = "The customer has the invoice as it was sent, and it stays so here."
_CHANGED = "Changed in Zoho after it was sent"
_ANOTHER = "Says something else in Zoho"  # it was tied: what it said there before is not known
_LONGEST = 300


def may_differ(record: MirrorRecord, row: Mapping[str, Any]) -> bool:
    """Was it changed there in a way that no amount or status of the list explains, or is its due date another one? Of
    one that was tied, and neither sent nor read since, nobody knows yet."""
    known = (record.snapshot or {}).get(sightings.PAPER)
    if known is None:
        return True
    return sightings.is_unexplained(record, row) or row.get("due_date", known["due_date"]) != known["due_date"]


def compare(turn: Turn, remote: Remote, record_id: int) -> bool:
    """True when somebody is told. One call."""
    with held(turn) as session:
        record = session.get_one(MirrorRecord, record_id)
        remote_id = record.remote_id or ""
        before = ((record.snapshot or {}).get(sightings.PAPER) or {}).get("customer_id", "")
    detail = remote.detail(MODULES["invoice"], remote_id)
    is_another = before not in ("", str(detail.get("customer_id", ""))) and not _is_gone(remote, before)
    with held(turn) as session:
        record = session.get_one(MirrorRecord, record_id, with_for_update=True, populate_existing=True)
        now = sightings.paper_of(detail)
        if now is None or record.state != "in_step":
            return False
        known, title = (record.snapshot or {}).get(sightings.PAPER), _CHANGED
        if known is None:
            known, title = now | _as_we_would_send_it(session, record), _ANOTHER
        changed = [part for part in _PARTS if part != _CUSTOMER and known[part] != now[part]]
        if is_another:
            changed.insert(0, _CUSTOMER)
        if not changed:
            record.snapshot = {**(record.snapshot or {}), sightings.PAPER: now}
            questions.settle(session, record, STATUS, PAPER)
            return False
        number = session.get_one(Invoice, record.local_id).number
        is_ours = title == _ANOTHER or set(changed) <= set((record.snapshot or {}).get("sent") or {})
        questions.ask(
            session, questions.of(record), STATUS, field=PAPER, ours=_said(known, changed), theirs=_said(now, changed),
            theirs_at=sightings.stamp_of(detail),
            facts={"label": f"Invoice {number}", "title": title, "why": _WHY, "now": now, "is_ours": is_ours},
        )  # fmt: skip
        return True


def _is_gone(remote: Remote, customer_id: str) -> bool:
    """Merged into another one there, or deleted: a question about the customer tells of that, for all invoices."""
    try:
        remote.detail(MODULES["customer"], customer_id)
    except Refused as problem:
        return problem.code in GONE
    return False


def _as_we_would_send_it(session: Session, record: MirrorRecord) -> dict[str, str]:
    """What the firm's mapping says of it; nothing of what it leaves to Zoho."""
    payload = payload_now(session, record)[1]
    return {part: str(payload[part]) for part in _PARTS if part in payload}


def carry_out(session: Session, record: MirrorRecord, question: Question, *, is_ours: bool) -> None:
    """Ours goes over once more; or what is there is known from now on. Does not commit."""
    kept = dict(record.snapshot or {})
    record.snapshot = kept | ({"sent": None} if is_ours else {sightings.PAPER: question.facts["now"]})


def _said(paper: Mapping[str, str], parts: list[str]) -> str:
    told = {**paper, _CUSTOMER: paper.get("customer_name", "")}
    return "; ".join(f"{_PARTS[part]} {told[part] or 'empty'}" for part in parts)[:_LONGEST]

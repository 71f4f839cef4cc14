"""The printed invoice beside the one in Zoho: once each, when nothing else is to be done, where the firm wants it."""

from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import String, and_, cast, func, or_, select, update
from sqlalchemy.orm import Session

from portal.accounting.mirror.lease import Turn, held
from portal.accounting.mirror.remote import Remote
from portal.accounting.models import Link, MirrorRecord
from portal.gateways.zoho.calls import File
from portal.gateways.zoho.errors import Refused, Unanswered
from portal.invoices.documents.models import Document
from portal.invoices.models import SENT, Invoice
from portal.organisations import audit
from portal.shared import queues

UNKNOWN = "?"  # sent, and no answer came: the next try looks first
_AGAIN = timedelta(minutes=10)
_LOOKED_BACK = timedelta(days=30)  # so that looking for what is missing stays quick


class _Due(NamedTuple):
    """One invoice whose paper is kept here and not attached there."""

    record_id: int
    remote_id: str
    invoice_id: int
    number: str
    edition: str
    was_sent: bool
    content: bytes


def switch(session: Session, link: Link, *, is_on: bool) -> None:
    """From now on, for invoices sent from now on. Does not commit."""
    if is_on == (link.papers_since is not None):
        return
    link.papers_since = session.scalars(select(func.clock_timestamp())).one() if is_on else None
    words = "PDFs are attached to invoices in Zoho" if is_on else "PDFs are no longer attached to invoices in Zoho"
    audit.note(session, link.organisation_id, "papers switched", "link", link.id, words=words)
    queues.wake(session, "mirror", link.organisation_id)


def attach_one(turn: Turn, remote: Remote) -> bool:
    """False when there is none, or Zoho gave no answer. Raises BudgetEmpty, LeaseLost and what stops all calls."""
    due = _claim(turn)
    if due is None:
        return False
    address, file = f"/invoices/{due.remote_id}", File(f"{due.number}.pdf", due.content)
    words = f"Its PDF is attached in {turn.product_name}"
    try:
        is_there = due.was_sent and remote.call("GET", address)["invoice"].get("attachment_name") == file.name
        if not is_there:
            remote.call("POST", f"{address}/attachment", file=file)
    except Unanswered:
        return False
    except Refused as problem:
        words = f"Its PDF was not attached in {turn.product_name}: {problem.words}"
    with held(turn) as session:
        session.execute(update(MirrorRecord).where(MirrorRecord.id == due.record_id).values(paper=due.edition))
        audit.note(session, turn.organisation_id, "paper attached", "invoice", due.invoice_id, words=words[:500])
    return True


def _claim(turn: Turn) -> _Due | None:
    """Put off before it is sent, so that a call that fails is not repeated at once."""
    now = func.clock_timestamp()
    due = (
        select(MirrorRecord.id, MirrorRecord.remote_id, Invoice.id, Invoice.number, Document.edition)
        .add_columns(MirrorRecord.paper == UNKNOWN, Document.content)
        .join(Link, Link.id == MirrorRecord.link_id)
        .join(Invoice, Invoice.id == MirrorRecord.local_id)
        .join(
            Document,
            and_(
                Document.kind == "invoice",
                Document.record_id == Invoice.id,
                Document.edition == cast(Invoice.revision, String),
            ),
        )
        .where(MirrorRecord.link_id == turn.link_id, MirrorRecord.module == "invoice", MirrorRecord.state == "in_step")
        .where(MirrorRecord.remote_id.is_not(None), MirrorRecord.paper != Document.edition)
        .where(or_(MirrorRecord.paper_look_at.is_(None), MirrorRecord.paper_look_at <= now))
        .where(Invoice.status == SENT, Invoice.sent_at >= Link.papers_since)
        .where(Invoice.sent_at >= now - _LOOKED_BACK)
        .order_by(MirrorRecord.id)
        .limit(1)
    )
    with held(turn) as session:
        row = session.execute(due).one_or_none()
        if row is None:
            return None
        found = _Due(*row)
        session.execute(
            update(MirrorRecord)
            .where(MirrorRecord.id == found.record_id)
            .values(paper=UNKNOWN, paper_look_at=now + _AGAIN)
        )
        return found

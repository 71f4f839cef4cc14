"""Credit notes that were made in Zoho: real ones here where they come to the same cent; otherwise a person is told."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounting.mirror import uses
from portal.accounting.mirror.lease import Turn, held
from portal.accounting.mirror.modules import MODULES, is_ours
from portal.accounting.mirror.payloads import payload_now
from portal.accounting.mirror.remote import Remote
from portal.accounting.models import MirrorRecord
from portal.accounting.pull import credit_changes, crediting, loose_credits, questions, sightings
from portal.accounting.pull.changes import in_the_name_of
from portal.accounting.pull.models import OTHER_NOTE, STATUS, Question
from portal.accounting.pull.payments import close_payment_pages
from portal.accounting.setup.tying import tie
from portal.invoices.credit_notes.models import CreditNote
from portal.invoices.models import SENT as SENT_INVOICE
from portal.invoices.models import Invoice
from portal.organisations.models import Organisation

Row = Mapping[str, Any]
_NOT_IN_FORCE = ("draft", "void", "pending_approval")
_CANNOT = "No credit note over this invoice comes to the same here. Make one that does, or change the one there."


def follow(turn: Turn, remote: Remote, rows: Sequence[Row]) -> int:
    """How many of the rows brought something."""
    id_key = MODULES["credit_note"].id_key
    with held(turn) as session:
        known = _known(session, turn.link_id, [str(row[id_key]) for row in rows])
    found = 0
    for row in rows:
        twin = known.get(str(row[id_key]))
        if twin is None and row.get("status") in _NOT_IN_FORCE:
            with held(turn) as session:
                loose_credits.settle(session, turn.link_id, str(row[id_key]))
        elif twin is None:
            found += _take_on(turn, remote, str(row[id_key]))
        elif sightings.is_news(twin, row):
            found += credit_changes.compare(turn, remote, twin.id, row)
    return found


def _take_on(turn: Turn, remote: Remote, remote_id: str) -> bool:
    detail = remote.detail(MODULES["credit_note"], remote_id)
    applied = (uses.seen_credit(detail, None) or uses.There()).applied
    with held(turn) as session:
        invoices = _invoices_of(session, turn.link_id, applied, str(detail.get("reference_number") or ""))
        currency = session.scalars(select(Organisation.currency)).one()
        is_own = _is_on_its_way(session, turn.link_id, detail)
    if is_own or str(detail.get("currency_code") or currency) != currency:
        return False
    theirs = crediting.read(detail, currency, is_kept=not any(applied.values()))
    if not invoices:
        return _ask_whose(turn, remote_id, detail, theirs)
    if len(invoices) == 1:
        close_payment_pages(turn, invoices)
    with held(turn) as session, in_the_name_of(turn.product_name):
        if _is_tied(session, turn.link_id, remote_id):
            return False
        loose_credits.settle(session, turn.link_id, remote_id)
        note = None
        if len(invoices) == 1:
            note = crediting.credit_as_theirs(session, turn.link_id, invoices[0], theirs, turn.product_name)
        if note is None:
            return _tell(session, turn, invoices[0], remote_id, theirs)
        tie(
            session, turn.organisation_id, turn.link_id, "credit_note", note.id, remote_id,
            remote_number=theirs.number, snapshot={"there": uses.There(applied).as_text()},
        )  # fmt: skip
    return True


def _ask_whose(turn: Turn, remote_id: str, detail: Row, theirs: crediting.TheirCredit) -> bool:
    """Over no invoice at all; what was put to invoices that are not here is no business of ours."""
    if not theirs.is_kept:
        return False
    with held(turn) as session:
        return loose_credits.ask(session, turn, remote_id, str(detail.get("customer_id", "")), theirs)


def _invoices_of(session: Session, link_id: int, applied: Mapping[str, Any], reference: str) -> list[int]:
    """Ours that it was put to; else the one that it names."""
    twins = select(MirrorRecord.local_id).where(
        MirrorRecord.link_id == link_id, MirrorRecord.module == "invoice", MirrorRecord.remote_id.in_(applied)
    )
    found = list(session.scalars(select(Invoice.id).where(Invoice.id.in_(twins), Invoice.status == SENT_INVOICE)))
    if found or any(applied.values()):
        return found if len(found) == len(applied) else []
    named = select(Invoice.id).where(Invoice.number == reference, Invoice.status == SENT_INVOICE)
    return list(session.scalars(named)) if reference else []


def _tell(
    session: Session, turn: Turn, invoice_id: int, remote_id: str, theirs: crediting.TheirCredit
) -> bool:  # fmt: skip
    """Once."""
    asked = select(Question.id).where(
        Question.link_id == turn.link_id, Question.remote_id == remote_id, Question.field == OTHER_NOTE
    )
    if session.scalars(asked.limit(1)).first() is not None:
        return False
    of = {
        "organisation_id": turn.organisation_id, "link_id": turn.link_id, "module": "invoice", "local_id": invoice_id,
        "remote_id": remote_id,
    }  # fmt: skip
    number = session.get_one(Invoice, invoice_id).number
    questions.ask(
        session, of, STATUS, field=OTHER_NOTE, ours="is not here", theirs=f"{theirs.total}, {theirs.number}",
        facts={"label": f"Invoice {number}", "title": "A credit note in Zoho", "why": _CANNOT},
    )  # fmt: skip
    return True


def _known(session: Session, link_id: int, remote_ids: Sequence[str]) -> dict[str, MirrorRecord]:
    rows = session.scalars(
        select(MirrorRecord).where(
            MirrorRecord.link_id == link_id,
            MirrorRecord.module == "credit_note",
            MirrorRecord.remote_id.in_(remote_ids),
        )
    )
    return {str(record.remote_id): record for record in rows}


def _is_tied(session: Session, link_id: int, remote_id: str) -> bool:
    return bool(_known(session, link_id, [remote_id]))


def _is_on_its_way(session: Session, link_id: int, detail: Row) -> bool:
    """Ours, made there a moment ago in a call whose answer is open: the next try adopts it. Another one there may have
    taken the number of ours."""
    numbered = select(CreditNote.id).where(CreditNote.number == str(detail.get("creditnote_number") or ""))
    record = session.scalars(
        select(MirrorRecord)
        .where(MirrorRecord.link_id == link_id, MirrorRecord.module == "credit_note", MirrorRecord.remote_id.is_(None))
        .where(MirrorRecord.sending_since.is_not(None), MirrorRecord.local_id.in_(numbered))
    ).one_or_none()
    return record is not None and is_ours("credit_note", detail, payload_now(session, record)[1])

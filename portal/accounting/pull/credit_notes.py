"""Credit notes that were made in Zoho: real ones here where they come to the same cent with the same tax, put to the
same invoices; otherwise a person is asked."""

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
from portal.accounting.pull import credit_changes, crediting, loose_credits, put_there, sightings
from portal.accounting.pull.changes import in_the_name_of
from portal.invoices.credit_notes.models import CreditNote
from portal.invoices.models import SENT as SENT_INVOICE
from portal.invoices.models import Invoice
from portal.organisations.models import Organisation
from portal.shared.money import Money

Row = Mapping[str, Any]
_NOT_IN_FORCE = ("draft", "void", "pending_approval")
_ELSEWHERE = "It is put to an invoice that is not here, too."


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
    detail = credit_changes.read_whole(remote, remote_id)
    there = uses.seen_credit(detail, None) or uses.There()
    with held(turn) as session:
        ours = _invoices_of(session, turn.link_id, there.applied)
        currency = session.scalars(select(Organisation.currency)).one()
        is_own = _is_on_its_way(session, turn.link_id, detail)
    if is_own or str(detail.get("currency_code") or currency) != currency or (there.applied and not ours):
        return False
    applied = {ours[at]: Money.rounded(part, currency) for at, part in there.applied.items() if at in ours}
    theirs = crediting.read(detail, currency, applied)
    put_there.close_payment_pages(turn.organisation_id, list(applied))
    with held(turn) as session, in_the_name_of(turn.product_name):
        if _known(session, turn.link_id, [remote_id]):
            return False
        why = _ELSEWHERE if len(ours) < len(there.applied) else crediting.why_not_put(session, theirs)
        note = None if why else _as_theirs(session, turn, theirs, str(detail.get("reference_number") or ""))
        if note is None:
            return loose_credits.ask(session, turn, detail, theirs, there.as_text(), why)
        loose_credits.settle(session, turn.link_id, remote_id)
        loose_credits.keep(
            session, turn.organisation_id, turn.link_id, remote_id, note, theirs.number, there.as_text(),
            detail.get("creditnote_refunds") or [],
        )  # fmt: skip
    return True


def _as_theirs(
    session: Session, turn: Turn, theirs: crediting.TheirCredit, reference: str
) -> CreditNote | None:  # fmt: skip
    """Over one of those that it lowers, the most lowered first; else over the one that it names."""
    over = sorted(theirs.applied, key=lambda at: (-theirs.applied[at].minor, at))
    if reference:
        named = select(Invoice.id).where(Invoice.number == reference, Invoice.status == SENT_INVOICE)
        over += [at for at in session.scalars(named) if at not in theirs.applied]
    for invoice_id in over:
        note = crediting.credit_as_theirs(session, turn.link_id, invoice_id, theirs, turn.product_name)
        if note is not None:
            return note
    return None


def _invoices_of(session: Session, link_id: int, applied: Mapping[str, Any]) -> dict[str, int]:
    """Zoho's id → ours, of those that it was put to."""
    rows = session.execute(
        select(MirrorRecord.remote_id, MirrorRecord.local_id).where(
            MirrorRecord.link_id == link_id, MirrorRecord.module == "invoice", MirrorRecord.remote_id.in_(applied)
        )
    )
    return {str(remote_id): local_id for remote_id, local_id in rows}


def _known(session: Session, link_id: int, remote_ids: Sequence[str]) -> dict[str, MirrorRecord]:
    rows = session.scalars(
        select(MirrorRecord).where(
            MirrorRecord.link_id == link_id,
            MirrorRecord.module == "credit_note",
            MirrorRecord.remote_id.in_(remote_ids),
        )
    )
    return {str(record.remote_id): record for record in rows}


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

"""What became of our invoices in Zoho: void, changed, or settled by a credit there. An invoice that was sent is never
changed by it: a difference is shown, and a person decides."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounting.agreement import checking
from portal.accounting.mirror.lease import Turn, held
from portal.accounting.mirror.modules import MODULES
from portal.accounting.mirror.payloads import payload_now
from portal.accounting.mirror.remote import Remote
from portal.accounting.mirror.writing_off import is_written_off, kept, there_of
from portal.accounting.models import MirrorRecord
from portal.accounting.numbers_there import pass_over
from portal.accounting.pull import (
    loose_credits,
    more_room,
    papers_there,
    questions,
    same_or_two,
    sightings,
    voided,
    written_off,
)
from portal.accounting.pull.models import BALANCE, REOPENED, STATUS, VOID
from portal.gateways.zoho import wire
from portal.invoices.models import SENT, Invoice, InvoiceBalance
from portal.shared.money import Money

Row = Mapping[str, Any]
MISMATCH = "totals"
_LOWER = (
    "Something lowers it there that is not here: look in Zoho at what. A credit note that is there must not be made"
    " here as well, or Zoho would have two: void it there, and make it here."
)


def follow(turn: Turn, remote: Remote, rows: Sequence[Row]) -> int:
    """How many of the rows brought something."""
    changed, edited, found = [], [], 0
    open_there: dict[str, Decimal] = {}
    with held(turn) as session:
        pass_over(session, turn.organisation_id, lambda _coming: (str(row.get("invoice_number")) for row in rows))
        for record, invoice, balance, row in _known(session, turn.link_id, rows):
            if not sightings.is_news(record, row):
                continue
            if row.get("status") not in (VOID, "draft"):
                open_there[str(record.remote_id)] = wire.amount(row.get("balance")) or Decimal(0)
            is_left_alone = bool((record.snapshot or {}).get("is_theirs"))  # a person said: each side its own way
            is_other = _total(row, invoice) != invoice.total and row.get("status") not in (VOID, "draft")
            if is_other and not is_left_alone:
                changed.append((record.id, row))
                continue
            if not is_left_alone and papers_there.may_differ(record, row):
                edited.append(record.id)
            sightings.remember(record, row)
            if is_left_alone:
                continue
            found += any([
                _is_void(session, record, invoice, row), written_off.ask(session, record, invoice, balance, row),
                _is_lower(session, record, invoice, balance, row),
            ])  # fmt: skip
        found += more_room.use(session, turn.link_id, open_there)
    found += sum(papers_there.compare(turn, remote, each) for each in edited)
    return found + sum(_compare(turn, remote, *each) for each in changed)


def _is_void(session: Session, record: MirrorRecord, invoice: Invoice, row: Row) -> bool:
    if row.get("status") != VOID and invoice.status == VOID == record.remote_status:
        questions.ask(
            session, questions.of(record), STATUS, field=REOPENED, ours="void", theirs=str(row.get("status")),
            theirs_at=record.remote_modified_at,
            facts={"label": f"Invoice {invoice.number}", "title": "Open again in Zoho",
                   "why": "It is void on both sides no more. Ours stays void."},
        )  # fmt: skip
        return True
    questions.settle(session, record, STATUS, REOPENED)
    if row.get("status") != VOID or invoice.status != SENT or record.remote_status == VOID:
        questions.settle(session, record, STATUS, VOID)
        return False
    voided.ask(session, record, invoice)
    return True


def _is_lower(session: Session, record: MirrorRecord, invoice: Invoice, balance: Money, row: Row) -> bool:
    """Payments there are records here by now. What is still missing was credited there."""
    theirs = Money.rounded(wire.amount(row.get("balance")) or balance.decimal * 0, invoice.currency)
    is_told = row.get("status") in (VOID, "draft") or is_written_off(row)  # asked about as what it is
    is_told = is_told or loose_credits.is_open_about(session, record.link_id, invoice.id)
    is_told = is_told or same_or_two.is_asked_on(session, record)
    if is_told or invoice.status != SENT or theirs >= there_of(invoice, balance):
        questions.settle(session, record, STATUS, BALANCE)
        return False
    questions.ask(
        session, questions.of(record), STATUS, field=BALANCE, ours=str(balance), theirs=str(theirs),
        theirs_at=record.remote_modified_at,
        facts={"label": f"Invoice {invoice.number}", "title": "Less to pay in Zoho",
               "why": _LOWER,
               "minor": theirs.minor},
    )  # fmt: skip
    return True


def _compare(turn: Turn, remote: Remote, record_id: int, row: Row) -> bool:
    """Its lines were changed there: both breakdowns are kept, and nobody is asked to pay until they agree."""
    with held(turn) as session:
        remote_id = session.get_one(MirrorRecord, record_id).remote_id or ""
    detail = remote.detail(MODULES["invoice"], remote_id)
    with held(turn) as session:
        record = session.get_one(MirrorRecord, record_id, with_for_update=True, populate_existing=True)
        sightings.remember(record, row)
        source, payload = payload_now(session, record)
        if source.figures is None or record.state != "in_step":
            return False
        words = checking.check(session, record, source.figures, detail, is_void=source.is_void)
        if words:
            record.state, record.last_error, record.last_error_code = "mismatch", words[:500], MISMATCH
            record.snapshot = {**kept(record), "sent": None, "differs": payload}
        return bool(words)


def _known(
    session: Session, link_id: int, rows: Sequence[Row]
) -> list[tuple[MirrorRecord, Invoice, Money, Row]]:  # fmt: skip
    by_id = {str(row[MODULES["invoice"].id_key]): row for row in rows}
    found = session.execute(
        select(MirrorRecord, Invoice, InvoiceBalance.balance_minor)
        .join(Invoice, Invoice.id == MirrorRecord.local_id)
        .join(InvoiceBalance, InvoiceBalance.invoice_id == Invoice.id)
        .where(MirrorRecord.link_id == link_id, MirrorRecord.module == "invoice")
        .where(MirrorRecord.remote_id.in_(by_id))
    )
    return [
        (record, invoice, Money(minor, invoice.currency), by_id[str(record.remote_id)])
        for record, invoice, minor in found
    ]


def _total(row: Row, invoice: Invoice) -> Money:
    return Money.rounded(wire.amount(row.get("total")) or invoice.total.decimal * 0, invoice.currency)

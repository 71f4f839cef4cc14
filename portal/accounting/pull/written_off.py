"""What was written off in Zoho only, or is to be paid there again: a person says which side is right."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from portal.accounting.mirror.push import SENT, WRITTEN_OFF
from portal.accounting.mirror.writing_off import is_written_off, remember
from portal.accounting.models import MirrorRecord
from portal.accounting.pull import models as asked
from portal.accounting.pull import questions
from portal.accounting.pull.models import STATUS
from portal.gateways.zoho import wire
from portal.invoices import write_offs
from portal.invoices.models import Invoice
from portal.invoices.queries import get_invoice
from portal.shared.money import Money

WHY = "Written off in Zoho"


def ask(session: Session, record: MirrorRecord, invoice: Invoice, balance: Money, row: Mapping[str, Any]) -> bool:
    """Is it written off on one side only, where we know of no step of our own on its way? Does not commit."""
    there = is_written_off(row)
    is_known = record.remote_status == (WRITTEN_OFF if there else SENT)
    is_closed_here = bool(invoice.written_off_minor) and balance <= Money.zero(invoice.currency)
    is_open_here = invoice.status == SENT and balance > Money.zero(invoice.currency)
    given_up = Money.rounded(wire.amount(row.get("write_off_amount")) or balance.decimal * 0, invoice.currency)
    told = {"label": f"Invoice {invoice.number}"}
    if there and is_open_here and not is_known:
        _ask(
            session, record, asked.WRITTEN_OFF, (f"{balance} to be paid", f"{given_up} written off"),
            told | {"title": "Written off in Zoho", "why": "Somebody gave it up there. Here it is still asked for."},
        )  # fmt: skip
        return True
    questions.settle(session, record, STATUS, asked.WRITTEN_OFF)
    if not there and row.get("status") not in ("void", "draft") and is_closed_here and not is_known:
        _ask(
            session, record, asked.WRITE_OFF_OVER, ("written off", "to be paid"),
            told | {"title": "To be paid again in Zoho", "why": "Somebody took the write-off back there."},
        )  # fmt: skip
        return True
    questions.settle(session, record, STATUS, asked.WRITE_OFF_OVER)
    return False


def carry_out(session: Session, record: MirrorRecord, field: str, *, is_theirs: bool) -> None:
    """Writing off here was done before. From what is known of Zoho, the next push sees what is left to do there.

    Raises CannotWriteOff. Does not commit.
    """
    if field == asked.WRITE_OFF_OVER and is_theirs:
        write_offs.take_back(session, get_invoice(session, record.local_id, lock=True))
    record.remote_status = WRITTEN_OFF if field == asked.WRITTEN_OFF else SENT
    if field == asked.WRITTEN_OFF and is_theirs:
        remember(record, get_invoice(session, record.local_id).written_off.decimal)


def _ask(
    session: Session, record: MirrorRecord, field: str, both: tuple[str, str], facts: Mapping[str, str]
) -> None:  # fmt: skip
    questions.ask(
        session, questions.of(record), STATUS, field=field, ours=both[0], theirs=both[1],
        theirs_at=record.remote_modified_at, facts=facts,
    )  # fmt: skip

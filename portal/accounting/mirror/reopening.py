"""An invoice that was voided in Zoho, and that a person wants in force there again: a draft first, then sent."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounting.mirror.push import DRAFT, Act
from portal.accounting.mirror.source import Source
from portal.accounting.models import MirrorRecord
from portal.invoices.credit_notes.models import CreditApplication
from portal.payments.models import Allocation

_WANTED = "reopen"
VOID = "void"


def want(record: MirrorRecord) -> None:
    record.remote_status = VOID
    record.snapshot = {**(record.snapshot or {}), _WANTED: True}


def next_act(record: MirrorRecord) -> Act | None:
    """Never of itself: what is void there stays so until somebody says otherwise."""
    is_wanted = record.remote_status == VOID and bool((record.snapshot or {}).get(_WANTED))
    return Act("POST", "/status/draft", marks=DRAFT) if is_wanted else None


def note(record: MirrorRecord, marks: str) -> None:
    """What was done to it there: a draft again, it is wanted no more."""
    if marks == DRAFT:
        record.snapshot = {key: value for key, value in (record.snapshot or {}).items() if key != _WANTED}


def told(source: Source, product_name: str) -> str:
    return f"{source.label} is in force again in {product_name}"


def money_on(session: Session, record: MirrorRecord) -> list[MirrorRecord]:
    """The payments and credit notes there that belong on this invoice: its end there set them free."""
    payments = select(Allocation.payment_id).where(Allocation.invoice_id == record.local_id)
    notes = select(CreditApplication.credit_note_id).where(CreditApplication.invoice_id == record.local_id)
    is_of_it = (MirrorRecord.module == "payment") & MirrorRecord.local_id.in_(payments)
    is_of_it |= (MirrorRecord.module == "credit_note") & MirrorRecord.local_id.in_(notes)
    found = select(MirrorRecord).where(MirrorRecord.link_id == record.link_id, MirrorRecord.remote_id.is_not(None))
    rows = session.scalars(found.where(is_of_it).order_by(MirrorRecord.id).with_for_update())
    return [each for each in rows if not (each.snapshot or {}).get("is_theirs")]

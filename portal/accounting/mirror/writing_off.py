"""An invoice that is written off, on its way to Zoho: after all the money that did come, and the same the other way."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.orm import Session

from portal.accounting.mirror import records
from portal.accounting.mirror.lease import Turn
from portal.accounting.mirror.push import SENT, WRITTEN_OFF, Act
from portal.accounting.mirror.source import Source
from portal.accounting.models import MirrorRecord
from portal.gateways.zoho import wire
from portal.invoices.credit_notes.models import CreditApplication
from portal.invoices.models import Invoice
from portal.payments.models import Allocation
from portal.shared.outbox import Change


def is_written_off(there: Mapping[str, Any]) -> bool:
    """there: an invoice of Zoho's, or its row in a list."""
    return bool(wire.amount(there.get("write_off_amount")))


def next_act(record: MirrorRecord, source: Source) -> Act | None:
    """What brings Zoho's invoice to where ours is, or None. Both take no amount: Zoho writes off all that it finds
    open."""
    if source.is_written_off and record.remote_status == SENT:
        return Act("POST", "/writeoff", marks=WRITTEN_OFF)
    if not source.is_written_off and record.remote_status == WRITTEN_OFF:
        return Act("POST", "/writeoff/cancel", marks=SENT)
    return None


def takes_money(session: Session, twin: MirrorRecord) -> bool:
    """Is this invoice ready there for what pays it? One that waits with its write-off is: it waits for just that.

    One that is written off there and not here any more is opened there first.
    """
    if twin.remote_status == WRITTEN_OFF:
        is_ours_too = session.scalar(select(Invoice.status).where(Invoice.id == twin.local_id)) == WRITTEN_OFF
        return is_ours_too and twin.state == "in_step"
    return twin.remote_status == SENT and twin.state in ("in_step", "waiting")


def told(source: Source, act: Act, product_name: str) -> str:
    """For the invoice's timeline."""
    if act.marks == WRITTEN_OFF:
        return f"{source.label} is written off in {product_name}"
    return f"{source.label} is to be paid again in {product_name}"


def money_to_come(session: Session, turn: Turn, record: MirrorRecord) -> Sequence[MirrorRecord]:
    """What pays or credits this invoice here and is not yet in Zoho: until it is, too much would be written off."""
    payments = select(Allocation.payment_id).where(Allocation.invoice_id == record.local_id)
    notes = select(CreditApplication.credit_note_id).where(CreditApplication.invoice_id == record.local_id)
    needs = [("payment", each) for each in session.scalars(payments.distinct())]
    needs += [("credit_note", each) for each in session.scalars(notes.distinct())]
    records.ensure(session, turn, needs)
    of_it = or_(
        and_(MirrorRecord.module == "payment", MirrorRecord.local_id.in_(payments)),
        and_(MirrorRecord.module == "credit_note", MirrorRecord.local_id.in_(notes)),
    )
    has_changed = exists().where(
        Change.subject == MirrorRecord.module, Change.subject_id == MirrorRecord.local_id, ~Change.is_settled,
        Change.version > MirrorRecord.version_pushed,
    )  # fmt: skip
    return session.scalars(
        select(MirrorRecord)
        .where(MirrorRecord.link_id == record.link_id, of_it, or_(MirrorRecord.state != "in_step", has_changed))
        .order_by(MirrorRecord.id)
    ).all()

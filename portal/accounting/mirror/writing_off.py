"""An invoice that is written off, on its way to Zoho: after all the money that did come, and the same the other way."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, or_, select
from sqlalchemy.orm import Session

from portal.accounting.mirror import records
from portal.accounting.mirror.lease import Turn
from portal.accounting.mirror.push import SENT, WRITTEN_OFF, Act
from portal.accounting.mirror.source import Source
from portal.accounting.models import MirrorRecord
from portal.accounting.pull.sightings import PAPER
from portal.accounting.tied import TIED
from portal.gateways.zoho import wire
from portal.invoices.credit_notes.models import CreditApplication
from portal.invoices.models import Invoice, InvoiceBalance
from portal.invoices.queries import is_written_off as is_given_up
from portal.payments.models import Allocation
from portal.shared.money import Money
from portal.shared.outbox import Change

_GIVEN_UP = "given_up"


def is_written_off(there: Mapping[str, Any]) -> bool:
    """there: an invoice of Zoho's, or its row in a list."""
    return bool(wire.amount(there.get("write_off_amount")))


def next_act(record: MirrorRecord, source: Source) -> Act | None:
    """What brings Zoho's invoice to where ours is, or None. Both take no amount: Zoho writes off all that it finds
    open, so that another amount is written off by taking back what was."""
    if source.is_written_off and record.remote_status == SENT:
        return Act("POST", "/writeoff", marks=WRITTEN_OFF)
    if is_to_be_opened(record, source):
        return Act("POST", "/writeoff/cancel", marks=SENT)
    return None


def is_to_be_opened(record: MirrorRecord, source: Source) -> bool:
    """Taken back here; or money went back since: so much is to pay here, or more is given up by now."""
    return record.remote_status == WRITTEN_OFF and (not source.is_written_off or _is_of_another_amount(record, source))


def open_there() -> ColumnElement[int]:
    """Part of a question that joins InvoiceBalance, in minor units: what Zoho has to find open. Of what is open again
    here, the sum that stays given up is to pay there, too, until the rest is settled."""
    minor = InvoiceBalance.balance_minor
    return case((minor > 0, minor + InvoiceBalance.written_off_minor), else_=minor)


def there_of(invoice: Invoice, balance: Money) -> Money:
    """The same of one invoice."""
    return balance + invoice.written_off if balance else balance


def remember(record: MirrorRecord, given_up: Decimal | None) -> None:
    """How much was given up here when it was written off there."""
    if given_up is not None:
        record.snapshot = {**(record.snapshot or {}), _GIVEN_UP: str(given_up)}


def kept(record: MirrorRecord) -> dict[str, Any]:
    """What stays known of an invoice, whatever is sent of it."""
    return {key: value for key, value in (record.snapshot or {}).items() if key in (_GIVEN_UP, PAPER, TIED)}


def _is_of_another_amount(record: MirrorRecord, source: Source) -> bool:
    known = (record.snapshot or {}).get(_GIVEN_UP)
    return known is not None and Decimal(known) != source.given_up


def takes_money(session: Session, twin: MirrorRecord) -> bool:
    """Is this invoice ready there for what pays it? One that waits with its write-off is: it waits for just that.

    One that is written off there and not here any more, or here with another amount, is opened there first.
    """
    if twin.remote_status == WRITTEN_OFF:
        is_open = exists().where(Change.subject == "invoice", Change.subject_id == Invoice.id, ~Change.is_settled)
        is_ours_too = (
            select(Invoice.id).join(Invoice.balance_row).where(Invoice.id == twin.local_id, is_given_up(), ~is_open)
        )
        return twin.state == "in_step" and session.scalar(is_ours_too) is not None
    return twin.remote_status == SENT and twin.state in ("in_step", "waiting")


def told(source: Source, act: Act, product_name: str) -> str:
    """For the invoice's timeline."""
    if act.marks == WRITTEN_OFF:
        return f"{source.label} is written off in {product_name}"
    if source.is_written_off:
        return f"{source.label}: what is written off in {product_name} is brought up to date"
    if source.is_open_again:
        words = f"{source.label} is to be paid again. {product_name} asks for all of it until that is settled"
        return f"{words}: there, only all that is open can be written off"
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

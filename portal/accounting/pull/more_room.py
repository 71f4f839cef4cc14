"""Money that went over as the customer's credit because Zoho found less open on an invoice: where more is open on it
there later (a write-off taken back, the invoice made larger), it is put to it there as far as it is here."""

from collections.abc import Collection, Mapping
from decimal import Decimal

from sqlalchemy import ARRAY, String, and_, cast, func, or_, select
from sqlalchemy.orm import Session

from portal.accounting import rules
from portal.accounting.mirror import uses
from portal.accounting.mirror.writing_off import there_of
from portal.accounting.models import MirrorRecord
from portal.accounting.pull.going_on import go_on
from portal.invoices.credit_notes.models import CreditApplication
from portal.invoices.models import Invoice, InvoiceBalance
from portal.payments.models import Allocation
from portal.shared.money import Money

_ZERO = Decimal(0)


def use(session: Session, link_id: int, open_there: Mapping[str, Decimal]) -> int:
    """How many payments go over anew. Two statements where none was limited. Does not commit.

    open_there  Zoho's invoice → what is open on it there
    """
    limited = _limited(session, link_id, [at for at, amount in open_there.items() if amount > 0])
    if not limited:
        return 0
    room = _room(session, link_id, {at: open_there[at] for each in limited for at in _limits(each) if at in open_there})
    raised = [each for each in limited if _raise(session, each, room)]
    for each in raised:
        go_on(session, each)
    return len(raised)


def limited_on(session: Session, link_id: int) -> list[str]:
    """Zoho's invoices on which a person let less of a payment go than is on them here."""
    at_most = MirrorRecord.snapshot[uses.AT_MOST]
    found = select(func.jsonb_object_keys(at_most)).where(
        MirrorRecord.link_id == link_id, MirrorRecord.module == "payment", func.jsonb_typeof(at_most) == "object"
    )
    return list(session.scalars(found.distinct()))


def _limited(session: Session, link_id: int, remote_ids: Collection[str]) -> list[MirrorRecord]:
    """Payments of which a person let no more go on one of these, the oldest first, their rows locked."""
    if not remote_ids:
        return []
    at_most = MirrorRecord.snapshot[uses.AT_MOST]
    found = (
        select(MirrorRecord)
        .where(MirrorRecord.link_id == link_id, MirrorRecord.module == "payment", MirrorRecord.state == "in_step")
        .where(at_most.has_any(cast(list(remote_ids), ARRAY(String))))
        .order_by(MirrorRecord.id)
        .with_for_update()
    )
    return list(session.scalars(found))


def _limits(record: MirrorRecord) -> dict[str, Decimal]:
    return {at: Decimal(most) for at, most in (record.snapshot or {})[uses.AT_MOST].items()}


def _room(session: Session, link_id: int, open_there: Mapping[str, Decimal]) -> dict[str, tuple[int, Decimal]]:
    """Zoho's invoice → ours, and how much more is open there than is to pay here; without those of which money is still
    on its way, as that is what the rest is for."""
    rows = session.execute(
        select(MirrorRecord.remote_id, Invoice, InvoiceBalance.balance_minor)
        .join(Invoice, Invoice.id == MirrorRecord.local_id)
        .join(InvoiceBalance, InvoiceBalance.invoice_id == Invoice.id)
        .where(MirrorRecord.link_id == link_id, MirrorRecord.module == "invoice")
        .where(MirrorRecord.remote_id.in_(open_there))
    ).all()
    found = {}
    for remote_id, invoice, minor in rows:
        here = there_of(invoice, Money(minor, invoice.currency)).decimal
        if not _is_money_coming(session, link_id, invoice.id):
            found[str(remote_id)] = (invoice.id, open_there[str(remote_id)] - here)
    return found


def _is_money_coming(session: Session, link_id: int, invoice_id: int) -> bool:
    payments = select(Allocation.payment_id).where(Allocation.invoice_id == invoice_id)
    notes = select(CreditApplication.credit_note_id).where(CreditApplication.invoice_id == invoice_id)
    of_it = or_(
        and_(MirrorRecord.module == "payment", MirrorRecord.local_id.in_(payments)),
        and_(MirrorRecord.module == "credit_note", MirrorRecord.local_id.in_(notes)),
    )
    arrived = ("in_step", rules.LEFT_OUT_STATE)
    coming = select(MirrorRecord.id).where(MirrorRecord.link_id == link_id, of_it, MirrorRecord.state.not_in(arrived))
    return session.scalars(coming.limit(1)).first() is not None


def _raise(session: Session, record: MirrorRecord, room: dict[str, tuple[int, Decimal]]) -> bool:
    limits, is_more = _limits(record), False
    for at in [each for each in limits if each in room]:
        invoice_id, left = room[at]
        short = _put_to(session, record.local_id, invoice_id) - limits[at]
        more = min(short, left)
        if more <= 0:
            continue
        is_more, room[at] = True, (invoice_id, left - more)
        limits[at] += more
        if more == short:
            del limits[at]
    kept = {key: value for key, value in (record.snapshot or {}).items() if key != uses.AT_MOST}
    record.snapshot = kept | ({uses.AT_MOST: {at: str(most) for at, most in limits.items()}} if limits else {})
    return is_more


def _put_to(session: Session, payment_id: int, invoice_id: int) -> Decimal:
    """How much of the payment is on the invoice here."""
    of_it = (Allocation.payment_id == payment_id, Allocation.invoice_id == invoice_id)
    row = session.execute(select(func.sum(Allocation.amount_minor), func.min(Allocation.currency)).where(*of_it)).one()
    return Money(int(row[0]), row[1]).decimal if row[0] else _ZERO

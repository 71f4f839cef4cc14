"""Payments as the mirror wants them: where each one's money is to be."""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.accounting import mapping
from portal.accounting.agreement.queries import within_their_totals
from portal.accounting.mirror.source import Source, Twins
from portal.accounting.mirror.uses import GivenBack, Uses
from portal.invoices.models import Invoice
from portal.organisations.models import Organisation
from portal.payments.models import Allocation, Payment, PaymentReversal
from portal.payments.refunds.models import BOOKED, COUNTS, Refund
from portal.shared import clock
from portal.shared.money import Money


def payment(session: Session, payment_id: int) -> Source | None:
    found = session.get(Payment, payment_id)
    if found is None:
        return None
    touched = _put_to(session, found)
    within = within_their_totals(session, found.id, [each for each in touched.items() if each[1]])
    applied = {invoice_id: part for invoice_id, part in within if part}

    def build(twins: Twins, _name: str, _persons: Mapping[str, str]) -> dict[str, Any]:
        record = mapping.PaymentRecord(
            found.number, found.reference, found.provider_payment_id, found.method, found.received_on, found.amount,
            twins("customer", found.customer_id),
            [(twins("invoice", invoice_id), part) for invoice_id, part in applied.items()],
        )  # fmt: skip
        return mapping.payment_payload(record)

    return Source(
        f"Payment {found.number}", found.provider_payment_id, build, invoice_ids=list(touched),
        needs=[("customer", found.customer_id), *(("invoice", each) for each in _ready(session, touched, applied))],
        uses=Uses({invoice_id: part.decimal for invoice_id, part in applied.items()}, _given_back(session, found)),
    )  # fmt: skip


def _put_to(session: Session, found: Payment) -> dict[int, Money]:
    """invoice → how much, nothing included where all of it was taken away again."""
    rows = session.execute(
        select(Allocation.invoice_id, func.sum(Allocation.amount_minor))
        .where(Allocation.payment_id == found.id)
        .group_by(Allocation.invoice_id)
        .order_by(Allocation.invoice_id)
    )
    return {invoice_id: Money(int(minor), found.currency) for invoice_id, minor in rows}


def _ready(session: Session, touched: Collection[int], applied: Collection[int]) -> list[int]:
    """Invoices that must be ready there: what is put to them comes, or what is taken from them opens a write-off."""
    given_up = select(Invoice.id).where(Invoice.id.in_(touched), Invoice.written_off_minor > 0)
    return sorted({*applied, *session.scalars(given_up)})


def _given_back(session: Session, found: Payment) -> Sequence[GivenBack]:
    """Refunds in their order, then the reversal: money that never came is given back in full, so that the books keep
    both entries, as we do, and no closed month is touched."""
    zone = session.scalars(select(Organisation.time_zone)).one()
    refunds = session.scalars(select(Refund).where(Refund.payment_id == found.id).order_by(Refund.id)).all()
    back = [
        _refund(found, count, each, zone) for count, each in enumerate(refunds, 1)
        if each.amount and not (each.form_id or "").startswith(BOOKED)  # of tips the books know nothing
    ]  # fmt: skip
    reversal = session.scalars(select(PaymentReversal).where(PaymentReversal.payment_id == found.id)).one_or_none()
    if reversal is not None:
        amount: Decimal = Money(reversal.amount_minor, reversal.currency).decimal
        on = clock.local(reversal.created_at, zone).date()
        mode = mapping.PAYMENT_MODES.get(found.method, "others")
        what, reference = f"The reversal of payment {found.number}", f"{found.number} reversed"
        back.append(GivenBack(what, reference, amount, on, mode, f"Reversed: {reversal.reason}"))
    return back


def _refund(found: Payment, count: int, refund: Refund, zone: str) -> GivenBack:
    reference, amount = f"{found.number}/{count}", refund.amount.decimal
    words = " · ".join(filter(None, [refund.reason, refund.remote_id]))
    return GivenBack(
        f"Refund {reference} of {amount}", reference, amount, clock.local(refund.created_at, zone).date(),
        mapping.REFUND_MODES[refund.way], words, counts=refund.state in COUNTS,
    )  # fmt: skip

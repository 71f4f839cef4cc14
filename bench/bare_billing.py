"""The reference for the billing rate: the same rows in the same tables, written by SQLAlchemy and nothing around it.

For a ten-line job: read job, lines and taxes, reckon, create invoice, lines and tax row, take a gapless number under
lock, set it sent, announce it in the outbox, commit; then, under the invoice's lock, number the receipt, book the
payment, allocate it, announce both, commit. No row-level security (it signs in as the superuser), no checks, no claims
on the job's lines, no audit trail, no pay links, no mail, no wake-up calls.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from sqlalchemy import create_engine, event, select
from sqlalchemy.orm import Session, selectinload

from portal.invoices.models import Invoice, InvoiceLine, InvoiceTax
from portal.organisations.models import NumberSeries
from portal.payments.models import Allocation, Payment
from portal.shared.outbox import Change
from portal.taxes.models import Tax, TaxRate
from portal.work_orders.models import WorkOrder, WorkOrderLine

_SENT_ON = date(2026, 3, 2)


class BareBilling:
    """The reference at work. statements: as bench.product.Statements counts them."""

    def __init__(self, url: str) -> None:
        self.engine = create_engine(url)
        self.statements = 0
        event.listen(self.engine, "before_cursor_execute", self._note)

    def bill_and_pay(self, job_id: int) -> None:
        with Session(self.engine, expire_on_commit=False) as session:
            invoice_id = _bill(session, job_id)
            session.commit()
        with Session(self.engine, expire_on_commit=False) as session:
            _pay(session, invoice_id)
            session.commit()

    def _note(self, *_event: object) -> None:
        self.statements += 1


def _bill(session: Session, job_id: int) -> int:
    job = session.scalars(select(WorkOrder).where(WorkOrder.id == job_id).options(selectinload(WorkOrder.lines))).one()
    rates = _rates(session, job.organisation_id)
    totals = [_minor(line.quantity * line.unit_price * 100) for line in job.lines]
    tax, rate = rates[job.lines[0].tax_id or 0]
    subtotal, tax_minor = sum(totals), _minor(sum(totals) * rate / 100)
    invoice = Invoice(
        organisation_id=job.organisation_id, customer_id=job.customer_id, currency="GBP", reference=job.number,
        title=job.title, terms_days=14, bill_to={"name": "Maple Dental Practice"}, subtotal_minor=subtotal,
        tax_minor=tax_minor, total_minor=subtotal + tax_minor, breakdown={"total": str(subtotal + tax_minor)},
        issued_on=_SENT_ON, due_on=_SENT_ON + timedelta(days=14), sent_at=datetime.now(UTC),
    )  # fmt: skip
    session.add(invoice)
    session.flush()
    _write_lines(session, invoice, job.lines, totals, tax, rate)
    session.flush()
    invoice.number, invoice.status = _next_number(session, job.organisation_id, "invoice"), "sent"
    _announce(session, job.organisation_id, "invoice", invoice.id)
    return invoice.id


def _write_lines(
    session: Session, invoice: Invoice, lines: Sequence[WorkOrderLine], totals: list[int], tax: Tax, rate: Decimal
) -> None:
    owner = {"organisation_id": invoice.organisation_id, "invoice_id": invoice.id, "currency": invoice.currency}
    for position, (line, total) in enumerate(zip(lines, totals, strict=True)):
        session.add(
            InvoiceLine(
                **owner, work_order_line_id=line.id, item_id=line.item_id, position=position, kind=line.kind,
                name=line.name, description=line.description, quantity=line.quantity, unit=line.unit,
                unit_price=line.unit_price, line_total_minor=total, tax_id=line.tax_id, tax_name=tax.name,
                tax_rate=rate,
            )
        )  # fmt: skip
    session.add(
        InvoiceTax(
            **owner, tax_id=tax.id, position=0, name=tax.name, rate=rate, base_minor=invoice.subtotal_minor,
            amount_minor=invoice.tax_minor,
        )
    )  # fmt: skip


def _pay(session: Session, invoice_id: int) -> None:
    invoice = session.get_one(Invoice, invoice_id, with_for_update=True)
    owner = {"organisation_id": invoice.organisation_id, "currency": invoice.currency}
    payment = Payment(
        **owner, number=_next_number(session, invoice.organisation_id, "payment"), customer_id=invoice.customer_id,
        method="card", amount_minor=invoice.total_minor, received_on=_SENT_ON, provider="stripe",
        provider_payment_id=f"pi_bare_{invoice.id}",
    )  # fmt: skip
    session.add(payment)
    session.flush()
    session.add(Allocation(**owner, payment_id=payment.id, invoice_id=invoice.id, amount_minor=payment.amount_minor))
    _announce(session, invoice.organisation_id, "payment", payment.id)
    session.get_one(Change, (invoice.organisation_id, "invoice", invoice.id)).version += 1


def _rates(session: Session, organisation_id: int) -> dict[int, tuple[Tax, Decimal]]:
    rows = session.execute(
        select(Tax, TaxRate.rate).join(TaxRate, TaxRate.tax_id == Tax.id).where(Tax.organisation_id == organisation_id)
    )
    return {tax.id: (tax, rate) for tax, rate in rows}


def _next_number(session: Session, organisation_id: int, series: str) -> str:
    """Under a row lock, as the ORM does it: read, then write."""
    found = session.scalars(
        select(NumberSeries)
        .where(NumberSeries.organisation_id == organisation_id, NumberSeries.series == series)
        .with_for_update()
    ).one()
    found.next_number += 1
    return f"{found.prefix}{found.next_number - 1:05d}"


def _announce(session: Session, organisation_id: int, subject: str, subject_id: int) -> None:
    session.add(Change(organisation_id=organisation_id, subject=subject, subject_id=subject_id, version=1))


def _minor(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))

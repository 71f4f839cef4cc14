"""Reads about autopay: whose it is, which invoices it reaches, and what stands in the way of charging one."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import ColumnElement, Select, and_, exists, not_, select
from sqlalchemy.orm import Session

from portal.invoices import holds, pauses
from portal.invoices.models import SENT, Invoice, InvoiceBalance
from portal.payments.autopay.models import Autopay, AutopayRun
from portal.payments.autopay.rules import NOTICE
from portal.payments.models import Allocation
from portal.payments.refunds.models import Dispute
from portal.payments.refunds.queries import OVER


def standing_autopay(session: Session, customer_id: int, *, lock: bool = False) -> Autopay | None:
    wanted = select(Autopay).where(Autopay.customer_id == customer_id, Autopay.ended_at.is_(None))
    if lock:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    return session.scalars(wanted).one_or_none()


def autopays_of(session: Session, customer_id: int) -> Sequence[Autopay]:
    """Newest first."""
    return session.scalars(
        select(Autopay).where(Autopay.customer_id == customer_id).order_by(Autopay.id.desc()).limit(20)
    ).all()


def runs_of(session: Session, customer_id: int) -> Sequence[tuple[AutopayRun, Invoice]]:
    """Newest first."""
    rows = session.execute(
        select(AutopayRun, Invoice)
        .join(Invoice, Invoice.id == AutopayRun.invoice_id)
        .where(Invoice.customer_id == customer_id)
        .order_by(AutopayRun.id.desc())
        .limit(20)
    ).all()
    return [(run, invoice) for run, invoice in rows]


def refused_run(invoice_id: int) -> Select[AutopayRun]:
    """What a bank refused, while the invoice is still to pay. Not asked yet."""
    return (
        select(AutopayRun)
        .join(InvoiceBalance, InvoiceBalance.invoice_id == AutopayRun.invoice_id)
        .where(
            AutopayRun.invoice_id == invoice_id, AutopayRun.tries > 0, AutopayRun.state != "done",
            InvoiceBalance.balance_minor > 0,
        )
    )  # fmt: skip


def invoices_to_announce(session: Session, autopay: Autopay, today: date, *, most: int) -> Sequence[int]:
    """Sent since autopay began, nearly due, and not announced; not those that wait for the firm or an answer."""
    announced = select(AutopayRun.id).where(AutopayRun.invoice_id == Invoice.id)
    return session.scalars(
        select(Invoice.id)
        .join(InvoiceBalance, InvoiceBalance.invoice_id == Invoice.id)
        .where(
            Invoice.customer_id == autopay.customer_id, Invoice.status == SENT, Invoice.sent_at >= autopay.created_at,
            Invoice.due_on <= today + NOTICE, InvoiceBalance.balance_minor > InvoiceBalance.under_way_minor,
            not_(announced.exists()), *_quiet(),
        )
        .order_by(Invoice.id)
        .limit(most)
    ).all()  # fmt: skip


def is_quiet(session: Session, invoice_id: int) -> bool:
    """Neither held for the firm to look at, nor paused or asked about, nor disputed at a bank."""
    return bool(session.scalar(select(Invoice.id).where(Invoice.id == invoice_id, *_quiet())))


def will_be_charged() -> ColumnElement[bool]:
    """Part of a question about Invoice: autopay has announced it, and goes on."""
    return exists(
        select(AutopayRun.id)
        .join(Autopay, Autopay.id == AutopayRun.autopay_id)
        .where(AutopayRun.invoice_id == Invoice.id, AutopayRun.state == "waiting", Autopay.ended_at.is_(None))
    )


def _quiet() -> tuple[ColumnElement[bool], ...]:
    disputed = (
        select(Dispute.id)
        .join(Allocation, Allocation.payment_id == Dispute.payment_id)
        .where(and_(Allocation.invoice_id == Invoice.id, Dispute.status.not_in(OVER)))
    )
    return not_(holds.stands()), not_(pauses.is_paused()), not_(disputed.exists())

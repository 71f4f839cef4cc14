"""How an invoice stands, read in one statement with whatever else is asked of it."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, ScalarSelect, bindparam, exists, func, literal_column, select
from sqlalchemy.orm import aliased

from portal.invoices import holds
from portal.invoices.models import Invoice
from portal.organisations.models import Organisation
from portal.pay_page.rules import Standing
from portal.payments.models import Allocation, PaymentAttempt, StripeAccount
from portal.payments.refunds.models import COUNTS, Dispute, Refund
from portal.payments.refunds.queries import OVER
from portal.payments.refusals import count_refused
from portal.payments.rules import DECLINES_WINDOW, MOST_DECLINES
from portal.shared import clock
from portal.shared.money import Money


def standing_of(row: Row[Any], organisation: Organisation, *, is_replaced: bool = False) -> Standing:
    """row: an Invoice, its InvoiceBalance and FACTS."""
    invoice, balance = row.Invoice, row.InvoiceBalance
    return Standing(
        status=invoice.status, total=invoice.total - balance.written_off, paid=balance.paid, credited=balance.credited,
        given_back=Money(int(row.given_back), invoice.currency), balance=balance.balance,
        under_way=balance.under_way,
        is_overdue=invoice.due_on is not None and invoice.due_on < clock.today(organisation.time_zone),
        is_disputed=row.is_disputed, is_held=row.is_held, is_replaced=is_replaced,
        takes_cards=row.debit is not None, is_written_off=balance.is_written_off,
        is_tried_out=row.refused >= MOST_DECLINES,
    )  # fmt: skip


def since_now() -> dict[str, datetime]:
    """What FACTS want to be told."""
    return {"declines_since": clock.now() - DECLINES_WINDOW}


def debit_refused_at() -> ScalarSelect[datetime | None]:
    """When a bank refused to pay the Invoice that is asked for by debit, as long as nothing was paid at Stripe since.

    What Stripe never made a page for has failed as well: no bank has heard of it.
    """
    later, lead = aliased(PaymentAttempt), aliased(PaymentAttempt)
    is_paid = later.state.in_(("paid", "processing"))
    return (
        select(PaymentAttempt.settled_at)
        .join(lead, lead.id == func.coalesce(PaymentAttempt.lead_id, PaymentAttempt.id))
        .where(
            PaymentAttempt.invoice_id == Invoice.id, PaymentAttempt.state == literal_column("'failed'"),
            PaymentAttempt.debit != literal_column("''"), lead.session_id.is_not(None),
            ~exists(
                select(later.id).where(
                    later.invoice_id == Invoice.id, later.created_at > PaymentAttempt.settled_at, is_paid
                )
            ),
        )
        .order_by(PaymentAttempt.id.desc())
        .limit(1)
        .correlate(Invoice)
        .scalar_subquery()
    )  # fmt: skip


_PAID_FROM = Allocation.invoice_id == Invoice.id
# What else decides about the page of an Invoice that is asked for; since_now tells it the time.
FACTS = (
    # None where there is no account that takes cards; "" where it takes nothing else.
    select(StripeAccount.debit).where(StripeAccount.closed_at.is_(None)).scalar_subquery().label("debit"),
    holds.stands().label("is_held"),
    exists(
        select(Dispute.id)
        .join(Allocation, Allocation.payment_id == Dispute.payment_id)
        .where(_PAID_FROM, Dispute.status.not_in(OVER))
    ).label("is_disputed"),
    count_refused(Invoice.id, bindparam("declines_since")).label("refused"),
    # What came back, from a bank or because the customer could not be reached, is the firm's: it was not given back.
    select(func.coalesce(-func.sum(Allocation.amount_minor), 0))
    .join(Refund, Refund.id == Allocation.refund_id)
    .where(_PAID_FROM, Refund.state.in_(COUNTS))
    .scalar_subquery()
    .label("given_back"),
    exists(select(Allocation.id).where(_PAID_FROM)).label("has_payments"),
)  # fmt: skip

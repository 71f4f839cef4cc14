"""What a customer has with the firm and has not used: of payments, and of credit notes."""

from collections.abc import Sequence

from sqlalchemy import SQLColumnExpression, func, or_, select
from sqlalchemy.orm import Session

from portal.invoices.credit_notes.queries import kept_notes, kept_sum
from portal.payments.held import is_for, is_held
from portal.payments.uses import PaymentUse
from portal.shared.money import Money


def credit_of(session: Session, customer_id: int, currency: str, *, invoice_id: int | None = None) -> Money:
    """All of it in that currency, nothing where there is none. invoice_id: what could pay that one, with its deposits.

    A deposit that is held for another job is none of it.
    """
    uses = unused_credit(session, customer_id, currency, invoice_id=invoice_id)
    kept = kept_notes(session, customer_id, currency)
    return Money.total([*(use.unused for use in uses), *(each.kept for each in kept)], currency)


def unused_credit(
    session: Session, customer_id: int, currency: str, *, invoice_id: int | None = None
) -> Sequence[PaymentUse]:  # fmt: skip
    """The customer's payments that are not used up, oldest first, without deposits that are held for a job.

    invoice_id  also the deposits of the jobs that it bills, and these before all else
    """
    wanted = select(PaymentUse).where(
        PaymentUse.customer_id == customer_id, PaymentUse.currency == currency, PaymentUse.unused_minor > 0
    )
    if invoice_id is None:
        wanted = wanted.where(~is_held())
    else:
        wanted = wanted.where(or_(~is_held(), is_for(invoice_id))).order_by(is_for(invoice_id).desc())
    return session.scalars(wanted.order_by(PaymentUse.payment_id).execution_options(populate_existing=True)).all()


def credit_sum(
    customer_id: SQLColumnExpression[int], currency: SQLColumnExpression[str]
) -> SQLColumnExpression[int]:  # fmt: skip
    """What credit_of finds, in minor units, as a part of a larger read."""
    of_payments = select(func.coalesce(func.sum(PaymentUse.unused_minor), 0)).where(
        PaymentUse.customer_id == customer_id, PaymentUse.currency == currency, ~is_held()
    )
    return of_payments.scalar_subquery() + kept_sum(customer_id, currency)

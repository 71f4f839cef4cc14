"""Taking back a recorded payment that was a mistake: new rows only, and the reason."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.organisations import audit
from portal.payments import queries
from portal.payments.actions.allocation import lock_customer, lock_invoices, put_to
from portal.payments.actions.reversal_news import tell_of_reversal
from portal.payments.cash.queries import lock_holder, purse_of
from portal.payments.models import Payment, PaymentReversal
from portal.payments.refunds.limits import left_of_payments
from portal.payments.rules import CannotReverse
from portal.shared import formats, outbox


def reverse_payment(session: Session, payment_id: int, reason: str, *, by: int) -> None:
    """What it had paid is open again, and whoever was sent the receipt is told. Safe to repeat. Does not commit.

    Raises NotFound, CannotReverse.
    """
    payment = queries.get_payment(session, payment_id).payment
    if payment.provider == "stripe":
        raise CannotReverse("This money came by card: give it back by a refund.")
    lock_customer(session, payment.customer_id)
    if session.scalar(select(PaymentReversal.id).where(PaymentReversal.payment_id == payment_id)):
        return
    if queries.get_payment(session, payment_id).use.refunded_minor:
        raise CannotReverse("Some of this money was given back already: what is left can be given back as well.")
    if payment.amount > left_of_payments(session, payment.customer_id, payment.currency):
        raise CannotReverse("Some of this money was given back with a credit note already, so it did come.")
    parts = {part.invoice_id: -part.amount for part in queries.allocations_of(session, [payment_id])[payment_id]}
    invoices = lock_invoices(session, parts)
    put_to(session, payment, parts)
    session.add(
        PaymentReversal(
            organisation_id=payment.organisation_id, payment_id=payment_id, amount_minor=payment.amount_minor,
            currency=payment.currency, reason=reason, reversed_by=by,
        )
    )  # fmt: skip
    session.flush()
    words = f"Receipt {payment.number} reversed: {reason}{_said_of_purse(session, payment)}"
    changed = [("payment", payment_id), *(("invoice", invoice_id) for invoice_id in parts)]
    for record, record_id in changed:
        audit.note(session, payment.organisation_id, "payment reversed", record, record_id, words=words)
    tell_of_reversal(session, payment, reason, list(invoices.values()))
    outbox.record_all(session, payment.organisation_id, *changed)


def _said_of_purse(session: Session, payment: Payment) -> str:
    """Where this cash was handed in already, what the firm owes to whoever had taken it; locks their purse."""
    if payment.method != "cash" or payment.taken_by is None:
        return ""
    holder = lock_holder(session, payment.taken_by)
    owed = purse_of(session, payment.currency, holder.id).owed
    return (
        f" (more was handed in or given back than was taken: the firm owes {holder.name} {formats.money(owed)})"
        if owed
        else ""
    )

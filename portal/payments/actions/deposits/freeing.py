"""A deposit that need not wait for its job any longer: it may pay whatever the customer owes."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.organisations import audit
from portal.organisations.models import Organisation
from portal.payments.actions.allocation import lock_customer
from portal.payments.deposits import Deposit
from portal.payments.models import Payment
from portal.shared import clock, formats
from portal.shared.errors import NotFound


def free_deposit(session: Session, payment_id: int) -> None:
    """What is left of it when its job is billed is still taken off that. Safe to repeat. Raises NotFound.

    Does not commit.
    """
    found = session.execute(
        select(Payment, Deposit).join(Deposit, Deposit.payment_id == Payment.id).where(Payment.id == payment_id)
    ).one_or_none()
    if found is None:
        raise NotFound
    payment, deposit = found
    lock_customer(session, payment.customer_id)
    session.refresh(deposit)
    if deposit.freed_at is not None:
        return
    deposit.freed_at = clock.now()
    organisation = session.get_one(Organisation, payment.organisation_id)
    words = (
        f"The deposit {formats.money(payment.amount, organisation.locale)}, receipt {payment.number}, is not held for"
    )
    words += " this job any more: it may pay other invoices"
    for record, record_id in (("payment", payment.id), ("work_order", deposit.work_order_id)):
        audit.note(session, organisation.id, "deposit freed", record, record_id, words=words)

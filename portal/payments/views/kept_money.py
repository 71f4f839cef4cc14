"""What of a customer's money the firm has, for the customer's page."""

from collections.abc import Iterator

from flask import g, url_for
from sqlalchemy import literal, select
from sqlalchemy.orm import Session

from portal.customers.money import MONEY_KEPT, MoneyKept
from portal.invoices.credit_notes.models import CreditNote
from portal.payments.credits import credit_sum
from portal.payments.held import held_deposits
from portal.payments.uses import PaymentUse
from portal.shared.money import Money


def _kept_of(session: Session, customer_id: int) -> Iterator[MoneyKept]:
    """Credit, a sum in each currency, then the deposits that wait for their jobs."""
    of_payments = select(PaymentUse.currency).where(PaymentUse.customer_id == customer_id, PaymentUse.unused_minor > 0)
    of_notes = select(CreditNote.currency).where(CreditNote.customer_id == customer_id)
    used = of_payments.union(of_notes).subquery()
    statement = url_for("statements.show", customer_id=customer_id) if g.viewer.may("see_board") else ""
    credit = credit_sum(literal(customer_id), used.c.currency)
    for currency, minor in session.execute(select(used.c.currency, credit).order_by(used.c.currency)):
        if minor > 0:
            yield MoneyKept(
                "Credit", "not used yet: it can pay an open invoice, or go back", Money(int(minor), currency),
                statement if currency == g.organisation.currency else "",
            )  # fmt: skip
    for held in held_deposits(session, customer_id):
        yield MoneyKept(
            f"Deposit for {held.number}", "waits for the job's invoice", held.use.unused,
            url_for("payments.deposits", work_order_id=held.work_order_id),
        )  # fmt: skip


MONEY_KEPT.append(_kept_of)

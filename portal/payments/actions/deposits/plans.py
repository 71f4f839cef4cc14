"""What an attempt at a deposit asks of Stripe, as plans.py says it of invoices."""

from sqlalchemy.orm import Session

from portal.payments import rules
from portal.payments.actions.accounts import key_of
from portal.payments.actions.plans import Plan, is_over, order_for
from portal.payments.debits import debit_for
from portal.payments.deposits import DepositRequest
from portal.payments.models import PaymentAttempt, StripeAccount
from portal.payments.queries import PaidFor
from portal.payments.stopped import is_stopped
from portal.shared import clock
from portal.shared.money import Money
from portal.work_orders.models import WorkOrder


def plan_of_deposit(session: Session, attempt: PaymentAttempt, request: DepositRequest, wanted: Money) -> Plan:
    """wanted: what is to pay of it now. Expects the request's lock."""
    account = session.get_one(StripeAccount, attempt.stripe_account_id)
    job = session.get_one(WorkOrder, request.work_order_id)
    is_ending = attempt.expires_at - clock.now() < rules.NEARLY_OVER
    ways = debit_for(account.debit, attempt.currency)
    order = order_for(
        attempt, PaidFor("deposit", request.id), email=request.email, title=f"Deposit {job.number}",
        amount=attempt.amount,
    )  # fmt: skip
    return Plan(
        organisation_id=attempt.organisation_id, attempt_id=attempt.id, public_id=attempt.public_id,
        state=attempt.state, session_id=attempt.session_id, key=key_of(account), order=order,
        is_stale=attempt.amount != wanted or attempt.debit != ways or is_ending or account.closed_at is not None
        or is_stopped(session, attempt, []),
        is_over=is_over(attempt),
    )  # fmt: skip

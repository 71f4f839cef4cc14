"""Beginning to pay a deposit that a link asks for."""

from sqlalchemy.orm import Session

from portal.payments import rules
from portal.payments.actions.attempts import Started, begin, check_tries, new_attempt
from portal.payments.actions.deposits.plans import plan_of_deposit
from portal.payments.actions.plans import Plan, present_for
from portal.payments.chargeable import check_chargeable
from portal.payments.deposit_queries import is_asked, left_of
from portal.payments.deposits import DepositRequest
from portal.payments.queries import PaidFor
from portal.payments.rules import NothingToPay, PaymentUnderWay
from portal.shared.money import Money


def start_deposit(organisation_id: int, request_id: int, agreed: Money) -> Started:
    """The page at Stripe where it is paid, made or found again. Calls Stripe and raises as start_attempt does.

    agreed  what the customer has seen that is to pay
    """
    return begin(organisation_id, lambda session: plan_deposit(session, request_id, agreed))


def plan_deposit(session: Session, request_id: int, agreed: Money) -> Plan:
    """Its open attempt, or a new one. Does not commit. Raises CannotPay."""
    request = session.get_one(DepositRequest, request_id, with_for_update=True, populate_existing=True)
    if not is_asked(session, request):
        raise NothingToPay("This deposit is not asked for any more.")
    left, paid_for = left_of(session, request), PaidFor("deposit", request.id)
    rules.check_agreed(left, agreed)
    check_chargeable(left)
    attempt = present_for(session, paid_for)
    if attempt is not None and attempt.state == "processing":
        raise PaymentUnderWay("A payment of this deposit is under way. We will mail you when it has arrived.")
    if attempt is None:
        check_tries(session, paid_for)
        attempt = new_attempt(
            session, request.organisation_id, left, deposit_request_id=request.id, invoice_revision=0
        )  # fmt: skip
    return plan_of_deposit(session, attempt, request, left)

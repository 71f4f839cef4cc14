"""Taking an invoice out of the customer's hands before its money changes: the Session is closed at Stripe first."""

from collections.abc import Callable

from sqlalchemy.orm import Session

from portal.invoices import actions as invoices
from portal.invoices import holds, write_offs
from portal.invoices.models import Invoice
from portal.invoices.queries import balance_of, get_invoice
from portal.payments import queries
from portal.payments.actions.allocation import check_nothing_under_way
from portal.payments.actions.attempts import close_session, make_session
from portal.payments.actions.deposits.plans import plan_of_deposit
from portal.payments.actions.plans import Plan, plan_of, present_attempt, present_for
from portal.payments.deposit_queries import open_request
from portal.payments.deposits import DepositRequest
from portal.payments.queries import PaidFor
from portal.payments.refunds.queries import is_disputed
from portal.payments.rules import CannotPay, PaymentUnderWay
from portal.shared.errors import NotFound
from portal.shared.running import job_session

_MOST_ROUNDS = 3
_ARGUED = "The customer's bank is looking into a payment of this invoice. Wait until that dispute is over."
_DEPOSIT_BUSY = "The customer is paying this deposit at this moment. Look again in a minute."
_BUSY = "The customer is paying this invoice at this moment. Look again in a minute."


def release_invoice(organisation_id: int, invoice_id: int, *, whole: bool = False) -> None:
    """Close the page on which this invoice might still be paid. Call it before anything that lowers the balance.

    whole  what a bank has under way is to be given up as well: refused until the bank has decided
    Calls Stripe between short transactions of its own. Raises NotFound, PaymentUnderWay, CannotPay, GatewayError.
    """
    _release(lambda: _open_plan(organisation_id, invoice_id, whole))


def release_deposit(organisation_id: int, request_id: int) -> None:
    """The same for a deposit that is asked for. Raises what release_invoice raises."""
    _release(lambda: _open_deposit_plan(organisation_id, request_id))


def release_deposit_of(organisation_id: int, work_order_id: int) -> None:
    """The same for what the job's customer is asked for, if they are. Raises what release_invoice raises."""
    with job_session(organisation_id) as session:
        request = open_request(session, work_order_id)
    if request is not None:
        release_deposit(organisation_id, request.id)


def request_out_of_hands(session: Session, work_order_id: int) -> DepositRequest | None:
    """What the job's customer is asked for, locked and surely on no payment page. Raises CannotPay."""
    request = open_request(session, work_order_id, lock=True)
    if request is not None and queries.open_attempt_for(session, PaidFor("deposit", request.id)) is not None:
        raise CannotPay(_DEPOSIT_BUSY)
    return request


def _release(open_plan: Callable[[], Plan | None]) -> None:
    for _ in range(_MOST_ROUNDS):
        plan = open_plan()
        if plan is None:
            return
        if plan.state == "creating":
            make_session(plan)  # whether Stripe has made it is not known: the same key tells
        else:
            close_session(plan)
    raise CannotPay(_BUSY)


def void_invoice(organisation_id: int, invoice_id: int, reason: str) -> None:
    """Void an unpaid invoice, also one that is written off; nobody can pay it afterwards.

    Raises CannotVoid and what release_invoice raises.
    """
    release_invoice(organisation_id, invoice_id, whole=True)
    with job_session(organisation_id) as session:
        invoice = _out_of_hands(session, invoice_id)
        if invoice.written_off_minor:
            write_offs.take_back(session, invoice)
        invoices.void_invoice(session, invoice, reason, paid=balance_of(invoice).paid)


def write_off_invoice(organisation_id: int, invoice_id: int, reason: str) -> None:
    """Give up what is left to pay. Raises CannotWriteOff and what release_invoice raises."""
    release_invoice(organisation_id, invoice_id, whole=True)
    with job_session(organisation_id) as session:
        write_offs.write_off(session, _out_of_hands(session, invoice_id), reason)
        holds.release(session, "given up", invoice_id, kind=holds.BACK)  # nothing of it is left to decide about


def _out_of_hands(session: Session, invoice_id: int) -> Invoice:
    """Locked, surely on no payment page or at a bank, and no money of it in dispute: what is won comes back to it.

    Raises CannotPay.
    """
    invoice = get_invoice(session, invoice_id, lock=True)
    if is_disputed(session, invoice_id):
        raise CannotPay(_ARGUED)
    if queries.open_attempt(session, invoice_id) is not None:
        raise CannotPay(_BUSY)  # begun since; under the lock nobody can begin another
    check_nothing_under_way(session, invoice_id)
    return invoice


def _open_plan(organisation_id: int, invoice_id: int, whole: bool) -> Plan | None:
    with job_session(organisation_id) as session:
        invoice = session.get(Invoice, invoice_id, with_for_update=True)
        if invoice is None:
            raise NotFound
        attempt = present_attempt(session, invoice_id)
        if whole or (attempt is not None and attempt.state == "processing"):
            check_nothing_under_way(session, invoice_id)
        if attempt is None:
            return None
        return plan_of(session, attempt, [(invoice, queries.balance_of(session, invoice_id))])


def _open_deposit_plan(organisation_id: int, request_id: int) -> Plan | None:
    with job_session(organisation_id) as session:
        request = session.get(DepositRequest, request_id, with_for_update=True)
        if request is None:
            raise NotFound
        attempt = present_for(session, PaidFor("deposit", request_id))
        if attempt is None:
            return None
        if attempt.state == "processing":
            raise PaymentUnderWay("The customer's bank is just paying this deposit. Wait until it is paid or refused.")
        return plan_of_deposit(session, attempt, request, attempt.amount)

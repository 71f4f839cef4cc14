"""Taking an invoice out of the customer's hands before its money changes: the Session is closed at Stripe first."""

from sqlalchemy.orm import Session

from portal.invoices import actions as invoices
from portal.invoices import write_offs
from portal.invoices.models import WRITTEN_OFF, Invoice
from portal.invoices.queries import balance_of, get_invoice
from portal.payments import queries
from portal.payments.actions.attempts import close_session, make_session
from portal.payments.actions.plans import Plan, plan_of, present_attempt
from portal.payments.refunds.queries import is_disputed
from portal.payments.rules import CannotPay, PaymentUnderWay
from portal.shared.errors import NotFound
from portal.shared.running import job_session

_MOST_ROUNDS = 3
_ARGUED = "The customer's bank is looking into a payment of this invoice. Wait until that dispute is over."
_BUSY = "The customer is paying this invoice at this moment. Look again in a minute."


def release_invoice(organisation_id: int, invoice_id: int) -> None:
    """Close whatever this invoice might still be paid with. Call it before anything that lowers the balance.

    Calls Stripe between short transactions of its own. Raises NotFound, PaymentUnderWay, CannotPay, GatewayError.
    """
    for _ in range(_MOST_ROUNDS):
        plan = _open_plan(organisation_id, invoice_id)
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
    release_invoice(organisation_id, invoice_id)
    with job_session(organisation_id) as session:
        invoice = _out_of_hands(session, invoice_id)
        if invoice.status == WRITTEN_OFF:
            write_offs.take_back(session, invoice)
        invoices.void_invoice(session, invoice, reason, paid=balance_of(invoice).paid)


def write_off_invoice(organisation_id: int, invoice_id: int, reason: str) -> None:
    """Give up what is left to pay. Raises CannotWriteOff and what release_invoice raises."""
    release_invoice(organisation_id, invoice_id)
    with job_session(organisation_id) as session:
        write_offs.write_off(session, _out_of_hands(session, invoice_id), reason)


def _out_of_hands(session: Session, invoice_id: int) -> Invoice:
    """Locked, surely on no payment page, and no money of it in dispute: what is won comes back to it. Raises
    CannotPay."""
    invoice = get_invoice(session, invoice_id, lock=True)
    if is_disputed(session, invoice_id):
        raise CannotPay(_ARGUED)
    if queries.open_attempt(session, invoice_id) is not None:
        raise CannotPay(_BUSY)  # begun since; under the lock nobody can begin another
    return invoice


def _open_plan(organisation_id: int, invoice_id: int) -> Plan | None:
    with job_session(organisation_id) as session:
        invoice = session.get(Invoice, invoice_id, with_for_update=True)
        if invoice is None:
            raise NotFound
        attempt = present_attempt(session, invoice_id)
        if attempt is None:
            return None
        if attempt.state == "processing":
            raise PaymentUnderWay("The customer's bank is just paying this invoice. Wait until it is paid or refused.")
        return plan_of(session, attempt, [(invoice, queries.balance_of(session, invoice_id))])

"""What stands above an invoice about its money, until somebody has seen to it."""

from flask import g, url_for
from sqlalchemy.orm import Session

from portal.invoices.cautions import NOTICES, PAID_BEFORE, Caution
from portal.invoices.models import DRAFT, SENT, Invoice
from portal.payments import queries
from portal.payments.actions.deposits.taking import waiting_deposits, waiting_for
from portal.payments.autopay.queries import refused_run
from portal.payments.queries import PaidFor
from portal.payments.refunds.queries import dispute_about, failed_refund_of, won_credit_of
from portal.payments.rules import MOST_DECLINES
from portal.shared import formats
from portal.shared.money import Money
from portal.work_orders.models import WorkOrder


def _of_dispute(session: Session, invoice: Invoice) -> Caution | None:
    found = dispute_about(session, invoice.id)
    if found is None:
        return None
    until = f" Answer by {formats.dated(found.due_at)}, {formats.clock_time(found.due_at)}." if found.due_at else ""
    return Caution(
        "The customer's bank looks into a payment of it",
        f"{formats.money(found.amount)} is disputed ({found.reason.replace('_', ' ')}).{until} Nobody is asked for it "
        "meanwhile.",
        url=_payment(found.payment_id), label="See the payment and the evidence", is_first=True,
    )  # fmt: skip


def _of_failed_refund(session: Session, invoice: Invoice) -> Caution | None:
    found = failed_refund_of(session, invoice.id)
    if found is None:
        return None
    return Caution(
        f"{formats.money(found.all_of_it)} did not reach the customer",
        f"{found.last_error.rstrip('.')}. The money is with the firm again: give it back another way.",
        url=_payment(found.payment_id), label="See the payment",
    )  # fmt: skip


def _of_won_credit(session: Session, invoice: Invoice) -> Caution | None:
    found = won_credit_of(session, invoice.id)
    if found is None:
        return None
    return Caution(
        f"{formats.money(found.unused)} came back from the bank, and pays nothing now",
        "The dispute was decided for you, but this invoice was credited or paid otherwise meanwhile. It is the"
        " customer's credit: put it to another invoice of theirs, or give it back.",
        url=_payment(found.payment_id), label="See the payment",
    )  # fmt: skip


def _of_refused_autopay(session: Session, invoice: Invoice) -> Caution | None:
    run = refused_run(session, invoice.id) if invoice.status == SENT else None
    if run is None:
        return None
    again = "It is tried again in three days." if run.state == "waiting" else "The customer has to pay it themselves."
    return Caution("Automatic payment was refused", f"{run.words}. {again}")


def _of_closed_cards(session: Session, invoice: Invoice) -> Caution | None:
    if invoice.status != SENT or queries.refused_cards(session, PaidFor("invoice", invoice.id)) < MOST_DECLINES:
        return None
    may = g.viewer.may("see_board")
    return Caution(
        "No card is taken for it today",
        f"{MOST_DECLINES} cards were refused within a day: somebody may be trying out stolen ones. Speak to the "
        f"customer first.{'' if may else ' A manager can open it again.'}",
        url=url_for("payments.create_card_release", invoice_id=invoice.id) if may else "",
        label="Take cards again", is_deed=True,
    )  # fmt: skip


def _of_deposit(session: Session, invoice: Invoice) -> Caution | None:
    waiting = waiting_for(session, invoice) if invoice.status == DRAFT else None
    if not waiting:
        return None
    return Caution(
        f"The deposit of {formats.money(waiting)} is taken off when it is sent",
        f"Then {formats.money(invoice.amount_due - waiting)} is left to pay.", tone="quiet",
    )  # fmt: skip


def _paid_before(session: Session, job: WorkOrder, currency: str) -> Money:
    return waiting_deposits(session, job.customer_id, currency, [job.id])


def _payment(payment_id: int) -> str:
    return url_for("payments.show", payment_id=payment_id) if g.viewer.may("see_board") else ""


NOTICES.extend((_of_dispute, _of_failed_refund, _of_won_credit, _of_refused_autopay, _of_closed_cards, _of_deposit))
PAID_BEFORE.append(_paid_before)

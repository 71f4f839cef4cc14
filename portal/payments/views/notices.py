"""What stands above an invoice about its money, until somebody has seen to it."""

from collections.abc import Iterator

from flask import g, url_for
from sqlalchemy import Select, literal, select
from sqlalchemy.orm import Session

from portal.invoices.cautions import NOTICES, PAID_BEFORE, TIPS_LEFT, Caution
from portal.invoices.models import DRAFT, SENT, Invoice
from portal.payments.actions.deposits.taking import waiting_deposits, waiting_for
from portal.payments.autopay.models import AutopayRun
from portal.payments.autopay.queries import refused_run
from portal.payments.queries import tips_left_on
from portal.payments.refunds.models import Dispute, Refund
from portal.payments.refunds.queries import disputes_about, failed_refunds_of, given_twice_of, won_credit_of
from portal.payments.refusals import count_refused
from portal.payments.rules import DECLINES_WINDOW, MOST_DECLINES
from portal.payments.uses import PaymentUse
from portal.shared import clock, formats
from portal.shared.money import Money
from portal.work_orders.models import WorkOrder


def _of_money(session: Session, invoice: Invoice) -> Iterator[Caution]:
    """One statement asks whether there is any of it: nearly always there is none."""
    if invoice.status == DRAFT:
        yield from _of_deposit(session, invoice)
        return
    found = session.execute(_asked(invoice.id)).one()
    if found.is_disputed:
        yield from map(_of_dispute, session.scalars(disputes_about(invoice.id)))
    if found.has_failed:
        yield from map(_of_failed_refund, session.scalars(failed_refunds_of(invoice.id)))
    if found.is_twice:
        yield from map(_of_giving_twice, session.scalars(given_twice_of(invoice.id)))
    if found.is_won:
        yield from map(_of_won_credit, session.scalars(won_credit_of(invoice.id)))
    if found.is_refused and invoice.status == SENT:
        yield from map(_of_refused_autopay, session.scalars(refused_run(invoice.id)))
    if found.declines >= MOST_DECLINES and invoice.status == SENT:
        yield _of_closed_cards(invoice)


def _asked(invoice_id: int) -> Select[bool, bool, bool, bool, bool, int]:
    return select(
        disputes_about(invoice_id).exists().label("is_disputed"),
        failed_refunds_of(invoice_id).exists().label("has_failed"),
        given_twice_of(invoice_id).exists().label("is_twice"),
        won_credit_of(invoice_id).exists().label("is_won"),
        refused_run(invoice_id).exists().label("is_refused"),
        count_refused(literal(invoice_id), clock.now() - DECLINES_WINDOW).label("declines"),
    )


def _of_dispute(found: Dispute) -> Caution:
    until = f" Answer by {formats.dated(found.due_at)}, {formats.clock_time(found.due_at)}." if found.due_at else ""
    return Caution(
        "The customer's bank looks into a payment of it",
        f"{formats.money(found.amount)} is disputed ({found.reason.replace('_', ' ')}).{until} Nobody is asked for it "
        "meanwhile.",
        url=_payment(found.payment_id), label="See the payment and the evidence", is_first=True,
    )  # fmt: skip


def _of_failed_refund(found: Refund) -> Caution:
    return Caution(
        f"{formats.money(found.all_of_it)} did not reach the customer",
        f"{found.last_error.rstrip('.')}. The money is with the firm again: give it back another way.",
        url=_payment(found.payment_id), label="See the payment",
    )  # fmt: skip


def _of_giving_twice(found: Refund) -> Caution:
    how = "the bank took it back" if found.way == "dispute" else "it was given back at Stripe"
    return Caution(
        f"{formats.money(found.beyond)} went back twice",
        f"Before {how}, it had gone back another way. Speak to the customer, and say with the payment how it was"
        " settled.",
        url=_payment(found.payment_id), label="See the payment",
    )  # fmt: skip


def _of_won_credit(found: PaymentUse) -> Caution:
    return Caution(
        f"{formats.money(found.unused)} came back from the bank, and pays nothing now",
        "The dispute was decided for you, but this invoice was credited or paid otherwise meanwhile. It is the"
        " customer's credit: put it to another invoice of theirs, or give it back.",
        url=_payment(found.payment_id), label="See the payment",
    )  # fmt: skip


def _of_refused_autopay(run: AutopayRun) -> Caution:
    again = "It is tried again in three days." if run.state == "waiting" else "The customer has to pay it themselves."
    return Caution("Automatic payment was refused", f"{run.words}. {again}")


def _of_closed_cards(invoice: Invoice) -> Caution:
    may = g.viewer.may("see_board")
    return Caution(
        "No card is taken for it today",
        f"{MOST_DECLINES} cards were refused within a day: somebody may be trying out stolen ones. Speak to the "
        f"customer first.{'' if may else ' A manager can open it again.'}",
        url=url_for("payments.create_card_release", invoice_id=invoice.id) if may else "",
        label="Take cards again", is_deed=True,
    )  # fmt: skip


def _of_deposit(session: Session, invoice: Invoice) -> Iterator[Caution]:
    waiting = waiting_for(session, invoice)
    if waiting:
        yield Caution(
            f"The deposit of {formats.money(waiting)} is taken off when it is sent",
            f"Then {formats.money(invoice.amount_due - waiting)} is left to pay.", tone="quiet",
        )  # fmt: skip


def _paid_before(session: Session, job: WorkOrder, currency: str) -> Money:
    return waiting_deposits(session, job.customer_id, currency, [job.id])


def _tips_left(session: Session, invoice: Invoice) -> Money:
    return tips_left_on(session, invoice.id, invoice.currency)


def _payment(payment_id: int) -> str:
    return url_for("payments.show", payment_id=payment_id) if g.viewer.may("see_board") else ""


NOTICES.append(_of_money)
PAID_BEFORE.append(_paid_before)
TIPS_LEFT.append(_tips_left)

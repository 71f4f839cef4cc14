"""Credit notes that lower what is to pay, and give back what was paid: a card page that still asks for the old sum is
closed first."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from portal.invoices.credit_notes import actions, queries
from portal.invoices.credit_notes.forms import Wanted
from portal.invoices.credit_notes.models import CreditNote
from portal.invoices.queries import get_invoice
from portal.organisations.models import Organisation
from portal.payments.actions.allocation import (
    check_not_being_paid,
    check_nothing_under_way,
    lock_customer,
    lock_invoices,
)
from portal.payments.actions.refund_news import tell_of_refund
from portal.payments.actions.refunds import CannotRefund, plan_refund
from portal.payments.actions.releases import release_invoice
from portal.payments.models import Payment
from portal.payments.queries import get_payment, payments_of
from portal.payments.refunds.models import Refund
from portal.shared import formats
from portal.shared.money import Money
from portal.shared.running import job_session


def raise_credit_note(
    organisation_id: int, invoice_id: int, wanted: Wanted, *, form_id: str | None, raised_by: int
) -> int:  # fmt: skip
    """The note's number in the database; the same form twice is one note, and gives back once.

    Calls Stripe between short transactions of its own. Raises NotFound, CannotCredit, CannotRefund and what
    release_invoice raises.
    """
    if not wanted.keep:
        release_invoice(organisation_id, invoice_id, whole=True)
    with job_session(organisation_id) as session:
        if wanted.back:  # before the invoice, as whoever moves money does
            lock_customer(session, get_invoice(session, invoice_id).customer_id)
        invoice = get_invoice(session, invoice_id, lock=True)
        made = queries.find_by_form(session, form_id) if form_id else None
        if made is not None:
            return made.id
        if not wanted.keep:
            check_not_being_paid(session, invoice_id)
            check_nothing_under_way(session, invoice_id)
        note = actions.raise_credit_note(
            session, session.get_one(Organisation, organisation_id), invoice, wanted.parts, wanted.reason,
            keep=wanted.keep, form_id=form_id, raised_by=raised_by, goes_back=bool(wanted.back),
        )  # fmt: skip
        left = queries.kept_as_credit(session, note)
        if wanted.back and (left or wanted.tip):
            back = _give_back(session, note, left, wanted, form_id=form_id or f"note-{note.id}", by=raised_by)
            actions.apply_credit(session, note, get_invoice(session, invoice_id, lock=True))
            for refund in back:
                if refund.way != "stripe":  # the worker tells of these, when Stripe has taken them
                    tell_of_refund(session, refund)
        return note.id


def _give_back(
    session: Session, note: CreditNote, amount: Money, wanted: Wanted, *, form_id: str, by: int | None
) -> list[Refund]:  # fmt: skip
    """Out of the invoice's payments, of each no more than it brought, and of the tips what was asked for. The note then
    takes their place."""
    left, made, tip = amount, [], wanted.tip or Money.zero(amount.currency)
    for payment, part in share_out(payments_of(session, note.invoice_id), amount, wanted.back):
        way = wanted.back if wanted.back != "stripe" or payment.provider == "stripe" else "bank_transfer"
        of_tip = min(tip, get_payment(session, payment.id).use.tip_left)
        made.append(plan_refund(
            session, payment.id, part, way=way, reason=wanted.reason, by=by, form_id=f"{form_id}:{payment.id}",
            of_invoice=note.invoice_id, tip=of_tip, of_note=note.id,
        ))  # fmt: skip
        left, tip = left - part, tip - of_tip
    if tip:
        most = formats.money((wanted.tip or tip) - tip)
        raise CannotRefund(f"Only {most} of the tip can go back with this.", field="tip")
    if left:
        raise CannotRefund(f"Only {formats.money(amount - left)} was paid on this invoice.", field="then")
    return made


def share_out(
    paid: Sequence[tuple[Payment, Money]], amount: Money, way: str
) -> list[tuple[Payment, Money]]:  # fmt: skip
    """How much of each payment goes back: those that came this way first, and of these the newest.

    paid  each payment of an invoice, and how much of it the invoice has
    """
    by_card = way == "stripe"
    order = sorted(paid, key=lambda each: ((each[0].provider == "stripe") is not by_card, -each[0].id))
    parts, left = [], amount
    for payment, most in order:
        part = min(left, most)
        if part:
            parts.append((payment, part))
        left -= part
    return parts


def put_credit_note(organisation_id: int, credit_note_id: int, invoice_id: int) -> None:
    """Put what is kept of a note to another invoice of the same customer. Raises as raise_credit_note does."""
    release_invoice(organisation_id, invoice_id)
    with job_session(organisation_id) as session:
        note = queries.get_credit_note(session, credit_note_id)
        lock_customer(session, note.customer_id)  # what can be given back of other credit depends on where this goes
        locked = lock_invoices(session, (note.invoice_id, invoice_id))
        check_not_being_paid(session, invoice_id)
        actions.apply_credit(session, note, locked[invoice_id])

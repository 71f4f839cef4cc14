"""Voiding a credit note: no payment page that asks for the old sum stays open, and no money that went back with it is
given up twice."""

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from portal.invoices.credit_notes import queries, rules, voiding
from portal.invoices.credit_notes.models import CreditNote, CreditRefund
from portal.payments.actions.allocation import check_not_being_paid, lock_customer, lock_invoices
from portal.payments.actions.releases import release_invoice
from portal.payments.refunds.limits import covered
from portal.payments.refunds.models import COUNTS, Refund
from portal.payments.refunds.queries import WITH_REFUND
from portal.shared.money import Money
from portal.shared.running import job_session

_ELSEWHERE = (
    "Money went back out of this customer's credit that would not be theirs without this note. Bill what was taken back"
    " on a new invoice."
)


def void_credit_note(organisation_id: int, credit_note_id: int, reason: str, by: int | None = None) -> None:
    """Calls Stripe between short transactions of its own. Raises NotFound, CannotVoidNote and what release_invoice
    raises."""
    with job_session(organisation_id) as session:
        note = queries.get_credit_note(session, credit_note_id)
        voiding.check_voidable(session, note)  # before a customer's payment page is closed for nothing
        invoice_ids = list(queries.applied_of(session, note))
    for invoice_id in invoice_ids:
        release_invoice(organisation_id, invoice_id)
    with job_session(organisation_id) as session:
        note = queries.get_credit_note(session, credit_note_id)
        void_note(session, note, reason, by=by)


def void_note(session: Session, note: CreditNote, reason: str, *, by: int | None) -> None:
    """In the caller's transaction, no page open that asks for the old sum. Raises CannotVoidNote, CannotPay."""
    lock_customer(session, note.customer_id)
    invoices = lock_invoices(session, {note.invoice_id, *queries.applied_of(session, note)})
    session.refresh(note, ["voiding"])
    for invoice_id in queries.applied_of(session, note):
        check_not_being_paid(session, invoice_id)
    before = covered(session, note.customer_id, note.currency)
    voiding.void_credit_note(session, note, invoices, reason, by=by)
    after = covered(session, note.customer_id, note.currency)
    if after < min(before, 0):
        raise rules.CannotVoidNote(_ELSEWHERE)


def money_back(session: Session, note: CreditNote) -> Money:
    """What the customer got of it, or with it, in money."""
    of_hand = select(func.coalesce(func.sum(CreditRefund.amount_minor), 0)).where(
        CreditRefund.credit_note_id == note.id
    )
    beside = [Refund.credit_note_id == note.id]
    form_id = note.form_id or ""
    if form_id.startswith(WITH_REFUND):  # one that came after it stands in for asking again: voided, it is asked for
        beside.append(Refund.id == int(form_id.split("-")[1]))
    of_payments = select(func.coalesce(func.sum(Refund.amount_minor), 0)).where(or_(*beside), Refund.state.in_(COUNTS))
    both = of_hand.scalar_subquery() + of_payments.scalar_subquery()
    return Money(int(session.scalars(select(both)).one()), note.currency)

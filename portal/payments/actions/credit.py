"""The customer's credit: what was received and is not used, and what credit notes left. It can pay another invoice."""

from sqlalchemy.orm import Session

from portal.invoices.credit_notes import actions as notes
from portal.invoices.credit_notes.queries import kept_notes
from portal.invoices.models import SENT, Invoice
from portal.invoices.queries import due_on, get_invoice
from portal.organisations import audit
from portal.organisations.models import Organisation
from portal.payments.actions.allocation import AT_THE_BANK, check_not_being_paid, lock_customer, lock_invoices, put_to
from portal.payments.actions.releases import release_invoice
from portal.payments.credits import unused_credit
from portal.payments.models import Payment
from portal.payments.rules import CannotRecord
from portal.shared import formats, outbox
from portal.shared.money import Money
from portal.shared.running import job_session


def apply_credit(organisation_id: int, invoice_id: int) -> Money:
    """Put the customer's credit to this invoice: deposits of its own jobs, then the oldest payment first, then what
    credit notes left, up to what is due and not under way at a bank. A deposit held for another job stays.

    How much that was.
    Safe to repeat. Calls Stripe between short transactions of its own. Raises CannotRecord and what release_invoice
    raises.
    """
    release_invoice(organisation_id, invoice_id)
    with job_session(organisation_id) as session:
        invoice = _locked(session, invoice_id)
        stands = due_on(session, invoice_id)
        due = stands.to_pay
        if invoice.status != SENT or not due:
            raise CannotRecord(AT_THE_BANK if stands.under_way else "There is nothing to pay on this invoice.")
        check_not_being_paid(session, invoice_id)
        left = due - _out_of_payments(session, invoice, due)
        for kept in kept_notes(session, invoice.customer_id, invoice.currency):
            if left:
                left -= notes.apply_credit(session, kept.note, get_invoice(session, invoice_id))
        if left == due:
            raise CannotRecord("This customer has no credit left.")
        return due - left


def _locked(session: Session, invoice_id: int) -> Invoice:
    """With the customer, and the invoices of its credit notes: their locks stand for the notes'."""
    invoice = get_invoice(session, invoice_id)
    lock_customer(session, invoice.customer_id)
    kept = kept_notes(session, invoice.customer_id, invoice.currency)
    return lock_invoices(session, [invoice_id, *(each.note.invoice_id for each in kept)])[invoice_id]


def _out_of_payments(session: Session, invoice: Invoice, due: Money) -> Money:
    """How much that was."""
    left, changed = due, [("invoice", invoice.id)]
    for use in unused_credit(session, invoice.customer_id, invoice.currency, invoice_id=invoice.id):
        part = Money(min(use.unused_minor, left.minor), left.currency)
        if part:
            put_to(session, session.get_one(Payment, use.payment_id), {invoice.id: part})
            changed.append(("payment", use.payment_id))
            left -= part
    if left != due:
        locale = session.get_one(Organisation, invoice.organisation_id).locale
        words = f"{formats.money(due - left, locale)} paid from the customer's credit"
        audit.note(session, invoice.organisation_id, "credit used", "invoice", invoice.id, words=words)
        outbox.record_all(session, invoice.organisation_id, *changed)
    return due - left

"""The customer's credit: what was received and is not used. It can pay another invoice later."""

from portal.invoices.models import SENT
from portal.invoices.queries import get_invoice
from portal.organisations import audit
from portal.organisations.models import Organisation
from portal.payments import queries
from portal.payments.actions.allocation import check_not_being_paid, lock_customer, lock_invoices, put_to
from portal.payments.actions.releases import release_invoice
from portal.payments.models import Payment
from portal.payments.rules import CannotRecord
from portal.shared import formats, outbox
from portal.shared.money import Money
from portal.shared.running import job_session


def apply_credit(organisation_id: int, invoice_id: int) -> Money:
    """Put the customer's credit to this invoice, oldest payment first, up to what is due. How much that was.

    Safe to repeat. Calls Stripe between short transactions of its own. Raises CannotRecord and what release_invoice
    raises.
    """
    release_invoice(organisation_id, invoice_id)
    with job_session(organisation_id) as session:
        customer_id = get_invoice(session, invoice_id).customer_id
        lock_customer(session, customer_id)
        invoice = lock_invoices(session, [invoice_id])[invoice_id]
        due = left = queries.balance_of(session, invoice_id)
        if invoice.status != SENT or due <= Money.zero(due.currency):
            raise CannotRecord("There is nothing to pay on this invoice.")
        check_not_being_paid(session, invoice_id)
        changed = [("invoice", invoice_id)]
        for use in queries.unused_credit(session, customer_id, invoice.currency):
            part = Money(min(use.unused_minor, left.minor), left.currency)
            put_to(session, session.get_one(Payment, use.payment_id), {invoice_id: part})
            changed.append(("payment", use.payment_id))
            left -= part
            if not left:
                break
        if left == due:
            raise CannotRecord("This customer has no credit left.")
        locale = session.get_one(Organisation, organisation_id).locale
        words = f"{formats.money(due - left, locale)} paid from the customer's credit"
        audit.note(session, organisation_id, "credit used", "invoice", invoice_id, words=words)
        outbox.record_all(session, organisation_id, *changed)
        return due - left

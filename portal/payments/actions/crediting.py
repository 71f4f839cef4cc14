"""Credit notes that lower what is to pay: a card page that still asks for the old sum is closed first."""

from portal.invoices.credit_notes import actions, queries
from portal.invoices.credit_notes.forms import Wanted
from portal.invoices.queries import get_invoice
from portal.organisations.models import Organisation
from portal.payments.actions.allocation import check_not_being_paid, lock_invoices
from portal.payments.actions.releases import release_invoice
from portal.shared.running import job_session


def raise_credit_note(
    organisation_id: int, invoice_id: int, wanted: Wanted, *, form_id: str | None, raised_by: int
) -> int:  # fmt: skip
    """The note's number in the database; the same form twice is one note.

    Calls Stripe between short transactions of its own. Raises NotFound, CannotCredit and what release_invoice raises.
    """
    if not wanted.keep:
        release_invoice(organisation_id, invoice_id)
    with job_session(organisation_id) as session:
        invoice = get_invoice(session, invoice_id, lock=True)
        made = queries.find_by_form(session, form_id) if form_id else None
        if made is not None:
            return made.id
        if not wanted.keep:
            check_not_being_paid(session, invoice_id)
        note = actions.raise_credit_note(
            session, session.get_one(Organisation, organisation_id), invoice, wanted.parts, wanted.reason,
            keep=wanted.keep, form_id=form_id, raised_by=raised_by,
        )  # fmt: skip
        return note.id


def put_credit_note(organisation_id: int, credit_note_id: int, invoice_id: int) -> None:
    """Put what is kept of a note to another invoice of the same customer. Raises as raise_credit_note does."""
    release_invoice(organisation_id, invoice_id)
    with job_session(organisation_id) as session:
        note = queries.get_credit_note(session, credit_note_id)
        locked = lock_invoices(session, (note.invoice_id, invoice_id))
        check_not_being_paid(session, invoice_id)
        actions.apply_credit(session, note, locked[invoice_id])

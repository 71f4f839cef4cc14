"""Ending here what was ended in Zoho, when a person says so: voided, reversed, retired, never erased."""

from sqlalchemy import func
from sqlalchemy.orm import Session

from portal.accounting.mirror import records
from portal.accounting.models import MirrorRecord
from portal.accounting.pull.models import Question
from portal.catalogue.actions import retire_item
from portal.catalogue.models import Item
from portal.customers.actions import retire_customer
from portal.customers.models import Customer
from portal.invoices.models import SENT, Invoice
from portal.payments.actions import reverse_payment, void_invoice
from portal.shared import outbox

_WHY = "Ended in Zoho"


def void_here(session: Session, question: Question) -> None:
    """Speaks to Stripe where a payment page is open: no transaction is. Raises RuleBroken, GatewayError."""
    invoice = session.get(Invoice, question.local_id)
    is_open = invoice is not None and invoice.status == SENT
    session.commit()
    if is_open:
        void_invoice(question.organisation_id, question.local_id or 0, _WHY)


def end_here(session: Session, record: MirrorRecord, person_id: int) -> None:
    """An invoice was voided before. Raises RuleBroken. Does not commit."""
    if record.module == "payment":
        reverse_payment(session, record.local_id, _WHY, by=person_id)
    elif record.module == "item":
        retire_item(session, session.get_one(Item, record.local_id))
    elif record.module == "customer":
        retire_customer(session, session.get_one(Customer, record.local_id))
    session.flush()
    leave_as_it_is(session, record)


def leave_as_it_is(session: Session, record: MirrorRecord) -> None:
    """Nothing of it is sent any more, whatever happens here. Does not commit."""
    record.snapshot = (record.snapshot or {}) | {"is_theirs": True}
    record.state, record.attempts, record.sending_since = "in_step", 0, None
    record.last_error = record.last_error_code = ""
    record.version_pushed = records.version_of(session, record)
    record.next_try_at = func.clock_timestamp()
    outbox.settle(session, record.organisation_id, record.module, record.local_id, record.version_pushed)

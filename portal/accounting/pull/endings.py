"""Ending here what was ended in Zoho, when a person says so: voided, reversed, retired, never erased."""

from collections.abc import Callable

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.accounting.mirror import records, sources
from portal.accounting.models import MirrorRecord
from portal.accounting.pull.models import Question
from portal.catalogue.actions import retire_item
from portal.catalogue.models import Item
from portal.customers.actions import retire_customer
from portal.customers.models import Customer
from portal.invoices.models import SENT, Invoice
from portal.invoices.queries import due_on
from portal.payments.actions import reverse_payment, void_invoice
from portal.shared import outbox

WHY = "Corrected in our books"  # which the customer reads, too


def end_invoice_here(session: Session, question: Question, deed: Callable[[int, int, str], object], why: str) -> None:
    """Where it is still in force. deed: voids it or writes it off, and speaks to Stripe where a payment page is open:
    no transaction is. Raises RuleBroken, GatewayError."""
    invoice = session.get(Invoice, question.local_id)
    status = invoice.status if invoice is not None else ""
    is_to_pay = invoice is not None and bool(due_on(session, invoice.id).balance)
    session.commit()
    if status == SENT and (deed is void_invoice or is_to_pay):
        deed(question.organisation_id, question.local_id or 0, why)


def end_here(session: Session, record: MirrorRecord, person_id: int) -> None:
    """An invoice was voided before. Raises RuleBroken. Does not commit."""
    if record.module == "payment":
        reverse_payment(session, record.local_id, WHY, by=person_id)
    elif record.module == "item":
        retire_item(session, session.get_one(Item, record.local_id))
    elif record.module == "customer":
        retire_customer(session, session.get_one(Customer, record.local_id))
    session.flush()
    leave_as_it_is(session, record)
    wake_what_waits(session, record)


def join(session: Session, record: MirrorRecord, into: str) -> None:
    """A customer whom Zoho knows only as a part of another: what goes over for him goes to that one. Does not commit.

    Where nobody here is that one yet, he is from now on, and what differs is asked about. Else he stands beside that
    customer of ours, and nothing of himself is sent any more.
    """
    holder = session.scalars(
        select(MirrorRecord.local_id)
        .where(MirrorRecord.link_id == record.link_id, MirrorRecord.module == record.module)
        .where(MirrorRecord.remote_id == into)
    ).first()
    record.remote_id, record.remote_modified_at, record.snapshot = None, None, None
    if holder is not None:
        leave_as_it_is(session, record)
        wake_what_waits(session, record)
        record.snapshot = {"is_theirs": True, "joined": holder}
        return
    record.remote_id, record.state, record.attempts = into, "pending", 0
    record.next_try_at, record.sending_since = func.clock_timestamp(), None
    outbox.record(session, record.organisation_id, record.module, record.local_id)


def wake_what_waits(session: Session, record: MirrorRecord) -> None:
    """What waits for this record looks again now. Does not commit."""
    source = sources.read(session, record.module, record.local_id)
    if source is not None:
        records.wake_waiting(session, record, source.label)


def leave_as_it_is(session: Session, record: MirrorRecord) -> None:
    """Nothing of it is sent any more, whatever happens here. Does not commit."""
    record.snapshot = (record.snapshot or {}) | {"is_theirs": True}
    record.state, record.attempts, record.sending_since = "in_step", 0, None
    record.last_error = record.last_error_code = ""
    record.version_pushed = records.version_of(session, record)
    record.next_try_at = func.clock_timestamp()
    outbox.settle(session, record.organisation_id, record.module, record.local_id, record.version_pushed)

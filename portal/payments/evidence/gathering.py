"""One archive for one payment: its papers, the customer's signature, photos of the work, and what happened when.

The files are called after the fields of Stripe's evidence form, so that whoever answers knows where each goes.
"""

import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from portal.invoices.documents.papers import invoice_paper
from portal.invoices.documents.pdf import record_pdf
from portal.invoices.models import Invoice
from portal.invoices.queries import get_invoice
from portal.messages.rules import STAFF_TOLD
from portal.organisations.models import AuditEntry, Organisation
from portal.payments.deposits import Deposit
from portal.payments.models import Allocation, Payment
from portal.payments.papers import receipt_paper
from portal.shared import clock, formats
from portal.work_orders.models import WorkOrder
from portal.work_orders.pictures.models import JobPicture
from portal.work_orders.pictures.queries import contents_of, jobs_of

Told = tuple[str, str, str]  # when, what, who
_MOST_EVENTS = 500
# What the mirror tells of an invoice is between the firm and its accountant; the bank has no use for it.
OF_THE_BOOKS = (
    "in the books", "not in the books", "dated today in the books", "marked sent", "paper attached",
    "difference settled", "stays elsewhere", "invoice stays", "to enter by hand", "numbered otherwise in the books",
    "credit taken off",
)  # fmt: skip
# Why somebody did it is written for the firm's own eyes: told is what was done, up to the colon.
_REASONED = (
    "payment reversed", "credit given back", "invoice voided", "credit note voided", "invoice written off",
    "reminders paused",
)  # fmt: skip
_REFUNDS = "refund "  # planned, succeeded, …: their words have a reason, too


def evidence_pack(
    session: Session, organisation: Organisation, payment: Payment, *, with_reasons: bool = False
) -> bytes:  # fmt: skip
    """A ZIP archive. Reads everything and writes nothing but papers that were not kept yet.

    with_reasons  also why staff did what they did, in their own words
    """
    invoices = [get_invoice(session, invoice_id) for invoice_id in _invoice_ids(session, payment)]
    jobs = jobs_of([line.work_order_line_id for invoice in invoices for line in invoice.lines])
    paid_before = select(Deposit.work_order_id).where(Deposit.payment_id == payment.id)
    its_jobs = or_(WorkOrder.id.in_(jobs), WorkOrder.id.in_(paid_before))
    job_ids = session.scalars(select(WorkOrder.id).where(its_jobs).order_by(WorkOrder.id)).all()
    pictures = contents_of(session, job_ids)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as pack:  # PDF and JPEG are small already
        events = _told(_events(session, payment, invoices, job_ids), with_reasons=with_reasons)
        for name, content in _files(session, organisation, payment, invoices, events, pictures):
            pack.writestr(name, content)
    return archive.getvalue()


def _files(
    session: Session, organisation: Organisation, payment: Payment, invoices: Sequence[Invoice],
    events: Sequence[Told], pictures: Iterable[JobPicture],
) -> Iterator[tuple[str, bytes]]:  # fmt: skip
    yield "service_documentation.pdf", record_pdf(_record(organisation, payment, invoices, events), clock.now())
    yield "receipt.pdf", receipt_paper(session, organisation, payment)
    for invoice in invoices:
        yield f"invoice_{invoice.number}.pdf", invoice_paper(session, organisation, invoice)
    for number, picture in enumerate(pictures, 1):
        kind = "customer_signature" if picture.is_signature else "uncategorized_file_photo"
        yield f"{kind}_{number}.jpg", picture.content


def _invoice_ids(session: Session, payment: Payment) -> Sequence[int]:
    """Also those from which the bank has taken the money back."""
    found = select(Allocation.invoice_id).where(Allocation.payment_id == payment.id).distinct()
    return session.scalars(found.order_by(Allocation.invoice_id)).all()


def _events(
    session: Session, payment: Payment, invoices: Sequence[Invoice], job_ids: Sequence[int]
) -> Sequence[AuditEntry]:
    """What people read on the timelines of job, invoice and payment, in order of time: neither what the books say nor
    what the firm tells its own people."""
    groups = (("work_order", list(job_ids)), ("invoice", [each.id for each in invoices]), ("payment", [payment.id]))
    told = or_(*(and_(AuditEntry.record == record, AuditEntry.record_id.in_(ids)) for record, ids in groups))
    told = and_(told, AuditEntry.words != "", AuditEntry.action.not_in((*OF_THE_BOOKS, STAFF_TOLD)))
    is_told_on_invoice = and_(AuditEntry.action == "question asked", AuditEntry.record == "work_order")
    told = and_(told, ~is_told_on_invoice)
    found = select(AuditEntry).where(told).order_by(AuditEntry.created_at, AuditEntry.id)
    return session.scalars(found.limit(_MOST_EVENTS)).all()


def _record(
    organisation: Organisation, payment: Payment, invoices: Sequence[Invoice], events: Sequence[Told]
) -> dict[str, object]:
    return {
        "title": f"What happened: payment {payment.number}",
        "firm": [organisation.name, *filter(None, [organisation.address, organisation.email, organisation.phone])],
        "facts": [
            ["Paid", f"{formats.money(payment.amount)} on {formats.dated(payment.received_on)}"],
            ["For", ", ".join(f"invoice {each.number}" for each in invoices) or "a deposit before the work"],
            *(["Work", " ".join(filter(None, [each.title, each.work_done]))] for each in invoices),
            *(["Customer", str(each.bill_to.get("name", ""))] for each in invoices[:1]),
        ],
        "events": events,
    }


def _told(events: Sequence[AuditEntry], *, with_reasons: bool) -> Sequence[Told]:
    """One thing may stand on the timelines of two records: it is told once."""
    return list(dict.fromkeys(
        (_when(each.created_at), each.words if with_reasons else _without_reason(each), _who(each)) for each in events
    ))  # fmt: skip


def _without_reason(entry: AuditEntry) -> str:
    is_reasoned = entry.action in _REASONED or entry.action.startswith(_REFUNDS)
    return entry.words.partition(": ")[0] if is_reasoned else entry.words


def _when(at: datetime) -> str:
    return f"{formats.dated(at)}, {formats.clock_time(at)}"


def _who(entry: AuditEntry) -> str:
    """Of the customer the address too: it shows that the payer saw what was bought."""
    if entry.actor == "customer":
        return f"customer, from {entry.address}" if entry.address else "customer"
    return entry.actor_name

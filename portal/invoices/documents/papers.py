"""Kept papers: each is made once, by the worker, and the same bytes are served ever after.

A page that is quicker than the worker makes the paper for itself and keeps nothing: looking changes nothing, and the
same facts give the same bytes.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import String, bindparam, case, cast, exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from portal.invoices.credit_notes.models import CreditNote, CreditNoteVoid
from portal.invoices.credit_notes.queries import get_credit_note
from portal.invoices.documents.models import Document
from portal.invoices.documents.pdf import credit_note_pdf, render_pdf
from portal.invoices.models import DRAFT, VOID, Invoice
from portal.invoices.queries import get_invoice
from portal.organisations.models import Organisation
from portal.shared import clock, queues

MOST_AT_ONCE = 20
# How far back the worker looks for papers that are missing: what a crash or a long outage may have left.
LOOKED_BACK = timedelta(days=7)


@dataclass(frozen=True)
class Edition:
    """Names one paper of one record."""

    kind: str
    record_id: int
    name: str = "1"


def invoice_paper(session: Session, organisation: Organisation, invoice: Invoice) -> bytes:
    """`invoice` as get_invoice reads it. A draft's paper is made anew each time: it can still change."""
    if invoice.status == DRAFT:
        return render_pdf(organisation, invoice)
    return kept_or_made(session, edition_of(invoice), lambda: render_pdf(organisation, invoice))


def credit_note_paper(session: Session, organisation: Organisation, note: CreditNote) -> bytes:
    """`note` as get_credit_note reads it."""
    return kept_or_made(session, edition_of_note(note), lambda: credit_note_pdf(organisation, note))


def edition_of(invoice: Invoice) -> Edition:
    stamp = " void" if invoice.status == VOID else ""
    return Edition("invoice", invoice.id, f"{invoice.revision}{stamp}")


def edition_of_note(note: CreditNote) -> Edition:
    return Edition("credit_note", note.id, "1 void" if note.is_void else "1")


def kept_or_made(session: Session, edition: Edition, make: Callable[[], bytes]) -> bytes:
    found = session.scalars(
        select(Document.content).where(
            Document.kind == edition.kind, Document.record_id == edition.record_id, Document.edition == edition.name
        )
    ).one_or_none()
    return make() if found is None else found


def keep(session: Session, organisation_id: int, edition: Edition, content: bytes) -> None:
    """The first one stays, whoever else makes it at the same time. Does not commit."""
    session.execute(
        insert(Document)
        .values(
            organisation_id=organisation_id, kind=edition.kind, record_id=edition.record_id, edition=edition.name,
            content=content, sha256=hashlib.sha256(content).digest(),
        )
        .on_conflict_do_nothing()
    )  # fmt: skip


def keep_missing(session: Session, organisation: Organisation) -> int:
    """Make papers that are not kept yet, a few at a time. How many that were. Does not commit."""
    since = {"since": clock.now() - LOOKED_BACK}
    invoice_ids = session.scalars(_INVOICES, since).all()
    for invoice_id in invoice_ids:
        invoice = get_invoice(session, invoice_id)
        keep(session, organisation.id, edition_of(invoice), render_pdf(organisation, invoice))
    if invoice_ids:
        queues.wake(session, "mirror", organisation.id)  # which attaches them in the books, where that is wanted
    note_ids = session.scalars(_NOTES, since).all()
    for note_id in note_ids:
        note = get_credit_note(session, note_id)
        keep(session, organisation.id, edition_of_note(note), credit_note_pdf(organisation, note))
    return len(invoice_ids) + len(note_ids)


_STAMP = case((Invoice.status == VOID, " void"), else_="")
_INVOICES = (
    select(Invoice.id)
    .where(
        Invoice.status != DRAFT, func.coalesce(Invoice.voided_at, Invoice.sent_at) >= bindparam("since"),
        ~exists().where(
            Document.kind == "invoice", Document.record_id == Invoice.id,
            Document.edition == cast(Invoice.revision, String) + _STAMP,
        ),
    )
    .order_by(Invoice.id.desc())
    .limit(MOST_AT_ONCE)
)  # fmt: skip
_NOTES = (
    select(CreditNote.id)
    .outerjoin(CreditNoteVoid, CreditNoteVoid.credit_note_id == CreditNote.id)
    .where(
        func.coalesce(CreditNoteVoid.created_at, CreditNote.created_at) >= bindparam("since"),
        ~exists().where(
            Document.kind == "credit_note", Document.record_id == CreditNote.id,
            Document.edition == case((CreditNoteVoid.id.is_not(None), "1 void"), else_="1"),
        ),
    )
    .order_by(CreditNote.id.desc())
    .limit(MOST_AT_ONCE)
)  # fmt: skip

"""Voiding a credit note: what it was put to is to be paid again, and its lines can be credited and billed as before.

The note and what it was put to stay written down; only rows are added.
"""

from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from portal.invoices import frozen
from portal.invoices.credit_notes import queries, rules
from portal.invoices.credit_notes.models import CreditApplication, CreditNote, CreditNoteVoid
from portal.invoices.documents.rules import may_void
from portal.invoices.models import DRAFT, Invoice
from portal.organisations import audit
from portal.organisations.models import Organisation
from portal.shared import formats, outbox, queues
from portal.shared.money import Money
from portal.taxes.arithmetic import Breakdown, credit
from portal.work_orders.models import BillingClaim

_LATER = (
    "Credit note {} over the same invoice was reckoned after it, and without this one its cents would not fit. Void {} "
    "first."
)


# What the customer got in money of a note, or with it, as whoever keeps the money says.
MONEY_BACK: list[Callable[[Session, CreditNote], Money]] = []


def check_voidable(session: Session, note: CreditNote) -> None:
    """Raises CannotVoidNote. What else stands in its way, in notes that were reckoned after it and in what became of
    the customer's other credit, is only found out by voiding.

    note  as get_credit_note reads it
    """
    rules.check_note_voidable(
        is_void=note.is_void, is_lawful=may_void(str((note.letterhead or {}).get("country", ""))),
        given_back=Money.total((asked(session, note) for asked in MONEY_BACK), note.currency),
        billed_again=_billed_again(session, note),
    )  # fmt: skip
    for of in queries.lowered_by(session, note):
        rules.check_loses_credit(of.number or "", of.status, of.written_off)


def why_in_force(session: Session, note: CreditNote) -> str:
    """Why it cannot be voided, as far as check_voidable tells; "" where it can."""
    try:
        check_voidable(session, note)
    except rules.CannotVoidNote as problem:
        return problem.sentence
    return ""


def void_credit_note(
    session: Session, note: CreditNote, invoices: Mapping[int, Invoice], reason: str, *, by: int | None = None
) -> None:
    """Raises CannotVoidNote. Does not commit.

    note      as get_credit_note reads it
    invoices  its own and those that it is put to, with lines, locked by the caller as its customer is
    by        None: the books had it so
    """
    check_voidable(session, note)
    invoice, applied = invoices[note.invoice_id], queries.applied_of(session, note)
    for claim in _freed(session, note):
        claim.released_at = None
    take_off(session, note, applied)
    session.add(
        CreditNoteVoid(organisation_id=note.organisation_id, credit_note_id=note.id, reason=reason, voided_by=by)
    )
    session.flush()
    session.expire(note, ["voiding"])
    _check_rest(session, note, invoice)
    _announce(session, note, [invoice.id, *applied], reason)


def take_off(session: Session, note: CreditNote, parts: Mapping[int, Money]) -> None:
    """So much of it lowers these invoices no more. Does not commit."""
    session.add_all(
        CreditApplication(
            organisation_id=note.organisation_id, credit_note_id=note.id, invoice_id=invoice_id,
            amount_minor=-part.minor, currency=note.currency,
        )
        for invoice_id, part in parts.items()
    )  # fmt: skip
    session.flush()


def _freed(session: Session, note: CreditNote) -> Sequence[BillingClaim]:
    """Of its lines, those that somebody let be billed again: they are this invoice's once more."""
    found = session.scalars(_once_released(note).order_by(BillingClaim.id))
    newest = {claim.work_order_line_id: claim for claim in found}
    return list(newest.values())


def _once_released(note: CreditNote) -> Select[BillingClaim]:
    taken = [line.invoice_line_id for line in note.lines]
    ours = [line.work_order_line_id for line in note.invoice.lines if line.id in taken and line.work_order_line_id]
    return select(BillingClaim).where(
        BillingClaim.invoice_id == note.invoice_id, BillingClaim.work_order_line_id.in_(ours),
        BillingClaim.released_at.is_not(None),
    )  # fmt: skip


def _billed_again(session: Session, note: CreditNote) -> str:
    released = _once_released(note).with_only_columns(BillingClaim.work_order_line_id)
    found = session.execute(
        select(Invoice.number, Invoice.status)
        .join(BillingClaim, BillingClaim.invoice_id == Invoice.id)
        .where(BillingClaim.work_order_line_id.in_(released), BillingClaim.released_at.is_(None))
        .order_by(Invoice.id)
    ).first()
    if found is None:
        return ""
    return "a draft" if found.status == DRAFT else str(found.number)


def _check_rest(session: Session, note: CreditNote, invoice: Invoice) -> None:
    """What the other notes took must be what one note over all their lines would take: else cents of a row would be
    credited twice, or never."""
    rest = [each for each in queries.notes_of(session, invoice.id) if not each.is_void]
    if not any(each.id > note.id for each in rest):
        return
    whole, policy = frozen.from_text(invoice.breakdown or {}, invoice.currency)
    taken, zero = queries.credited_lines(session, invoice), Money.zero(invoice.currency)
    at_once = _figures(credit(whole, policy, [taken.get(at, zero) for at in range(len(whole.lines))]))
    each_one = [_figures(frozen.from_text(each.breakdown, note.currency)[0]) for each in rest]
    if [sum(column) for column in zip(*each_one, strict=True)] != at_once:
        later = max(rest, key=lambda each: each.id).number
        raise rules.CannotVoidNote(_LATER.format(later, later))


def _figures(part: Breakdown) -> list[int]:
    """In minor units; a note has a row for each of the invoice's taxes."""
    sums = (part.subtotal, part.discount, part.adjustment, part.rounding_adjustment, part.total, part.amount_due)
    return [each.minor for each in (*sums, *(row.base for row in part.taxes), *(row.amount for row in part.taxes))]


def _announce(session: Session, note: CreditNote, invoice_ids: Sequence[int], reason: str) -> None:
    locale = session.get_one(Organisation, note.organisation_id).locale
    words = f"Credit note {note.number} over {formats.money(note.total, locale)} voided: {reason}"
    for invoice_id in dict.fromkeys(invoice_ids):
        audit.note(session, note.organisation_id, "credit note voided", "invoice", invoice_id, words=words)
        outbox.record(session, note.organisation_id, "invoice", invoice_id)
    audit.note(session, note.organisation_id, "credit note voided", "credit_note", note.id, words=words)
    outbox.record(session, note.organisation_id, "credit_note", note.id)
    queues.wake(session, "mail", note.organisation_id)  # which keeps its paper

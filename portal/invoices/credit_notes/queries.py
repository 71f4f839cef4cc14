"""Finding credit notes. Whoever may see the invoice may see what was taken back of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    ScalarSelect,
    Select,
    SQLColumnExpression,
    case,
    cast,
    exists,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.orm import Session, contains_eager, joinedload, selectinload

from portal.invoices.credit_notes.models import (
    CreditApplication,
    CreditNote,
    CreditNoteLine,
    CreditNoteVoid,
    CreditRefund,
)
from portal.invoices.models import Invoice, InvoiceBalance
from portal.invoices.queries import PAGE_SIZE, visible_to
from portal.shared.access import Viewer
from portal.shared.errors import NotFound
from portal.shared.money import Money
from portal.shared.text import anywhere


def get_credit_note(session: Session, credit_note_id: int, viewer: Viewer | None = None) -> CreditNote:
    """With lines, tax rows, voiding and invoice. viewer None: the caller has checked. Raises NotFound."""
    found = session.scalars(
        select(CreditNote)
        .join(Invoice, Invoice.id == CreditNote.invoice_id)
        .where(CreditNote.id == credit_note_id, visible_to(viewer) if viewer else true())
        .options(
            joinedload(CreditNote.invoice).joinedload(Invoice.customer),
            joinedload(CreditNote.invoice).selectinload(Invoice.lines),
            selectinload(CreditNote.lines),
            selectinload(CreditNote.taxes),
            joinedload(CreditNote.voiding),
        )
    ).one_or_none()
    if found is None:
        raise NotFound
    return found


@dataclass(frozen=True)
class ListedNote:
    """kept: what has been put to no invoice."""

    note: CreditNote
    kept: Money


def list_credit_notes(
    session: Session, viewer: Viewer, *, state: str = "", search: str = "", page: int = 1
) -> tuple[list[ListedNote], bool]:
    """One page with their invoices, newest first, and whether there is another. state: "", kept, used or void."""
    found = (
        select(CreditNote, KEPT)
        .join(CreditNote.invoice)
        .options(contains_eager(CreditNote.invoice), joinedload(CreditNote.voiding))
        .where(visible_to(viewer), *_in_state(state), *_matching(search))
        .order_by(CreditNote.id.desc())
        .offset((page - 1) * PAGE_SIZE)
        .limit(PAGE_SIZE + 1)
    )
    rows = [ListedNote(note, Money(int(kept), note.currency)) for note, kept in session.execute(found)]
    return rows[:PAGE_SIZE], len(rows) > PAGE_SIZE


_APPLIED = (
    select(func.coalesce(func.sum(CreditApplication.amount_minor), 0))
    .where(CreditApplication.credit_note_id == CreditNote.id)
    .scalar_subquery()
)
_GIVEN_BACK = (
    select(func.coalesce(func.sum(CreditRefund.amount_minor), 0))
    .where(CreditRefund.credit_note_id == CreditNote.id)
    .scalar_subquery()
)
IN_FORCE = ~exists().where(CreditNoteVoid.credit_note_id == CreditNote.id)
_LEFT = CreditNote.total_minor - CreditNote.withheld_minor - _APPLIED - _GIVEN_BACK
KEPT = case((IN_FORCE, _LEFT), else_=0)


def _in_state(state: str) -> list[ColumnElement[bool]]:
    return {"kept": [KEPT > 0], "used": [_LEFT == 0], "void": [~IN_FORCE]}.get(state, [])


def _matching(search: str) -> list[ColumnElement[bool]]:
    if not search:
        return []
    pattern = anywhere(search)
    found = (CreditNote.number, Invoice.number, CreditNote.reason, CreditNote.bill_to["name"].astext)
    return [or_(*(column.ilike(pattern) for column in found))]


def find_by_form(session: Session, form_id: str) -> CreditNote | None:
    """The note that this form made before, when it comes a second time."""
    return session.scalars(select(CreditNote).where(CreditNote.form_id == form_id)).one_or_none()


def notes_of(session: Session, invoice_id: int) -> Sequence[CreditNote]:
    """With their voiding, also those that are void."""
    found = select(CreditNote).where(CreditNote.invoice_id == invoice_id).options(joinedload(CreditNote.voiding))
    return session.scalars(found.order_by(CreditNote.id)).all()


def listed_notes_of(session: Session, invoice_id: int) -> Sequence[ListedNote]:
    """As notes_of does, with what of each is kept."""
    found = select(CreditNote, KEPT).where(CreditNote.invoice_id == invoice_id).options(joinedload(CreditNote.voiding))
    rows = session.execute(found.order_by(CreditNote.id))
    return [ListedNote(note, Money(int(kept), note.currency)) for note, kept in rows]


def credited_by(session: Session, invoice_ids: Sequence[int]) -> dict[int, str]:
    """invoice → the number of a credit note over it, or of another's that was put to it, for those that have one."""
    over = select(CreditNote.invoice_id, CreditNote.number).where(CreditNote.invoice_id.in_(invoice_ids), IN_FORCE)
    put = (
        select(CreditApplication.invoice_id, CreditNote.number)
        .join(CreditNote, CreditNote.id == CreditApplication.credit_note_id)
        .where(CreditApplication.invoice_id.in_(invoice_ids))
        .group_by(CreditApplication.invoice_id, CreditNote.number)
        .having(func.sum(CreditApplication.amount_minor) > 0)
    )
    return {invoice_id: number for invoice_id, number in session.execute(over.union_all(put))}


def credited_lines(session: Session, invoice: Invoice) -> dict[int, Money]:
    """How much earlier notes took of each line, by its position."""
    return {position: Money(minor, invoice.currency) for position, minor in session.execute(taken_of(invoice.id))}


def taken_of(invoice_id: int) -> Select[int, int]:
    """position, minor: as credited_lines tells it, also as a part of a larger read."""
    return (
        select(CreditNoteLine.position, cast(func.sum(CreditNoteLine.line_total_minor), BigInteger).label("minor"))
        .join(CreditNote, CreditNote.id == CreditNoteLine.credit_note_id)
        .where(CreditNote.invoice_id == invoice_id, IN_FORCE)
        .group_by(CreditNoteLine.position)
    )


def credited_total(session: Session, invoice: Invoice) -> Money:
    of_it = (CreditNote.invoice_id == invoice.id, IN_FORCE)
    total = session.scalar(select(func.sum(CreditNote.total_minor)).where(*of_it))
    return Money(int(total or 0), invoice.currency)


def applied_of(session: Session, note: CreditNote) -> dict[int, Money]:
    """invoice → how much of the note lowers what is to pay on it, for those that it lowers."""
    rows = session.execute(_applied(note).order_by(CreditApplication.invoice_id))
    return {invoice_id: Money(minor, note.currency) for invoice_id, minor in rows}


def put_to(session: Session, note: CreditNote) -> list[tuple[str, Money]]:
    """How much of a note lowers what is to pay on which invoice, by its number; oldest invoice first."""
    part = _applied(note).subquery()
    found = select(Invoice.number, part.c.minor).join(part, part.c.invoice_id == Invoice.id).order_by(Invoice.id)
    return [(number or "", Money(minor, note.currency)) for number, minor in session.execute(found)]


def lowered_by(session: Session, note: CreditNote) -> Sequence[Invoice]:
    """The invoices that it is put to, oldest first."""
    part = _applied(note).subquery()
    return session.scalars(select(Invoice).join(part, part.c.invoice_id == Invoice.id).order_by(Invoice.id)).all()


def _applied(note: CreditNote) -> Select[int, int]:
    minor = cast(func.sum(CreditApplication.amount_minor), BigInteger).label("minor")
    return (
        select(CreditApplication.invoice_id, minor)
        .where(CreditApplication.credit_note_id == note.id)
        .group_by(CreditApplication.invoice_id)
        .having(minor != 0)
    )


def open_invoices(session: Session, note: CreditNote) -> Sequence[Invoice]:
    """The same customer's invoices on which something is to pay, with balances."""
    return session.scalars(
        select(Invoice)
        .join(Invoice.balance_row)
        .where(
            Invoice.customer_id == note.customer_id, Invoice.currency == note.currency, Invoice.status == "sent",
            InvoiceBalance.balance_minor > InvoiceBalance.under_way_minor,
        )
        .options(contains_eager(Invoice.balance_row))
        .order_by(Invoice.id)
        .limit(50)
    ).all()  # fmt: skip


def refunds_of(session: Session, note: CreditNote) -> Sequence[CreditRefund]:
    """Oldest first."""
    return session.scalars(
        select(CreditRefund).where(CreditRefund.credit_note_id == note.id).order_by(CreditRefund.id)
    ).all()


def kept_as_credit(session: Session, note: CreditNote) -> Money:
    """What of a note has been put to no invoice, and not been handed back."""
    kept = session.scalars(select(KEPT).where(CreditNote.id == note.id)).one()
    return Money(int(kept), note.currency)


def kept_in_money(session: Session, note: CreditNote, kept: Money) -> Money:
    """How much of what is kept could be handed back: what was put to invoices that nobody paid is no money."""
    return min([kept, *(limit(session, note.customer_id, note.currency) for limit in IN_MONEY)])


# How much of the credit of a customer's notes is money, in a currency, as whoever keeps the money says.
IN_MONEY: list[Callable[[Session, int, str], Money]] = []


def kept_notes(session: Session, customer_id: int, currency: str) -> list[ListedNote]:
    """The customer's notes of which something is kept, oldest first."""
    rows = session.execute(
        select(CreditNote, KEPT)
        .where(CreditNote.customer_id == customer_id, CreditNote.currency == currency, KEPT > 0)
        .order_by(CreditNote.id)
    )
    return [ListedNote(note, Money(int(kept), note.currency)) for note, kept in rows]


def kept_sum(customer_id: SQLColumnExpression[int], currency: SQLColumnExpression[str]) -> ScalarSelect[int]:
    """What all the notes of a customer keep, in minor units, as a part of a larger read."""
    return (
        select(func.coalesce(func.sum(KEPT), 0))
        .where(CreditNote.customer_id == customer_id, CreditNote.currency == currency, KEPT > 0)
        .scalar_subquery()
    )

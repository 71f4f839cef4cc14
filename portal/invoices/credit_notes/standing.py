"""What of which credit notes lowers an invoice, and where the rest is of those over it."""

from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased, contains_eager, joinedload

from portal.invoices.credit_notes.models import CreditApplication, CreditNote
from portal.invoices.credit_notes.queries import KEPT
from portal.invoices.models import Invoice
from portal.invoices.queries import visible_to
from portal.shared.access import Viewer
from portal.shared.money import Money


@dataclass
class Standing:
    """How one note stands to an invoice that it is over, or that it is put to.

    note        with its voiding and its own invoice
    is_over     over this invoice; else over another one
    may_see     whether who looks may open the note
    kept        put to no invoice, and not handed back
    here        lowers what is to pay on this invoice
    elsewhere   the number of each other invoice that it lowers, and by how much
    """

    note: CreditNote
    is_over: bool
    may_see: bool
    kept: Money
    here: Money
    elsewhere: list[tuple[str, Money]] = field(default_factory=list)

    @property
    def given_back(self) -> Money:
        """In money, by hand: what goes to a card lowers the payment, and the note takes its place."""
        put = Money.total((part for _, part in self.elsewhere), self.note.currency)
        return self.note.worth - self.here - put - self.kept

    @property
    def rest(self) -> list[tuple[Money, str]]:
        """What of a note in force over this invoice does not lower it, and where that is."""
        if self.note.is_void or not self.is_over:
            return []
        parts = [(part, f"put to {number}") for number, part in self.elsewhere]
        return [each for each in (*parts, (self.kept, "kept as credit"), (self.given_back, "given back")) if each[0]]


def standing_at(session: Session, invoice_id: int, viewer: Viewer) -> list[Standing]:
    """Of each note over the invoice, also those that are void, and of each put to it; oldest first."""
    found: dict[int, Standing] = {}
    mine = (
        select(CreditNote.id)
        .where(CreditNote.invoice_id == invoice_id)
        .union(select(CreditApplication.credit_note_id).where(CreditApplication.invoice_id == invoice_id))
    )
    put = (
        select(
            CreditApplication.credit_note_id, CreditApplication.invoice_id,
            func.sum(CreditApplication.amount_minor).label("minor"),
        )
        .where(CreditApplication.credit_note_id.in_(mine))
        .group_by(CreditApplication.credit_note_id, CreditApplication.invoice_id)
        .having(func.sum(CreditApplication.amount_minor) > 0)
        .subquery()
    )  # fmt: skip
    to = aliased(Invoice)
    rows = session.execute(
        select(CreditNote, visible_to(viewer), KEPT, to.id, to.number, put.c.minor)
        .join(CreditNote.invoice)
        .outerjoin(put, put.c.credit_note_id == CreditNote.id)
        .outerjoin(to, to.id == put.c.invoice_id)
        .options(contains_eager(CreditNote.invoice), joinedload(CreditNote.voiding))
        .where(CreditNote.id.in_(mine))
        .order_by(CreditNote.id, to.id)
    )
    for note, may_see, kept, to_id, number, minor in rows:
        zero, part = Money.zero(note.currency), Money(int(minor or 0), note.currency)
        new = Standing(note, note.invoice_id == invoice_id, may_see, Money(int(kept), note.currency), zero)
        standing = found.setdefault(note.id, new)
        if to_id == invoice_id:
            standing.here = part
        elif to_id is not None:
            standing.elsewhere.append((number or "", part))
    return [each for each in found.values() if each.is_over or each.here]

"""Money of one organisation that pays an invoice of another one: neither can be told of the other, so a person is."""

from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import Select, func, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from portal.accounting import belonging, rules
from portal.accounting.models import Link, MirrorRecord
from portal.invoices.credit_notes.models import CreditApplication, CreditNote
from portal.invoices.models import Invoice
from portal.organisations import audit
from portal.payments.models import Allocation, Payment
from portal.shared.money import Money
from portal.shared.outbox import Change

_WHY = "It stays in the organisation that was left. Enter in {link} by hand what it pays: {parts}."
_LONGEST = 200


class Part(NamedTuple):
    """So much of a payment or credit note that stays pays an invoice of this link."""

    module: str
    local_id: int
    invoice_id: int
    number: str
    amount: Money

    @property
    def words(self) -> str:
        return f"{self.number} {self.amount.decimal} {self.amount.currency}"


def tell(session: Session, link_id: int) -> None:
    """Each is left out of this link with the reason, told once more where it changes. Does not commit."""
    link = session.get_one(Link, link_id)
    for (module, local_id), some in groupby(_parts(session, link_id), key=lambda part: part[:2]):
        parts = list(some)
        why = _WHY.format(link=link.remote_name[:60], parts=", ".join(part.words for part in parts))[:_LONGEST]
        if _leave_out(session, link, module, local_id, why):
            for part in parts:
                audit.note(session, link.organisation_id, "stays elsewhere", "invoice", part.invoice_id, words=why)


def _leave_out(session: Session, link: Link, module: str, local_id: int, why: str) -> bool:
    """False where it was told already."""
    left_out: dict[str, Any] = {"state": rules.LEFT_OUT_STATE, "left_out_why": why}
    kept = insert(MirrorRecord).values(
        organisation_id=link.organisation_id, link_id=link.id, module=module, local_id=local_id, **left_out
    )
    is_news = (MirrorRecord.state != rules.LEFT_OUT_STATE) | (MirrorRecord.left_out_why != why)
    changed = kept.on_conflict_do_update(
        index_elements=["link_id", "module", "local_id"], set_=left_out, where=is_news
    ).returning(MirrorRecord.id)
    return session.scalars(changed).first() is not None


def _parts(session: Session, link_id: int) -> list[Part]:
    """Of those only that have changed, as they do when they are put to an invoice."""
    open_ = select(Change.subject_id).where(~Change.is_settled)
    moved = ~belonging.stays(link_id)
    payments = _sums("payment", Payment, Allocation, Allocation.payment_id).where(
        belonging.payment_stays(link_id), Payment.id.in_(open_.where(Change.subject == "payment")), moved
    )
    notes = _sums("credit_note", CreditNote, CreditApplication, CreditApplication.credit_note_id).where(
        belonging.note_stays(link_id), CreditNote.id.in_(open_.where(Change.subject == "credit_note")), moved
    )
    rows = [*session.execute(payments), *session.execute(notes)]
    return [
        Part(module, local_id, invoice_id, number, Money(int(minor), currency))
        for module, local_id, invoice_id, number, minor, currency in rows
    ]


def _sums(module: str, model: Any, part: Any, of: Any) -> Select[Any]:
    return (
        select(literal(module), model.id, Invoice.id, Invoice.number, func.sum(part.amount_minor), model.currency)
        .join(part, of == model.id)
        .join(Invoice, Invoice.id == part.invoice_id)
        .group_by(model.id, Invoice.id, Invoice.number, model.currency)
        .having(func.sum(part.amount_minor) > 0)
        .order_by(model.id, Invoice.id)
    )

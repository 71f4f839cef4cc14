"""Which organisation a document belongs to: the one that it reached, or in which a person is to enter it. An invoice, a
payment with its refunds and a credit note are in the books once, whatever the cut-over."""

from collections.abc import Collection
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, distinct, exists, func, or_, select, union_all
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from portal.accounting import rules
from portal.accounting.by_hand.models import ByHand
from portal.accounting.by_hand.rules import INVOICE, NEW
from portal.accounting.models import Link, MirrorRecord
from portal.invoices.credit_notes.models import CreditNote
from portal.invoices.models import Invoice
from portal.organisations import audit
from portal.payments.models import Allocation, Payment

_DOUBT = "{name} never said whether it has this {what}. Look there. If it has not, take it back."
# What is to be in one organisation only; customers, items and taxes are matched in each.
DOCUMENTS = ("invoice", "payment", "credit_note")


class Home(NamedTuple):
    """The tie that a document reached its organisation by, or was entered for by hand; and that organisation's name."""

    link_id: int
    name: str


class Stay(NamedTuple):
    """So many invoices are in this organisation and stay there."""

    name: str
    invoices: int


def stays(link_id: int) -> ColumnElement[bool]:
    """Of an invoice: it is no business of this link. Another organisation has it, or it is dated before the cut-over.

    What this link has already is its own, also after coming back to an organisation that was left once.
    """
    is_before = func.coalesce(Invoice.issued_on < _cut_over_on(link_id), False)
    return and_(~_is_here(link_id, "invoice", Invoice), or_(_is_there(link_id, "invoice", Invoice), is_before))


def payment_stays(link_id: int) -> ColumnElement[bool]:
    """Of a payment: another organisation has it, it pays an invoice that stays, or it is money from before the cut-over
    that pays nothing yet. Its refunds stay with it."""
    of_old = select(Allocation.payment_id).where(Allocation.invoice_id.in_(select(Invoice.id).where(stays(link_id))))
    is_unused = ~exists().where(Allocation.payment_id == Payment.id).correlate(Payment)
    is_before = is_unused & func.coalesce(Payment.received_on < _cut_over_on(link_id), False)
    is_theirs = or_(_is_there(link_id, "payment", Payment), Payment.id.in_(of_old), is_before)
    return and_(~_is_here(link_id, "payment", Payment), is_theirs)


def note_stays(link_id: int) -> ColumnElement[bool]:
    """Of a credit note: another organisation has it, or the invoice that it takes back."""
    of_old = CreditNote.invoice_id.in_(select(Invoice.id).where(stays(link_id)))
    is_theirs = or_(_is_there(link_id, "credit_note", CreditNote), of_old)
    return and_(~_is_here(link_id, "credit_note", CreditNote), is_theirs)


def belongs_elsewhere(session: Session, link_id: int, module: str, local_id: int) -> bool:
    """Is this payment or credit note no business of the link?"""
    model: Any = Payment if module == "payment" else CreditNote
    fact = payment_stays(link_id) if module == "payment" else note_stays(link_id)
    return session.scalars(select(select(model.id).where(model.id == local_id, fact).exists())).one()


def left_behind(session: Session, link_id: int, invoice_ids: Collection[int]) -> list[int]:
    """Those of the invoices that stay with another organisation."""
    if not invoice_ids:
        return []
    return list(session.scalars(select(Invoice.id).where(Invoice.id.in_(invoice_ids), stays(link_id))))


def homes(
    session: Session, link_id: int, local_ids: Collection[int] | Select[int], module: str = "invoice"
) -> dict[int, Home]:  # fmt: skip
    """our id → the other organisation that it reached, or in which a person has entered it; only those in one."""
    reached = _elsewhere(link_id, module).where(MirrorRecord.local_id.in_(local_ids))
    entered = _by_hand(link_id, module).where(ByHand.local_id.in_(local_ids), ByHand.entered_at.is_not(None))
    ended = Link.archived_at.label("ended")
    found = union_all(reached.add_columns(ended), entered.add_columns(ended)).order_by("ended")
    return {local_id: Home(tie, name) for local_id, tie, name, _ in session.execute(found)}


def link_of_day(session: Session, link: Link, day: date) -> Link | None:
    """The organisation that was used on `day`, where it was left for one that was left for `link` in its turn."""
    later = select(Link).where(Link.id < link.id, Link.cut_over_on > day).order_by(Link.cut_over_on, Link.id).limit(1)
    left_for = session.scalars(later).first()
    if left_for is None or (link.cut_over_on or date.max) <= (left_for.cut_over_on or day):
        return None
    before = select(Link).where(Link.id < left_for.id).order_by(Link.id.desc()).limit(1)
    return session.scalars(before).first()


def staying(session: Session, link: Link | None = None) -> list[Stay]:
    """The organisations that hold invoices of ours which do not go to this one; without one, all that hold any."""
    if link is None:
        held = _reached_any()
    else:
        here = aliased(MirrorRecord)
        is_here = exists().where(_reached(here, "invoice", MirrorRecord.local_id), here.link_id == link.id)
        held = _elsewhere(link.id).where(~is_here)
    rows = held.subquery()
    counted = select(rows.c.remote_name, func.count(distinct(rows.c.local_id))).group_by(rows.c.remote_name)
    return [Stay(name, count) for name, count in session.execute(counted.order_by(rows.c.remote_name))]


def hold_back(session: Session, link: Link) -> None:
    """Documents whose create another organisation never answered may be in it: they are left out of this one, until
    somebody has looked there and takes them back. Does not commit."""
    for (module, local_id), name in _doubted(session, link).items():
        why = _DOUBT.format(name=name[:80], what=module.replace("_", " "))
        held = insert(MirrorRecord).values(
            organisation_id=link.organisation_id, link_id=link.id, module=module, local_id=local_id,
            state=rules.LEFT_OUT_STATE, left_out_why=why,
        )  # fmt: skip
        if session.scalars(held.on_conflict_do_nothing().returning(MirrorRecord.id)).first() is not None:
            audit.note(session, link.organisation_id, "held back", module, local_id, words=why)


def _doubted(session: Session, link: Link) -> dict[tuple[str, int], str]:
    """(module, our id) → the name of the organisation that may have it, where none is known to."""
    known = aliased(MirrorRecord)
    rows = session.execute(
        select(MirrorRecord.module, MirrorRecord.local_id, Link.remote_name)
        .join(Link, Link.id == MirrorRecord.link_id)
        .where(Link.id != link.id, Link.remote_organisation_id != link.remote_organisation_id)
        .where(MirrorRecord.module.in_(DOCUMENTS), MirrorRecord.remote_id.is_(None))
        .where(MirrorRecord.sending_since.is_not(None))
        .where(~exists().where(_reached(known, MirrorRecord.module, MirrorRecord.local_id)))
        .order_by(Link.archived_at)
    )
    return {(module, local_id): name for module, local_id, name in rows}


def _is_here(link_id: int, module: str, model: Any) -> ColumnElement[bool]:
    """What this link has already is its own."""
    here = aliased(MirrorRecord)
    return exists().where(_reached(here, module, model.id), here.link_id == link_id).correlate(model)


def _is_there(link_id: int, module: str, model: Any) -> ColumnElement[bool]:
    there, by_hand = _elsewhere(link_id, module).subquery(), _by_hand(link_id, module).subquery()
    local_id: ColumnElement[int] = model.id
    return or_(local_id.in_(select(there.c.local_id)), local_id.in_(select(by_hand.c.local_id)))


def _cut_over_on(link_id: int) -> Any:
    """Its own day; and that of one before it, as what was from before that day belongs to none that came later."""
    return select(func.max(Link.cut_over_on)).where(Link.id <= link_id).scalar_subquery()


def _reached_any(module: str = "invoice") -> Select[int, int, str]:
    return (
        select(MirrorRecord.local_id, Link.id, Link.remote_name)
        .join(Link, Link.id == MirrorRecord.link_id)
        .where(MirrorRecord.module == module, MirrorRecord.remote_id.is_not(None))
    )


def _elsewhere(link_id: int, module: str = "invoice") -> Select[int, int, str]:
    return _reached_any(module).where(*_is_another(link_id))


def _by_hand(link_id: int, module: str) -> Select[int, int, str]:
    """Those that a person is to enter in another organisation, or has. Money that pays nothing there, and that nobody
    has entered yet, may pay an invoice of this one before anybody does."""
    return (
        select(ByHand.local_id, Link.id, Link.remote_name)
        .join(Link, Link.id == ByHand.link_id)
        .where(ByHand.module == module, ByHand.what.in_((NEW, INVOICE)), *_is_another(link_id))
        .where(or_(ByHand.entered_at.is_not(None), ByHand.invoice_id.is_not(None)))
    )


def _is_another(link_id: int) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    own = select(Link.remote_organisation_id).where(Link.id == link_id).scalar_subquery()
    return Link.id != link_id, Link.remote_organisation_id != own


def _reached(record: type[MirrorRecord], module: Any, local_id: Any) -> ColumnElement[bool]:
    return and_(record.module == module, record.local_id == local_id, record.remote_id.is_not(None))

"""Which organisation an invoice belongs to: the one that it reached. It is in the books once, whatever the cut-over."""

from collections.abc import Collection
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, distinct, exists, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from portal.accounting import rules
from portal.accounting.models import Link, MirrorRecord
from portal.invoices.models import Invoice
from portal.organisations import audit

_DOUBT = "{name} never said whether it has this invoice. Look there. If it has not, take it back."


class Home(NamedTuple):
    """The tie that an invoice reached its organisation by, and that organisation's name."""

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
    here = aliased(MirrorRecord)
    is_here = exists().where(_reached(here, Invoice.id), here.link_id == link_id).correlate(Invoice)
    there = _elsewhere(link_id).subquery()
    cut_over_on = select(Link.cut_over_on).where(Link.id == link_id).scalar_subquery()
    is_before = func.coalesce(Invoice.issued_on < cut_over_on, False)
    return and_(~is_here, or_(Invoice.id.in_(select(there.c.local_id)), is_before))


def left_behind(session: Session, link_id: int, invoice_ids: Collection[int]) -> list[int]:
    """Those of the invoices that stay with another organisation."""
    if not invoice_ids:
        return []
    return list(session.scalars(select(Invoice.id).where(Invoice.id.in_(invoice_ids), stays(link_id))))


def homes(session: Session, link_id: int, invoice_ids: Collection[int] | Select[int]) -> dict[int, Home]:
    """invoice → the other organisation that it reached, for those that did."""
    found = _elsewhere(link_id).where(MirrorRecord.local_id.in_(invoice_ids)).order_by(Link.archived_at)
    return {invoice_id: Home(tie, name) for invoice_id, tie, name in session.execute(found)}


def staying(session: Session, link: Link | None = None) -> list[Stay]:
    """The organisations that hold invoices of ours which do not go to this one; without one, all that hold any."""
    if link is None:
        held = _reached_any()
    else:
        here = aliased(MirrorRecord)
        is_here = exists().where(_reached(here, MirrorRecord.local_id), here.link_id == link.id)
        held = _elsewhere(link.id).where(~is_here)
    rows = held.subquery()
    counted = select(rows.c.remote_name, func.count(distinct(rows.c.local_id))).group_by(rows.c.remote_name)
    return [Stay(name, count) for name, count in session.execute(counted.order_by(rows.c.remote_name))]


def hold_back(session: Session, link: Link) -> None:
    """Invoices whose create another organisation never answered may be in it: they are left out of this one, until
    somebody has looked there and takes them back. Does not commit."""
    for invoice_id, name in _doubted(session, link).items():
        why = _DOUBT.format(name=name[:80])
        held = insert(MirrorRecord).values(
            organisation_id=link.organisation_id, link_id=link.id, module="invoice", local_id=invoice_id,
            state=rules.LEFT_OUT_STATE, left_out_why=why,
        )  # fmt: skip
        if session.scalars(held.on_conflict_do_nothing().returning(MirrorRecord.id)).first() is not None:
            audit.note(session, link.organisation_id, "held back", "invoice", invoice_id, words=why)


def _doubted(session: Session, link: Link) -> dict[int, str]:
    """invoice → the name of the organisation that may have it, where none is known to."""
    known = aliased(MirrorRecord)
    rows = session.execute(
        select(MirrorRecord.local_id, Link.remote_name)
        .join(Link, Link.id == MirrorRecord.link_id)
        .where(Link.id != link.id, Link.remote_organisation_id != link.remote_organisation_id)
        .where(MirrorRecord.module == "invoice", MirrorRecord.remote_id.is_(None))
        .where(MirrorRecord.sending_since.is_not(None), ~exists().where(_reached(known, MirrorRecord.local_id)))
        .order_by(Link.archived_at)
    )
    return {invoice_id: name for invoice_id, name in rows}


def _reached_any() -> Select[int, int, str]:
    return (
        select(MirrorRecord.local_id, Link.id, Link.remote_name)
        .join(Link, Link.id == MirrorRecord.link_id)
        .where(MirrorRecord.module == "invoice", MirrorRecord.remote_id.is_not(None))
    )


def _elsewhere(link_id: int) -> Select[int, int, str]:
    own = select(Link.remote_organisation_id).where(Link.id == link_id).scalar_subquery()
    return _reached_any().where(Link.id != link_id, Link.remote_organisation_id != own)


def _reached(record: type[MirrorRecord], invoice_id: Any) -> ColumnElement[bool]:
    return and_(record.module == "invoice", record.local_id == invoice_id, record.remote_id.is_not(None))

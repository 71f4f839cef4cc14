"""The last calls of a day are kept for what cannot wait: sales first, and in the end payments alone."""

from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import Session

from portal.accounting import rules
from portal.accounting.mirror.lease import Turn, held
from portal.accounting.mirror.records import due_now
from portal.accounting.models import Link, MirrorRecord
from portal.payments.models import Allocation

_SALES = ("invoice", "payment", "credit_note")


def room(turn: Turn) -> str:
    """What may be worked on now (rules.ALL, SALES, PAYMENTS). The rest is put off until Zoho counts anew."""
    with held(turn) as session:
        link = session.scalars(
            select(Link).where(Link.id == turn.link_id, Link.quota_resets_at > func.clock_timestamp())
        ).one_or_none()
        if link is None:
            return rules.ALL
        found = rules.room_in(link.quota_limit, link.quota_left)
        _wake_roomed(session, link, found)
        if found != rules.ALL:
            _put_off(session, link, MirrorRecord.module.not_in(_SALES))
        if found == rules.PAYMENTS:
            _put_off(session, link, or_(MirrorRecord.module == "credit_note", _is_unpaid_invoice()))
            _wake_paid(session, link)
        return found


def _put_off(session: Session, link: Link, chosen: ColumnElement[bool]) -> None:
    session.execute(
        update(MirrorRecord)
        .where(MirrorRecord.id.in_(due_now(link.id).where(chosen)))
        .values(state="waiting", waits_for=rules.RESERVED, next_try_at=link.quota_resets_at)
    )


def _wake_roomed(session: Session, link: Link, room: str) -> None:
    """There is more room than there was: the day's limit was raised, or others used less than it looked like."""
    if room == rules.PAYMENTS:
        return
    held_back = update(MirrorRecord).where(
        MirrorRecord.link_id == link.id, MirrorRecord.state == "waiting", MirrorRecord.waits_for == rules.RESERVED
    )
    if room == rules.SALES:
        held_back = held_back.where(MirrorRecord.module.in_(_SALES))
    session.execute(held_back.values(state="pending", waits_for="", next_try_at=func.clock_timestamp()))


def _wake_paid(session: Session, link: Link) -> None:
    """Invoices that were put off and have been paid since: their payments wait for them."""
    session.execute(
        update(MirrorRecord)
        .where(MirrorRecord.link_id == link.id, MirrorRecord.module == "invoice", MirrorRecord.state == "waiting")
        .where(MirrorRecord.waits_for == rules.RESERVED, _is_paid())
        .values(state="pending", waits_for="", next_try_at=func.clock_timestamp())
    )


def _is_unpaid_invoice() -> ColumnElement[bool]:
    return and_(MirrorRecord.module == "invoice", ~_is_paid())


def _is_paid() -> Any:
    """In part or in full."""
    return select(Allocation.id).where(Allocation.invoice_id == MirrorRecord.local_id).exists()

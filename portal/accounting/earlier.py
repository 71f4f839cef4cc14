"""What was done with the link, and with those that were ended before."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounting.models import Link
from portal.gateways.zoho.calls import PRODUCTS
from portal.organisations import audit
from portal.organisations.models import AuditEntry

_MOST = 10
PAGE_SIZE = 50


@dataclass(frozen=True)
class Earlier:
    """One of them, with its trail, newest first. Its people are "" where the trail no longer tells."""

    link: Link
    events: Sequence[AuditEntry]

    @property
    def product_name(self) -> str:
        return PRODUCTS[self.link.product].name

    @property
    def linked_by(self) -> str:
        return next((event.actor_name for event in reversed(self.events) if event.action == "zoho linked"), "")

    @property
    def ended_by(self) -> str:
        return next((event.actor_name for event in self.events if event.action == "zoho unlinked"), "")


def history(session: Session, page: int) -> tuple[Sequence[AuditEntry], bool, dict[int, str]]:
    """One page of all that was done with any link, newest first; whether there is another; and link → whom it is to."""
    entries, has_more = audit.page_of(session, "link", select(Link.id), page=page, size=PAGE_SIZE)
    ids = {entry.record_id for entry in entries}
    names = session.execute(select(Link.id, Link.remote_name).where(Link.id.in_(ids)))
    return entries, has_more, {link_id: name for link_id, name in names}


def trails(session: Session) -> tuple[Sequence[AuditEntry], Sequence[Earlier]]:
    """What was done with the living link, newest first, and those that ended, the last one first. One statement."""
    latest = select(Link.id).order_by(Link.archived_at.desc().nulls_first()).limit(_MOST + 1)
    rows = session.execute(
        select(Link, AuditEntry)
        .join(AuditEntry, AuditEntry.record_id == Link.id)
        .where(AuditEntry.id.in_(audit.told_of(session, "link", latest)))
        .order_by(Link.archived_at.desc().nulls_first(), Link.id, AuditEntry.id.desc())
    )
    found: dict[Link, list[AuditEntry]] = {}
    for link, entry in rows:
        found.setdefault(link, []).append(entry)
    living = next((events for link, events in found.items() if link.archived_at is None), [])
    return living, [Earlier(link, events) for link, events in found.items() if link.archived_at is not None]

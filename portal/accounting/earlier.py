"""The ties that were ended, and what was done with each."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounting.models import Link
from portal.gateways.zoho.calls import PRODUCTS
from portal.organisations import audit
from portal.organisations.models import AuditEntry

_MOST = 10


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


def earlier_links(session: Session) -> list[Earlier]:
    """The one that ended last comes first."""
    ended = select(Link).where(Link.archived_at.is_not(None)).order_by(Link.archived_at.desc()).limit(_MOST)
    return [Earlier(link, audit.timeline(session, "link", link.id)) for link in session.scalars(ended)]

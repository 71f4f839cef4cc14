"""What people are to enter by hand, by organisation, and what they have entered lately."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby

from sqlalchemy import ScalarSelect, func, or_, select
from sqlalchemy.orm import Session

from portal.accounting.by_hand import documents
from portal.accounting.by_hand.models import ByHand
from portal.accounting.models import Link
from portal.customers.models import Customer
from portal.invoices.models import Invoice
from portal.shared import clock
from portal.shared.money import Money

MOST_SHOWN = 200
_LATELY = timedelta(days=7)


@dataclass(frozen=True)
class Entry:
    """One thing to enter, as people read it. invoice: its number, "" for what pays none."""

    row: ByHand
    invoice: str
    customer: str

    @property
    def amount(self) -> Money:
        return Money(self.row.amount_minor, self.row.currency)

    @property
    def to_do(self) -> str:
        return documents.to_do(self.row)

    @property
    def is_of_invoice(self) -> bool:
        """Its label says the invoice's number already."""
        return self.row.module == "invoice"


@dataclass(frozen=True)
class Place:
    """An organisation, what is to be entered there, the oldest first, and what was entered lately. is_linked: it is the
    one of now, and money of another one pays something in it."""

    link_id: int
    name: str
    is_linked: bool
    entries: Sequence[Entry]
    entered: Sequence[Entry]

    @property
    def last_shown(self) -> int:
        return max((entry.row.id for entry in self.entries), default=0)


def places(session: Session) -> list[Place]:
    """Where anything is to be entered, or was this week. One statement."""
    rows = sorted(_rows(session), key=lambda each: each[0])
    found = []
    for (link_id, name, is_linked), some in groupby(rows, key=lambda each: each[0]):
        entries = [entry for _, entry in some]
        still = [entry for entry in entries if entry.row.entered_at is None]
        found.append(
            Place(link_id, name, is_linked, still, [entry for entry in entries if entry.row.entered_at is not None])
        )
    return found


def how_many() -> ScalarSelect[int]:
    """For a statement of one's own."""
    return select(func.count()).where(ByHand.entered_at.is_(None)).scalar_subquery()


def _rows(session: Session) -> list[tuple[tuple[int, str, bool], Entry]]:
    found = (
        select(ByHand, func.coalesce(Invoice.number, ""), Customer.name, Link.remote_name, Link.archived_at)
        .join(Link, Link.id == ByHand.link_id)
        .join(Customer, Customer.id == ByHand.customer_id)
        .outerjoin(Invoice, Invoice.id == ByHand.invoice_id)
        .where(or_(ByHand.entered_at.is_(None), ByHand.entered_at > clock.now() - _LATELY))
        .order_by(ByHand.entered_at.desc().nulls_first(), ByHand.id)
        .limit(MOST_SHOWN)
    )
    return [
        ((row.link_id, place, left_at is None), Entry(row, number, customer))
        for row, number, customer, place, left_at in session.execute(found)
    ]

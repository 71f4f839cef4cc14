"""What bears a tax, counted in tables of domains that stand above this one: hence by their names."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session


class Touched(NamedTuple):
    """What a change of one tax reaches, and what it never does. customers: with a tax of their own."""

    items: int
    customers: int
    drafts: int
    sent: int


class Ties(NamedTuple):
    """What names one tax, so that it cannot go. in_books: whether the linked organisation has it, or may have."""

    items: int
    customers: int
    jobs: int
    drafts: int
    groups: int
    places: int
    replaced: int
    sent: int
    in_books: int


def touched_by(session: Session, borne: Iterable[int], named: Iterable[int]) -> Touched:
    """As together.borne_with has them."""
    row = session.execute(_TOUCHED, {"borne": sorted(borne), "named": sorted(named)}).one()
    return Touched(*row)


def ties_of(session: Session, tax_id: int) -> Ties:
    touched, row = touched_by(session, [tax_id], [tax_id]), session.execute(_TIES, {"tax_id": tax_id}).one()
    return Ties(
        touched.items, touched.customers, row.jobs, touched.drafts, row.groups, row.places, row.replaced,
        touched.sent + row.sent, row.in_books,
    )  # fmt: skip


def sent_at_rate(session: Session, tax_id: int, rate: Decimal, since: date) -> int:
    """How many invoices that were sent from a day on bear the tax at that rate."""
    return int(session.scalars(_SENT_AT_RATE, {"key": str(tax_id), "rate": rate, "since": since}).one())


_TOUCHED = text("""
    WITH papers AS (
        SELECT i.status FROM invoices i
         WHERE i.shipping_tax_id = ANY(:borne) OR i.shipping_usual_tax_id = ANY(:borne)
            OR i.withholding_tax_id = ANY(:borne)
            OR EXISTS (SELECT FROM invoice_lines l WHERE l.invoice_id = i.id AND l.tax_id = ANY(:borne)))
    SELECT (SELECT count(*) FROM catalogue_items WHERE tax_id = ANY(:named)) AS items,
           (SELECT count(*) FROM customers WHERE tax_id = ANY(:named)) AS customers,
           count(*) FILTER (WHERE status = 'draft') AS drafts, count(*) FILTER (WHERE status <> 'draft') AS sent
      FROM papers""")
_TIES = text("""
    SELECT (SELECT count(DISTINCT work_order_id) FROM work_order_lines WHERE tax_id = :tax_id) AS jobs,
           (SELECT count(*) FROM tax_group_members WHERE tax_id = :tax_id) AS groups,
           (SELECT count(*) FROM local_taxes WHERE tax_id = :tax_id) AS places,
           (SELECT count(*) FROM taxes WHERE between_states_id = :tax_id) AS replaced,
           (SELECT count(*) FROM credit_note_taxes WHERE tax_id = :tax_id)
             + (SELECT count(*) FROM invoice_taxes t JOIN invoices i ON i.id = t.invoice_id
                 WHERE t.tax_id = :tax_id AND i.status <> 'draft') AS sent,
           (SELECT count(*) FROM exemption_twins WHERE tax_id = :tax_id)
             + (SELECT count(*) FROM mirror_records WHERE module = 'tax' AND local_id = :tax_id
                   AND (remote_id IS NOT NULL OR sending_since IS NOT NULL)) AS in_books""")
_SENT_AT_RATE = text("""
    SELECT count(*) FROM invoices i
     WHERE i.status <> 'draft' AND i.issued_on >= :since
       AND EXISTS (SELECT FROM jsonb_array_elements(i.breakdown -> 'taxes') row
                    WHERE row ->> 'key' = :key AND (row ->> 'rate')::numeric = :rate)""")

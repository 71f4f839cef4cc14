"""Taxes of both sides beside each other: which are the same, and which only one side has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.accounting import rules
from portal.accounting.models import Link
from portal.accounting.setup.desk import Desk, page_of
from portal.accounting.setup.tying import tie
from portal.catalogue.models import Item
from portal.gateways.zoho import wire
from portal.organisations.models import Organisation
from portal.shared import clock
from portal.taxes.actions import add_tax
from portal.taxes.models import Tax
from portal.taxes.queries import list_taxes

BOTH, HERE, THERE = "both", "here", "Zoho"
_ROUNDING = {"entity_level": "document", "item_level": "line"}  # zoho/API.md §11; the second name is a guess of ours


@dataclass(frozen=True)
class TheirTax:
    """One of Zoho's list. kind: tax, compound_tax or tax_group."""

    id: str
    name: str
    rate: Decimal
    kind: str
    authority: str


@dataclass(frozen=True)
class TaxRow:
    """One line of the comparison. `obstacle` says why theirs cannot be taken over."""

    name: str
    rate: Decimal
    authority: str
    source: str
    used_by: int
    note: str = ""
    remote_id: str = ""
    local_id: int | None = None
    obstacle: str = ""


@dataclass(frozen=True)
class Preferences:
    """What an invoice of theirs shows of their settings; empty where they have none yet."""

    rounding: str = ""
    is_discount_before_tax: bool | None = None
    payment_terms_days: int | None = None
    last_number: str = ""


def read(desk: Desk) -> list[TheirTax]:
    """Calls Zoho, once for each two hundred. Raises GatewayError."""
    found: list[TheirTax] = []
    page, has_more = 1, True
    while has_more:
        rows, has_more = page_of(desk, "/settings/taxes", "taxes", page)
        found += [_their_tax(row) for row in rows]
        page += 1
    return found


def read_preferences(desk: Desk) -> Preferences:
    """From the invoice they made last: no documented call tells these settings. Calls Zoho once or twice."""
    body = desk.call(
        "GET", "/invoices", {"per_page": "1", "page": "1", "sort_column": "created_time", "sort_order": "D"}
    )
    rows = body.get("invoices", [])
    if not rows:
        return Preferences()
    invoice = desk.call("GET", f"/invoices/{rows[0]['invoice_id']}")["invoice"]
    terms = str(invoice.get("payment_terms", ""))
    return Preferences(
        _ROUNDING.get(str(invoice.get("tax_rounding", "")), ""), invoice.get("is_discount_before_tax"),
        int(terms) if terms.isdigit() else None, str(invoice.get("invoice_number", "")),
    )  # fmt: skip


def compare(session: Session, organisation: Organisation, theirs: Sequence[TheirTax]) -> list[TaxRow]:
    """Ours first; the same taxes stand on one line."""
    today = clock.today(organisation.time_zone)
    ours, used = list_taxes(session), _used(session)
    rates = {tax.id: tax.rate_on(today) for tax in ours}
    simple = [tax for tax in ours if tax.kind in ("percent", "zero")]  # a group of the same rate is another thing
    pairs = pair([(tax.id, tax.name, rates[tax.id]) for tax in simple], theirs)
    taken = {their.id for their in pairs.values()}
    names = {tax.name.casefold() for tax in ours}
    rows = [_our_row(tax, rates[tax.id], used.get(tax.id, 0), pairs.get(tax.id)) for tax in ours]
    return rows + [_their_row(their, names) for their in theirs if their.id not in taken]


def pair(ours: Sequence[tuple[int, str, Decimal]], theirs: Sequence[TheirTax]) -> dict[int, TheirTax]:
    """our id → theirs: the same name and rate; else the only simple one of that rate on both sides."""
    simple = [their for their in theirs if their.kind == "tax"]
    found: dict[int, TheirTax] = {}
    for tax_id, name, rate in ours:
        same = [each for each in simple if each.name.casefold() == name.casefold() and each.rate == rate]
        if same:
            found[tax_id] = same[0]
    left = [each for each in simple if each not in found.values()]
    for tax_id, _name, rate in ours:
        alike_here = [id_ for id_, _, own_rate in ours if own_rate == rate and id_ not in found]
        alike_there = [each for each in left if each.rate == rate]
        if tax_id not in found and len(alike_here) == len(alike_there) == 1:
            found[tax_id] = alike_there[0]
    return found


def keep(session: Session, link: Link, rows: Sequence[TaxRow], wanted: Sequence[str], preferences: Preferences) -> None:
    """Tie the pairs, take over those of theirs that were ticked, and their rounding. Does not commit."""
    for row in rows:
        if row.source == BOTH and row.local_id is not None:
            tie(session, link.organisation_id, link.id, "tax", row.local_id, row.remote_id)
        elif row.source == THERE and row.remote_id in wanted and not row.obstacle:
            kind = "percent" if row.rate else "zero"
            tax = add_tax(session, link.organisation_id, row.name, row.rate, kind=kind, authority=row.authority)
            tie(session, link.organisation_id, link.id, "tax", tax.id, row.remote_id)
    if preferences.rounding:
        session.get_one(Organisation, link.organisation_id).tax_rounding = preferences.rounding


def _their_tax(row: Mapping[str, Any]) -> TheirTax:
    return TheirTax(
        str(row["tax_id"]), str(row.get("tax_name", "")), wire.amount(row.get("tax_percentage")) or Decimal(0),
        str(row.get("tax_type") or "tax"), str(row.get("tax_authority_name") or ""),
    )  # fmt: skip


def _our_row(tax: Tax, rate: Decimal, used: int, their: TheirTax | None) -> TaxRow:
    if their is None:
        note = "stays here" if tax.kind in rules.TAXES_THAT_STAY_HERE else "goes to Zoho when a line needs it"
        return TaxRow(tax.name, rate, tax.authority, HERE, used, note, local_id=tax.id)
    note = "" if their.name == tax.name else f"called {their.name} there"
    return TaxRow(tax.name, rate, tax.authority or their.authority, BOTH, used, note, their.id, tax.id)


def _their_row(their: TheirTax, names: set[str]) -> TaxRow:
    obstacle = ""
    if their.kind == "tax_group":
        obstacle = "A group of taxes: it stays in Zoho."
    elif their.kind != "tax":
        obstacle = "A tax on a tax: it stays in Zoho."
    elif their.name.casefold() in names:
        obstacle = "You have a tax of this name with another rate. Correct one of the two."
    return TaxRow(their.name, their.rate, their.authority, THERE, 0, remote_id=their.id, obstacle=obstacle)


def _used(session: Session) -> dict[int, int]:
    counted = session.execute(
        select(Item.tax_id, func.count()).where(Item.is_active, Item.tax_id.is_not(None)).group_by(Item.tax_id)
    )
    return {tax_id: count for tax_id, count in counted if tax_id is not None}

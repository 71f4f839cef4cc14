"""Reads of the first import: counts, the pairs to decide, and what it will cost."""

from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.accounting.models import ImportRow, Link
from portal.accounting.setup.reading import KINDS
from portal.accounting.status import time_left
from portal.catalogue.models import Item
from portal.customers.models import Customer

PAIRS_SHOWN = 20


@dataclass(frozen=True)
class Side:
    """One half of a pair, in words."""

    name: str
    facts: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Pair:
    """One record there and the one here that it may be."""

    id: int
    module: str
    basis: str
    theirs: Side
    ours: Side


@dataclass(frozen=True)
class Overview:
    """What the page of the first import says. counts: module → found → how many."""

    counts: dict[str, dict[str, int]]
    undecided: int
    left: int
    done: int
    skipped: int
    calls: int
    time: str
    problems: list[tuple[str, str]]
    pairs: list[Pair]


def overview(session: Session, link: Link) -> Overview:
    """Five statements, and one for each kind among the pairs."""
    of = ImportRow.link_id == link.id
    counted = session.execute(
        select(ImportRow.module, ImportRow.found, func.count()).where(of).group_by(ImportRow.module, ImportRow.found)
    )
    counts: dict[str, dict[str, int]] = {module: {"new": 0, "matched": 0, "unsure": 0} for module in KINDS}
    for module, found, count in counted:
        counts[module][found] = count
    is_open = ImportRow.done_at.is_(None) & (ImportRow.decision != "skip")
    undecided = (ImportRow.found == "unsure") & (ImportRow.decision == "")
    row = session.execute(
        select(
            func.count().filter(undecided), func.count().filter(is_open),
            func.count().filter(ImportRow.done_at.is_not(None)), func.count().filter(ImportRow.decision == "skip"),
            func.count().filter(is_open, ImportRow.module == "customer"),
        ).where(of)
    ).one()  # fmt: skip
    return Overview(
        counts, *row, time_left(link, row[4]), problems=_problems(session, link.id), pairs=_pairs(session, link)
    )


def _problems(session: Session, link_id: int) -> list[tuple[str, str]]:
    rows = session.scalars(
        select(ImportRow).where(ImportRow.link_id == link_id, ImportRow.problem != "").order_by(ImportRow.id).limit(50)
    )
    return [(_named(row), row.problem) for row in rows]


def _pairs(session: Session, link: Link) -> list[Pair]:
    rows = session.scalars(
        select(ImportRow)
        .where(ImportRow.link_id == link.id, ImportRow.found == "unsure", ImportRow.decision == "")
        .order_by(ImportRow.module, ImportRow.id)
        .limit(PAIRS_SHOWN)
    ).all()
    ids = {module: [row.local_id for row in rows if row.module == module and row.local_id] for module in KINDS}
    customers = {each.id: each for each in session.scalars(select(Customer).where(Customer.id.in_(ids["customer"])))}
    items = {each.id: each for each in session.scalars(select(Item).where(Item.id.in_(ids["item"])))}
    pairs = []
    for row in rows:
        known = (customers if row.module == "customer" else items).get(row.local_id or 0)
        if known is not None:
            pairs.append(Pair(row.id, row.module, row.basis, _theirs(row), _ours(known)))
    return pairs


def _named(row: ImportRow) -> str:
    return str(row.facts.get("contact_name") or row.facts.get("name") or row.remote_id)


def _theirs(row: ImportRow) -> Side:
    keys = ("contact_number", "email", "phone", "mobile") if row.module == "customer" else ("sku", "rate", "unit")
    return Side(_named(row), [str(row.facts[key]) for key in keys if row.facts.get(key)])


def _ours(known: Customer | Item) -> Side:
    if isinstance(known, Customer):
        return Side(known.name, list(filter(None, [known.number, known.email, known.phone])))
    return Side(known.name, list(filter(None, [known.code, f"{known.unit_price:f}", known.unit])))

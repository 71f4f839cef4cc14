"""What the first import found, as people see it: to be decided, decided, matched or new, and what is taken over."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Numeric, Text, and_, case, cast, func, literal_column, or_, select
from sqlalchemy.orm import Session

from portal.accounting.mirror.push import INACTIVE
from portal.accounting.models import ImportRow, Link
from portal.accounting.setup import in_bulk, matching, reading, steps
from portal.catalogue.models import Item
from portal.customers.models import Customer
from portal.shared import keys
from portal.shared.text import as_typed

SHOWN = 20
_MODELS: dict[str, Any] = {"customer": Customer, "item": Item}
_NUMBER = r"^[0-9]{1,12}(\.[0-9]{1,6})?$"


@dataclass(frozen=True)
class Side:
    """One half of a pair, in words."""

    name: str
    facts: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Pair:
    """One record there and the one here that it may be; None where nothing here is like it. differs: (what, here,
    there). by_hand: why it is not answered together with others. may_part: they are one here, and nothing of it went
    over yet. several: where more than one here is as like it, each of them by its id; ours_id: the one that is
    shown, or was chosen."""

    id: int
    module: str
    basis: str
    theirs: Side
    ours: Side | None
    decision: str = ""
    differs: list[tuple[str, str, str]] = field(default_factory=list)
    by_hand: str = ""
    may_part: bool = False
    several: dict[int, Side] = field(default_factory=dict)
    ours_id: int | None = None

    def which(self) -> list[dict[str, str]]:
        """An answer for each of several here."""
        return [
            {"value": f"same:{id_}", "label": f"The same as {side.name}", "note": " · ".join(side.facts)}
            for id_, side in self.several.items()
        ]


@dataclass(frozen=True)
class Page:
    """Some of the pairs; `after` is where the next page begins, None on the last one."""

    pairs: list[Pair]
    count: int
    after: int | None


def undecided(session: Session, link: Link) -> Page:
    return _page(session, link, (ImportRow.found == matching.UNSURE) & (ImportRow.decision == ""), 0)


def decided(session: Session, link: Link, after: int) -> Page:
    """What people said so far; it may be said otherwise until it is taken over, and what stays in Zoho at any time."""
    said = (ImportRow.found == matching.UNSURE) & (ImportRow.decision != "")
    parted = (ImportRow.found == matching.MATCHED) & ImportRow.decision.in_(("new", "skip"))
    left = (ImportRow.found == matching.NEW) & (ImportRow.decision == "skip")
    return _page(session, link, said | parted | left, after)


def differing(session: Session, link: Link, after: int) -> Page:
    """Matched, but not equal in all that both sides say."""
    return _page(session, link, _alike() & _any_differs(), after)


def equal(session: Session, link: Link, after: int) -> Page:
    """Matched, and equal in all that both sides say."""
    return _page(session, link, _alike() & ~_any_differs(), after)


def fresh(session: Session, link: Link, after: int) -> Page:
    """Only there, and to be taken over."""
    return _page(session, link, (ImportRow.found == matching.NEW) & ImportRow.decision.in_(("", "new")), after)


def taken(session: Session, link: Link, after: int) -> Page:
    """What is one record with ours since, or one of ours more."""
    return _page(session, link, ImportRow.problem == "", after, is_done=True)


def _alike() -> ColumnElement[bool]:
    return (ImportRow.found == matching.MATCHED) & ImportRow.decision.in_(("", "same"))


def _any_differs() -> ColumnElement[bool]:
    return or_(*(_differs(module, model) for module, model in _MODELS.items()))


def named(row: ImportRow) -> str:
    return str(row.facts.get("contact_name") or row.facts.get("name") or row.remote_id)


def _page(session: Session, link: Link, fact: ColumnElement[bool], after: int, *, is_done: bool = False) -> Page:
    of = and_(ImportRow.link_id == link.id, ImportRow.done_at.is_not(None) == is_done, fact)
    count = session.scalars(select(func.count()).select_from(ImportRow).where(of)).one()
    if not count:
        return Page([], 0, None)
    rows = session.scalars(
        select(ImportRow).where(of, ImportRow.id > after).order_by(ImportRow.id).limit(SHOWN + 1)
    ).all()
    shown = rows[:SHOWN]
    return Page(_pairs(session, shown, steps.is_open(link)), count, shown[-1].id if len(rows) > SHOWN else None)


def _pairs(session: Session, rows: Sequence[ImportRow], in_setup: bool) -> list[Pair]:
    known: dict[tuple[str, int], Any] = {}
    several = reading.several_like(session, [row for row in rows if row.found == matching.UNSURE and not row.done_at])
    for module, model in _MODELS.items():
        here = [row for row in rows if row.module == module]
        ids = [each for row in here for each in (row.local_id, *several.get(row.id, ())) if each]
        if ids:
            known |= {(module, each.id): each for each in session.scalars(select(model).where(model.id.in_(ids)))}
    open_ids = [row.id for row in rows if not row.decision and row.found == matching.UNSURE]
    asked = select(ImportRow.id, in_bulk.why_by_hand()).where(ImportRow.id.in_(open_ids))
    by_hand = {row_id: why for row_id, why in session.execute(asked)} if open_ids else {}
    found = []
    for row in rows:
        ours = known.get((row.module, row.local_id or 0))
        told, why = Side(named(row), _facts_of(row)), row.problem or by_hand.get(row.id, "")
        differs = _differences(row, ours) if ours is not None else []
        may_part = in_setup and row.done_at is not None and row.decision == "same"
        side = _side_of(ours) if ours is not None else None
        others = {each: _side_of(known[row.module, each]) for each in several.get(row.id, ())}
        found.append(
            Pair(
                row.id, row.module, row.basis, told, side, row.decision, differs, why, may_part, others, row.local_id
            )
        )  # fmt: skip
    return found


def _facts_of(row: ImportRow) -> list[str]:
    names = ("contact_number", "email", "phone", "mobile") if row.module == "customer" else ("sku", "rate", "unit")
    said = {name: str(row.facts[name]) for name in names if row.facts.get(name)}
    told = [_price(text) if name == "rate" else text for name, text in said.items()]
    return [*told, "out of use there"] if reading.is_out_of_use(row.facts) else told


def _side_of(ours: Customer | Item) -> Side:
    if isinstance(ours, Customer):
        return Side(ours.name, list(filter(None, [ours.number, ours.email, ours.phone])))
    return Side(ours.name, list(filter(None, [ours.code, _price(f"{ours.unit_price:f}"), ours.unit])))


def _differences(row: ImportRow, ours: Customer | Item) -> list[tuple[str, str, str]]:
    """Compared as a person would: capitals of an address and the way a telephone is written count for nothing."""
    theirs = row.facts
    pairs: list[tuple[str, str, str, Callable[[str], str]]]
    if isinstance(ours, Customer):
        phone = str(theirs.get("phone") or theirs.get("mobile") or "")
        pairs = [
            ("Name", ours.name, named(row), str),
            ("E-mail", ours.email, str(theirs.get("email", "")), lambda said: said.strip().casefold()),
            ("Phone", ours.phone, phone, lambda said: re.sub("[^0-9]", "", said)[-9:]),
        ]
    else:
        pairs = [
            ("Name", ours.name, named(row), str), ("Code", ours.code, str(theirs.get("sku", "")), str),
            ("Price", _price(f"{ours.unit_price:f}"), _price(str(theirs.get("rate", ""))), str),
            ("Unit", ours.unit, str(theirs.get("unit", "")), str),
        ]  # fmt: skip
    pairs.append(("In use", "yes" if ours.is_active else "no", "no" if reading.is_out_of_use(theirs) else "yes", str))
    return [(what, here, there) for what, here, there, key in pairs if here and there and key(here) != key(there)]


def _price(value: str) -> str:
    """With two decimals, or with as many as it needs; what is no number as it is."""
    if not re.fullmatch(_NUMBER, value):
        return value
    price = Decimal(value)
    return as_typed(price, 2) if price == round(price, 2) else as_typed(price)


def _differs(module: str, model: Any) -> ColumnElement[bool]:
    """The same comparison in the database, so that thousands of equal pairs cost no more than their index."""
    theirs = {name: func.coalesce(ImportRow.facts[name].astext, "") for name in ("email", "sku", "unit", "rate")}
    if module == "customer":
        phone = func.coalesce(ImportRow.facts["phone"].astext, ImportRow.facts["mobile"].astext, "")
        made = "coalesce(import_rows.facts ->> 'phone', import_rows.facts ->> 'mobile', '')"
        unlike = [
            model.name != ImportRow.facts["contact_name"].astext,
            (theirs["email"] != "")
            & (model.email != "")
            & (func.lower(func.btrim(theirs["email"])) != model.email_key),
            (phone != "") & (model.phone != "") & (literal_column(keys.digits(made), Text) != model.phone_key),
        ]
    else:
        price = case((theirs["rate"].regexp_match(_NUMBER), cast(theirs["rate"], Numeric)), else_=model.unit_price)
        unlike = [
            model.name != ImportRow.facts["name"].astext, price != model.unit_price,
            (theirs["sku"] != "") & (model.code != theirs["sku"]),
            (theirs["unit"] != "") & (model.unit != "") & (model.unit != theirs["unit"]),
        ]  # fmt: skip
    is_off = func.coalesce(ImportRow.facts["status"].astext, "") == INACTIVE
    unlike.append(is_off == model.is_active)
    return (ImportRow.module == module) & select(model.id).where(model.id == ImportRow.local_id, or_(*unlike)).exists()

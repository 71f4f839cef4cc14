"""Keeping the catalogue of services and parts."""

from dataclasses import asdict, dataclass
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.catalogue.models import Item
from portal.organisations import audit
from portal.shared import outbox
from portal.shared.errors import RuleBroken


class CodeTaken(RuleBroken):
    """Two items cannot have one code, however it is capitalised."""


@dataclass(frozen=True)
class ItemFacts:
    """unit_price in major units before tax."""

    code: str
    kind: str
    name: str
    unit_price: Decimal
    unit: str = ""
    description: str = ""
    tax_id: int | None = None
    is_active: bool = True


@dataclass(frozen=True)
class ItemStanding:
    """How an item stands for tax; see the model. Apart from the facts, as who brings facts from elsewhere need not know
    it."""

    exemption_id: int | None = None
    on_building: bool = True
    hsn_sac: str = ""


def add_item(session: Session, organisation_id: int, facts: ItemFacts) -> Item:
    """Raises CodeTaken. Does not commit."""
    item = Item(organisation_id=organisation_id)
    _apply(session, item, facts)
    session.add(item)
    session.flush()
    _announce(session, item, "item added")
    return item


def edit_item(session: Session, item: Item, facts: ItemFacts) -> None:
    """Lines written before keep their price. Raises CodeTaken. Does not commit."""
    _apply(session, item, facts)
    _announce(session, item, "item edited")


def set_standing(session: Session, item: Item, standing: ItemStanding) -> None:
    """Counts for lines that are drafted from now on; drafts and sent invoices keep what they say. Does not commit."""
    wanted = asdict(standing)
    before = {name: getattr(item, name) for name in wanted}
    if before == wanted:
        return
    for name, value in wanted.items():
        setattr(item, name, value)
    audit.note(session, item.organisation_id, "tax standing changed", "item", item.id, before=before, after=wanted)


def retire_item(session: Session, item: Item) -> None:
    """Off sale; what was written with it stays. Safe to repeat. Does not commit."""
    item.is_active = False
    _announce(session, item, "item retired")


def _apply(session: Session, item: Item, facts: ItemFacts) -> None:
    with session.no_autoflush:
        alike = session.scalars(select(Item.id).where(func.lower(Item.code) == func.lower(facts.code))).all()
    if set(alike) - {item.id}:
        raise CodeTaken("Another item has this code. Choose another one.", field="code")
    for field in ("code", "kind", "name", "unit", "description", "unit_price", "tax_id", "is_active"):
        setattr(item, field, getattr(facts, field))


def _announce(session: Session, item: Item, action: str) -> None:
    outbox.record(session, item.organisation_id, "item", item.id)
    audit.note(
        session, item.organisation_id, action, "item", item.id,
        after={"code": item.code, "name": item.name, "unit_price": str(item.unit_price)},
    )  # fmt: skip

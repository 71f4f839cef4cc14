"""Finding services and parts."""

from collections.abc import Sequence

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from portal.catalogue.models import Item
from portal.shared.errors import NotFound
from portal.shared.text import anywhere

PAGE_SIZE = 50


def list_items(
    session: Session, *, search: str = "", kind: str = "", active_only: bool = True, page: int = 1
) -> tuple[Sequence[Item], bool]:
    """One page by name, and whether there is another."""
    found = select(Item).order_by(Item.name, Item.id)
    if active_only:
        found = found.where(Item.is_active)
    if kind:
        found = found.where(Item.kind == kind)
    if search:
        pattern = anywhere(search)
        found = found.where(or_(Item.name.ilike(pattern), Item.code.ilike(pattern)))
    rows = session.scalars(found.offset((page - 1) * PAGE_SIZE).limit(PAGE_SIZE + 1)).all()
    return rows[:PAGE_SIZE], len(rows) > PAGE_SIZE


def get_item(session: Session, item_id: int) -> Item:
    """Raises NotFound."""
    item = session.scalars(select(Item).where(Item.id == item_id)).one_or_none()
    if item is None:
        raise NotFound
    return item

"""What each role may do in a new organisation. Afterwards the rights are rows, and the firm's own."""

from decimal import Decimal

from sqlalchemy.orm import Session

from portal.people.models import Role
from portal.shared.access import RIGHTS

NAMES = {
    "administrator": "Administrator",
    "manager": "Manager",
    "field_agent": "Field Agent",
    "limited_field_agent": "Limited Field Agent",
}
_MANAGER = tuple(right for right in RIGHTS if right not in ("manage_link", "manage_people", "manage_organisation"))
DEFAULT_RIGHTS: dict[str, tuple[str, ...]] = {
    "administrator": RIGHTS,
    "manager": _MANAGER,
    "field_agent": ("see_prices", "raise_invoices", "take_cash", "edit_work_orders"),
    "limited_field_agent": ("edit_work_orders",),
}
_DISCOUNT_LIMIT = {"administrator": Decimal(100), "manager": Decimal(100), "field_agent": Decimal(10)}


def start_roles(session: Session, organisation_id: int) -> None:
    for name, rights in DEFAULT_RIGHTS.items():
        limit = _DISCOUNT_LIMIT.get(name, Decimal(0))
        session.add(Role(organisation_id=organisation_id, name=name, rights=list(rights), discount_limit=limit))

"""Reading how the firm stands, and the reasons it knows."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from portal.shared.errors import NotFound
from portal.taxes.regions.standing import place_code, standing_of
from portal.taxes.standing.models import Exemption, LocalTax


def list_exemptions(session: Session, applies_to: str = "", *, keep: int | None = None) -> Sequence[Exemption]:
    """Those that may be chosen, by name. keep: one that is chosen already, offered or not."""
    found = select(Exemption).where(Exemption.is_active | (Exemption.id == keep)).order_by(Exemption.name)
    return session.scalars(found.where(Exemption.applies_to == applies_to) if applies_to else found).all()


def all_exemptions(session: Session) -> Sequence[Exemption]:
    """For the settings, those no longer offered last."""
    return session.scalars(
        select(Exemption).order_by(Exemption.is_active.desc(), Exemption.applies_to, Exemption.name)
    ).all()


def get_exemption(session: Session, exemption_id: int) -> Exemption:
    """Raises NotFound."""
    found = session.get(Exemption, exemption_id)
    if found is None:
        raise NotFound
    return found


class Holders(NamedTuple):
    """Who has a reason. in_books: whether it is tied to one of the linked organisation."""

    customers: int
    items: int
    in_books: int


def holders_of(session: Session, exemption_id: int) -> Holders:
    """Counted in tables of domains that stand above this one: hence by their names."""
    return Holders(*session.execute(_HOLDERS, {"id": exemption_id}).one())


_HOLDERS = text(
    "SELECT (SELECT count(*) FROM customers WHERE exemption_id = :id) AS customers,"
    " (SELECT count(*) FROM catalogue_items WHERE exemption_id = :id) AS items,"
    " (SELECT count(*) FROM exemption_twins WHERE exemption_id = :id) AS in_books"
)


def list_local_taxes(session: Session) -> Sequence[LocalTax]:
    return session.scalars(select(LocalTax).order_by(LocalTax.state, LocalTax.city, LocalTax.postal_code)).all()


def get_local_tax(session: Session, local_tax_id: int) -> LocalTax:
    """Raises NotFound."""
    found = session.get(LocalTax, local_tax_id)
    if found is None:
        raise NotFound
    return found


def local_tax_of(session: Session, country: str, state: str, city: str, postal_code: str) -> int | None:
    """The tax of an address as people write it: of its postcode, else of its town, else of its state."""
    code = place_code(country, state, standing_of(country).get("states", {}))
    if not code:
        return None
    found = (
        select(LocalTax.tax_id)
        .where(
            LocalTax.state == code, LocalTax.city.in_(("", city.strip().lower())),
            LocalTax.postal_code.in_(("", short_code(country, postal_code))),
        )
        .order_by((LocalTax.postal_code != "").desc(), (LocalTax.city != "").desc())
        .limit(1)
    )  # fmt: skip
    return session.scalars(found).first()


def short_code(country: str, postal_code: str) -> str:
    """Five digits are enough to find an American place; elsewhere the whole of it, in one writing."""
    written = "".join(postal_code.split()).upper()
    return written[:5] if country == "US" else written

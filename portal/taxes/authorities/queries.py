"""Reading who gets taxes: few, so they are read all at once."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.shared.errors import NotFound
from portal.taxes.models import Authority, Tax


def list_authorities(session: Session) -> Sequence[Authority]:
    return session.scalars(select(Authority).order_by(Authority.name, Authority.id)).all()


def names_of_authorities(session: Session) -> dict[int, str]:
    """By id, in the order of their names."""
    return {each.id: each.name for each in list_authorities(session)}


def get_authority(session: Session, authority_id: int) -> Authority:
    """Raises NotFound."""
    found = session.get(Authority, authority_id)
    if found is None:
        raise NotFound
    return found


def taxes_of(session: Session, authority_id: int) -> Sequence[Tax]:
    """What it gets, those no longer offered too."""
    return session.scalars(select(Tax).where(Tax.authority_id == authority_id).order_by(Tax.name)).all()

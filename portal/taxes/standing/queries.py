"""Reading how the firm stands, and the reasons it knows."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.shared.errors import NotFound
from portal.taxes.standing.models import Exemption


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

"""The organisation's taxes: few, so they are read all at once."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from portal.taxes.models import Tax


def list_taxes(session: Session) -> Sequence[Tax]:
    """Active ones with their rates, the default first."""
    return session.scalars(select(Tax).where(Tax.is_active).order_by(Tax.is_default.desc(), Tax.name)).all()


def taxes_by_id(session: Session) -> dict[int, Tax]:
    """All of them with their rates, inactive ones too: old lines still bear them."""
    return {tax.id: tax for tax in session.scalars(select(Tax).options(joinedload(Tax.rates))).unique()}

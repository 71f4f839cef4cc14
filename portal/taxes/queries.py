"""The organisation's taxes: few, so they are read all at once."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from portal.shared.errors import NotFound
from portal.taxes.models import Tax

_WITH_RATES = select(Tax).options(joinedload(Tax.rates))


def list_taxes(session: Session) -> Sequence[Tax]:
    """Active ones with their rates, the default first."""
    return session.scalars(select(Tax).where(Tax.is_active).order_by(Tax.is_default.desc(), Tax.name)).all()


def groupable(session: Session) -> list[Tax]:
    """What a group can be made of, in the order in which it is reckoned: so much a unit first, as a percentage may
    stand on it."""
    kinds = ("fixed_per_unit", "percent", "withholding")
    return sorted((tax for tax in list_taxes(session) if tax.kind in kinds), key=lambda tax: kinds.index(tax.kind))


def taxes_by_id(session: Session) -> dict[int, Tax]:
    """All of them with their rates, inactive ones too: old lines still bear them."""
    return {tax.id: tax for tax in session.scalars(_WITH_RATES).unique()}


def get_tax(session: Session, tax_id: int) -> Tax:
    """Raises NotFound."""
    tax = session.get(Tax, tax_id)
    if tax is None:
        raise NotFound
    return tax


def members_of(tax: Tax) -> list[tuple[Tax, bool]]:
    """The taxes to reckon, each with whether it is compound: the tax itself, or a group's members in order."""
    if tax.kind != "group":
        return [(tax, False)]
    return [(member.tax, member.is_compound) for member in tax.members]

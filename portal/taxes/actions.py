"""Setting up taxes."""

from datetime import date
from decimal import Decimal

from sqlalchemy.orm import Session

from portal.organisations import audit
from portal.shared import outbox
from portal.taxes.models import Tax, TaxRate


def add_tax(
    session: Session, organisation_id: int, name: str, rate: Decimal, *, kind: str = "percent", authority: str = "",
    why: str = "", is_default: bool = False, valid_from: date = date(2000, 1, 1),
) -> Tax:  # fmt: skip
    """rate in percent; why: the few words that an invoice line says about it. Does not commit."""
    tax = Tax(
        organisation_id=organisation_id, name=name, kind=kind, authority=authority, why=why, is_default=is_default
    )
    tax.rates = [TaxRate(organisation_id=organisation_id, rate=rate, valid_from=valid_from)]
    session.add(tax)
    session.flush()
    outbox.record(session, organisation_id, "tax", tax.id)
    audit.note(session, organisation_id, "tax added", "tax", tax.id, after={"name": name, "rate": str(rate)})
    return tax

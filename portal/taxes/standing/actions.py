"""Setting up how the firm stands, and its reasons to charge no tax."""

from dataclasses import asdict, dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.organisations import audit
from portal.organisations.models import Organisation
from portal.shared.errors import RuleBroken
from portal.taxes.standing.models import Exemption


class CannotChangeStanding(RuleBroken):
    """The record cannot become that."""


@dataclass(frozen=True)
class Registration:
    """Whether and when the firm charges its country's sales tax. tax_place: its own state, where states matter."""

    is_tax_registered: bool
    tax_registered_from: date | None
    tax_registered_until: date | None
    tax_place: str


def change_registration(session: Session, organisation: Organisation, wanted: Registration) -> None:
    """Counts for lines that are drafted from now on. Does not commit."""
    after = asdict(wanted)
    before = {name: getattr(organisation, name) for name in after}
    changed = [name for name in after if before[name] != after[name]]
    if not changed:
        return
    for name in changed:
        setattr(organisation, name, after[name])
    audit.note(
        session, organisation.id, "tax registration changed", "organisation", organisation.id,
        words="Tax registration changed", before={name: str(before[name]) for name in changed},
        after={name: str(after[name]) for name in changed},
    )  # fmt: skip


def add_exemption(session: Session, organisation_id: int, name: str, applies_to: str) -> Exemption:
    """applies_to: customer | item. Raises CannotChangeStanding for a name that is there. Does not commit."""
    taken = select(func.count()).where(Exemption.applies_to == applies_to, func.lower(Exemption.name) == name.lower())
    if session.scalar(taken):
        raise CannotChangeStanding("This reason is there already. Offer it again if it was taken away.", field="name")
    added = Exemption(organisation_id=organisation_id, name=name, applies_to=applies_to)
    session.add(added)
    session.flush()
    audit.note(session, organisation_id, "exemption added", "exemption", added.id, words=f"Added {name}")
    return added


def offer_exemption(session: Session, exemption: Exemption, *, is_active: bool) -> None:
    """One that is no longer offered stays with whoever has it. Does not commit."""
    exemption.is_active = is_active
    words = "Offered again" if is_active else "No longer offered"
    audit.note(session, exemption.organisation_id, words.lower(), "exemption", exemption.id, words=words)

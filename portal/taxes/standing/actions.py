"""Setting up how the firm stands, and its reasons to charge no tax."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.organisations import audit
from portal.organisations.models import Organisation
from portal.shared.errors import RuleBroken
from portal.taxes.actions import add_group
from portal.taxes.models import Tax
from portal.taxes.standing.models import Exemption, LocalTax
from portal.taxes.standing.queries import Holders, holders_of


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


def add_exemption(
    session: Session, organisation_id: int, name: str, applies_to: str, *, is_outside: bool = False
) -> Exemption:  # fmt: skip
    """applies_to: customer | item. Raises CannotChangeStanding for a name that is there. Does not commit."""
    _check_new(session, name, applies_to)
    added = Exemption(organisation_id=organisation_id, name=name, applies_to=applies_to, is_outside=is_outside)
    session.add(added)
    session.flush()
    audit.note(session, organisation_id, "exemption added", "exemption", added.id, words=f"Added {name}")
    return added


def rename_exemption(session: Session, exemption: Exemption, name: str) -> None:
    """Whoever has it gives it in these words from now on. Raises CannotChangeStanding. Does not commit."""
    if name == exemption.name:
        return
    _check_new(session, name, exemption.applies_to, but=exemption.id)
    before, exemption.name = exemption.name, name
    audit.note(
        session, exemption.organisation_id, "exemption renamed", "exemption", exemption.id,
        words=f"{before} → {name}", before={"name": before}, after={"name": name},
    )  # fmt: skip


def remove_exemption(session: Session, exemption: Exemption) -> None:
    """One that nobody has. Raises CannotChangeStanding. Does not commit."""
    stays = why_exemption_stays(holders_of(session, exemption.id))
    if stays:
        raise CannotChangeStanding(stays, field="removal")
    audit.note(
        session, exemption.organisation_id, "exemption removed", "exemption", exemption.id,
        words=f"Removed {exemption.name}",
    )  # fmt: skip
    session.delete(exemption)
    session.flush()


def why_exemption_stays(holders: Holders) -> str:
    """A sentence that says what to do instead; "" where it may go."""
    if holders.in_books:
        return "Your books have it too, and nothing is deleted there. Take it away instead."
    counts = ((holders.customers, "customer", "customers"), (holders.items, "service or part", "services and parts"))
    named = " and ".join(f"{count} {one if count == 1 else many}" for count, one, many in counts if count)
    return f"{named} would be left without a reason. Choose another one there first, or take it away." if named else ""


def _check_new(session: Session, name: str, applies_to: str, *, but: int = 0) -> None:
    taken = select(func.count()).where(
        Exemption.applies_to == applies_to, func.lower(Exemption.name) == name.lower(), Exemption.id != but
    )
    if session.scalar(taken):
        raise CannotChangeStanding("This reason is there already. Offer it again if it was taken away.", field="name")


def offer_exemption(session: Session, exemption: Exemption, *, is_active: bool) -> None:
    """One that is no longer offered stays with whoever has it. Does not commit."""
    exemption.is_active = is_active
    words = "Offered again" if is_active else "No longer offered"
    audit.note(session, exemption.organisation_id, words.lower(), "exemption", exemption.id, words=words)


@dataclass(frozen=True)
class Place:
    """city and postal_code narrow the state down, "" for all of it; both as `local_tax_of` compares them."""

    state: str
    city: str
    postal_code: str

    @property
    def name(self) -> str:
        return ", ".join(filter(None, (self.city.title(), self.state, self.postal_code)))


def add_local_tax(session: Session, organisation_id: int, place: Place, taxes: Sequence[Tax]) -> LocalTax:
    """One tax, or several (state, county, city, district) that become a group named like the place.

    Raises CannotChangeStanding, and CannotChangeTax for a group's name that is taken. Does not commit.
    """
    same = (LocalTax.state == place.state, LocalTax.city == place.city, LocalTax.postal_code == place.postal_code)
    if session.scalar(select(func.count()).where(*same)):
        raise CannotChangeStanding("This place is there already. Remove it first, then add it anew.", field="city")
    bears = taxes[0] if len(taxes) == 1 else add_group(
        session, organisation_id, f"Sales tax {place.name}"[:100], taxes, why=place.name
    )  # fmt: skip
    added = LocalTax(
        organisation_id=organisation_id, state=place.state, city=place.city, postal_code=place.postal_code,
        tax_id=bears.id,
    )  # fmt: skip
    session.add(added)
    session.flush()
    audit.note(session, organisation_id, "local tax added", "local_tax", added.id, words=f"{place.name}: {bears.name}")
    return added


def remove_local_tax(session: Session, local_tax: LocalTax) -> None:
    """The tax itself stays. Does not commit."""
    after = {"state": local_tax.state, "city": local_tax.city, "postal_code": local_tax.postal_code}
    audit.note(
        session, local_tax.organisation_id, "local tax removed", "local_tax", local_tax.id, words="Removed",
        before=after | {"tax_id": local_tax.tax_id},
    )  # fmt: skip
    session.delete(local_tax)

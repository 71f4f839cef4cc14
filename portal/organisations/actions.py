"""Founding an organisation."""

from dataclasses import asdict, dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from portal.organisations import audit
from portal.organisations.models import Organisation
from portal.organisations.numbering import start_series
from portal.shared.db import enter


@dataclass(frozen=True)
class NewOrganisation:
    """What sign-up asks for. country ISO 3166 alpha-2, currency ISO 4217, time_zone IANA."""

    name: str
    email: str
    country: str
    currency: str
    time_zone: str
    locale: str = "en_GB"


@dataclass(frozen=True)
class OrganisationFacts:
    """What an organisation says of itself on its invoices, and how long customers have to pay."""

    name: str
    address: str
    email: str
    phone: str
    payment_terms_days: int


def create_organisation(session: Session, new: NewOrganisation) -> Organisation:
    """Founds the organisation and enters it. Does not commit."""
    # The number is taken first, because row-level security admits the row only from inside its own organisation.
    organisation_id = session.execute(text("SELECT nextval('organisations_id_seq')")).scalar_one()
    enter(session, organisation_id)
    organisation = Organisation(
        id=organisation_id, name=new.name, email=new.email, country=new.country, currency=new.currency,
        time_zone=new.time_zone, locale=new.locale,
    )  # fmt: skip
    session.add(organisation)
    session.flush()
    start_series(session, organisation_id)
    audit.note(session, organisation_id, "organisation founded", "organisation", organisation_id)
    return organisation


def edit_organisation(session: Session, organisation: Organisation, facts: OrganisationFacts) -> None:
    """Invoices sent before keep what they say. Notes before and after of what changed. Does not commit."""
    wanted = asdict(facts)
    so_far = {name: getattr(organisation, name) for name in wanted}
    before = {name: value for name, value in so_far.items() if value != wanted[name]}
    if not before:
        return
    for name in before:
        setattr(organisation, name, wanted[name])
    audit.note(
        session, organisation.id, "settings changed", "organisation", organisation.id, words="Settings changed",
        before=before, after={name: wanted[name] for name in before},
    )  # fmt: skip

"""Founding an organisation."""

from dataclasses import dataclass

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

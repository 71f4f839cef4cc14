"""What administrators are told by mail, at once: the connection to Zoho is lost, and everything waits."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounting.models import Consent, Link
from portal.messages.actions import queue_mail
from portal.messages.rendering import render_mail
from portal.organisations.models import Organisation
from portal.people.models import Person
from portal.shared.running import here

_ROLE = "administrator"


def warn_of_lost_consent(session: Session, consent: Consent) -> int:
    """One mail to each administrator, once for each consent; how many. Nothing when no link stands on it.

    Does not commit.
    """
    link = session.scalars(select(Link).where(Link.consent_id == consent.id, Link.archived_at.is_(None))).one_or_none()
    if link is None:
        return 0
    organisation = session.get_one(Organisation, consent.organisation_id)
    people = session.scalars(select(Person).where(Person.role == _ROLE, Person.is_active)).all()
    for person in people:
        _write(session, organisation, link, person)
    return len(people)


def _write(session: Session, organisation: Organisation, link: Link, person: Person) -> None:
    title = f"Zoho no longer accepts the connection to {link.remote_name}"
    text, html = render_mail(
        "connection_lost", lang=organisation.locale[:2], title=title, firm=organisation.name,
        phone=organisation.phone, person=person.name, remote=link.remote_name,
        link_url=f"{here().settings.public_url}/books",
    )  # fmt: skip
    queue_mail(
        session, organisation.id, once=f"consent-lost:{link.consent_id}:{person.id}", kind="warning", record="link",
        record_id=link.id, to=person.email, reply_to=organisation.email, from_name=organisation.name, subject=title,
        text=text, html=html,
    )  # fmt: skip

"""What administrators are told by mail, at once: Zoho does not let us in any more, and everything waits."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounting.models import Consent, Link
from portal.accounting.planned.models import PlannedSwitch
from portal.messages.actions import queue_mail
from portal.messages.rendering import render_mail
from portal.organisations.models import Organisation
from portal.people.models import Person
from portal.shared.running import here

_ROLE = "administrator"


@dataclass(frozen=True)
class Occasion:
    """once names the occasion, so that it is told once; title, what happened and what to do are for people."""

    once: str
    title: str
    why: str
    button: str


def warn_of_lost_consent(session: Session, consent: Consent) -> None:
    """Nothing when no link stands on it. Does not commit."""
    link = session.scalars(select(Link).where(Link.consent_id == consent.id, Link.archived_at.is_(None))).one_or_none()
    planned = select(PlannedSwitch).where(PlannedSwitch.consent_id == consent.id, PlannedSwitch.ended_at.is_(None))
    plan = session.scalars(planned).one_or_none()
    found = link or (session.get_one(Link, plan.link_id) if plan is not None else None)
    if found is not None:
        name = found.remote_name if plan is None else f"{plan.remote_name}, which you are about to go over to"
        _warn(session, found, Occasion(
            f"consent-lost:{consent.id}", f"Zoho no longer accepts the connection to {name}",
            "Somebody may have withdrawn the permission there, or connected too many times.", "Connect again",
        ))  # fmt: skip


def warn_of_switched_off(session: Session, link_id: int) -> None:
    """Does not commit."""
    link = session.get_one(Link, link_id)
    _warn(session, link, Occasion(
        f"switched-off:{link.id}:{link.consent_id}", f"Zoho has switched {link.remote_name} off",
        "Its trial or plan has ended. Renew it in Zoho, or go over to another organisation.", "See your books",
    ))  # fmt: skip


def _warn(session: Session, link: Link, told: Occasion) -> None:
    organisation = session.get_one(Organisation, link.organisation_id)
    for person in session.scalars(select(Person).where(Person.role == _ROLE, Person.is_active)):
        text, html = render_mail(
            "connection_lost", lang=organisation.locale[:2], title=told.title, firm=organisation.name,
            phone=organisation.phone, person=person.name, why=told.why, button=told.button,
            link_url=f"{here().settings.public_url}/books",
        )  # fmt: skip
        queue_mail(
            session, organisation.id, once=f"{told.once}:{person.id}", kind="warning", record="link",
            record_id=link.id, to=person.email, reply_to=organisation.email, from_name=organisation.name,
            subject=told.title, text=text, html=html,
        )  # fmt: skip

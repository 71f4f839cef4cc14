"""Taking people on."""

import secrets

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from portal.organisations import audit
from portal.organisations.actions import NewOrganisation, create_organisation
from portal.people import passwords, tokens
from portal.people.models import Person
from portal.people.roles import start_roles
from portal.people.sign_in import end_other_sign_ins
from portal.shared.errors import RuleBroken


class EmailTaken(RuleBroken):
    """Someone signs in with this address already."""


class LastAdministrator(RuleBroken):
    """Somebody has to be left who can take people on."""


class WrongPassword(RuleBroken):
    """The password so far is not the one that was typed."""


def sign_up(session: Session, new: NewOrganisation, *, name: str, password: str) -> tuple[int, Person]:
    """A new organisation and its administrator. Raises EmailTaken, WeakPassword. Does not commit."""
    passwords.check_strength(password, new.email)
    organisation = create_organisation(session, new)
    start_roles(session, organisation.id)
    person = add_person(session, organisation.id, name=name, email=new.email, role="administrator", password=password)
    return organisation.id, person


def add_person(session: Session, organisation_id: int, *, name: str, email: str, role: str, password: str) -> Person:
    """Raises EmailTaken, WeakPassword. Does not commit."""
    passwords.check_strength(password, email)
    taken = session.execute(text("SELECT 1 FROM gate.sign_in_candidate(:email)"), {"email": email}).one_or_none()
    if taken:
        raise EmailTaken("Someone signs in with this e-mail already. Sign in, or use another address.", field="email")
    person = Person(
        organisation_id=organisation_id, name=name, email=email, role=role,
        password_hash=passwords.hash_password(password),
    )  # fmt: skip
    session.add(person)
    session.flush()
    audit.note(session, organisation_id, "person added", "person", person.id, after={"role": role, "name": name})
    return person


def invite(session: Session, organisation_id: int, *, name: str, email: str, role: str, by: int) -> Person:
    """Take somebody on and mail them a link to choose their password. Raises EmailTaken. Does not commit."""
    person = add_person(session, organisation_id, name=name, email=email, role=role, password=secrets.token_urlsafe(32))
    tokens.send(session, person, "invited", sent_by=by)
    return person


def deactivate(session: Session, person: Person) -> None:
    """They can sign in no more, and are signed out at once. Raises LastAdministrator. Does not commit."""
    if not person.is_active:
        return
    # All administrators under one lock, so that two of them cannot end each other at the same moment.
    administrators = session.scalars(
        select(Person.id).where(Person.role == "administrator", Person.is_active).order_by(Person.id).with_for_update()
    ).all()
    if list(administrators) == [person.id]:
        raise LastAdministrator("This is the only administrator. Add another one first.")
    person.is_active = False
    tokens.forget_tokens(session, person.id)
    end_other_sign_ins(session, person.id, keep=None)
    audit.note(session, person.organisation_id, "person deactivated", "person", person.id, after={"is_active": False})


def reactivate(session: Session, person: Person, *, by: int) -> None:
    """They can sign in again, with the role they had and a password that they choose by mail. Does not commit."""
    if person.is_active:
        return
    person.is_active = True
    person.password_hash = passwords.hash_password(secrets.token_urlsafe(32))
    tokens.send(session, person, "back", sent_by=by)
    audit.note(session, person.organisation_id, "person reactivated", "person", person.id, after={"is_active": True})


def change_password(session: Session, person: Person, current: str, new: str, *, keep: bytes) -> None:
    """Ends the person's other sign-ins, all but `keep`. Raises WrongPassword, WeakPassword. Does not commit."""
    if not passwords.is_right(current, person.password_hash):
        raise WrongPassword("This is not your password. Type it again.", field="current_password")
    passwords.check_strength(new, person.email)
    person.password_hash = passwords.hash_password(new)
    tokens.forget_tokens(session, person.id)
    end_other_sign_ins(session, person.id, keep=keep)
    audit.note(session, person.organisation_id, "password changed", "person", person.id)

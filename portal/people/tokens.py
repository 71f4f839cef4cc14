"""Choosing a password by mail: for who has forgotten it, was invited, or got their access back.

The mail holds the secret, the database its digest. It works once, for an hour, and dies with any change of password.
"""

import secrets
from datetime import timedelta

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from portal.messages.actions import queue_mail
from portal.messages.rendering import render_mail
from portal.organisations import audit
from portal.organisations.models import Organisation
from portal.people import passwords
from portal.people.models import PasswordToken, Person
from portal.people.sign_in import digest_of, end_other_sign_ins, open_sign_in
from portal.shared import clock, throttle
from portal.shared.db import enter
from portal.shared.errors import RuleBroken
from portal.shared.running import here

LASTS = timedelta(hours=1)
_WINDOW = timedelta(hours=1)
_MAILS_PER_ACCOUNT, _ASKED_PER_ADDRESS = 3, 20


class TooManyRequests(RuleBroken):
    """This address on the network has asked too often."""


class TokenGone(Exception):
    """Used, expired, or never given out: nobody learns which."""


def count_request(session: Session, email: str, address: str) -> bool:
    """Before each `ask`, and committed before it. False when this account has had its mails for now.

    Raises TooManyRequests for the address on the network.
    """
    of_account = throttle.hit(session, "password_mail", email.lower(), window=_WINDOW)
    if throttle.hit(session, "password_asked", address, window=_WINDOW) > _ASKED_PER_ADDRESS:
        raise TooManyRequests("Too many requests from your network. Wait an hour, then try again.")
    return of_account <= _MAILS_PER_ACCOUNT


def ask(session: Session, email: str) -> None:
    """Mail a link to whoever signs in with `email`. An address that nobody has takes as long. Does not commit."""
    found = session.execute(text("SELECT * FROM gate.sign_in_candidate(:email)"), {"email": email}).one_or_none()
    passwords.is_right(email, None)  # the better part of the time that either way takes
    if found is None or not found.is_active:
        return
    enter(session, found.organisation_id)
    send(session, session.get_one(Person, found.person_id), "forgotten", sent_by=None)


def send(session: Session, person: Person, why: str, *, sent_by: int | None) -> None:
    """A fresh link by mail; the ones before work no more. why: forgotten | invited | back. Does not commit."""
    organisation = session.get_one(Organisation, person.organisation_id)
    forget_tokens(session, person.id)
    secret = secrets.token_urlsafe(32)
    digest = digest_of(secret)
    session.add(
        PasswordToken(
            digest=digest, organisation_id=person.organisation_id, person_id=person.id, expires_at=clock.now() + LASTS
        )
    )
    firm = organisation.name
    subject = "Choose a new password" if why == "forgotten" else f"{firm}: choose your password"
    words, html = render_mail(
        "password", lang=organisation.locale[:2], title=subject, firm=firm, phone="", person=person.name, why=why,
        link_url=f"{here().settings.public_url}/choose-password/{secret}",
        again_url=f"{here().settings.public_url}/forgotten-password",
    )  # fmt: skip
    queue_mail(
        session, person.organisation_id, once=f"password:{digest.hex()[:32]}", kind="password", record="person",
        record_id=person.id, to=person.email, reply_to="", from_name=firm, subject=subject, text=words, html=html,
        sent_by=sent_by,
    )  # fmt: skip
    audit.note(session, person.organisation_id, "password link mailed", "person", person.id, after={"why": why})


def whose(session: Session, secret: str) -> Person:
    """Enters the organisation. Raises TokenGone."""
    digest = digest_of(secret)
    organisation_id = session.execute(
        text("SELECT gate.password_token(:digest, :at)"), {"digest": digest, "at": clock.now()}
    ).scalar_one_or_none()
    if organisation_id is None:
        raise TokenGone
    enter(session, organisation_id)
    person = session.scalars(
        select(Person)
        .join(PasswordToken, PasswordToken.person_id == Person.id)
        .where(PasswordToken.digest == digest, Person.is_active)
    ).one_or_none()
    if person is None:
        raise TokenGone
    return person


def choose(session: Session, secret: str, password: str) -> str:
    """The new password of who was mailed this secret; signs them in afresh and out everywhere else.

    The sign-in's secret comes back. Of two at once one wins. Raises TokenGone, WeakPassword. Does not commit.
    """
    person = whose(session, secret)
    passwords.check_strength(password, person.email)
    spent = session.execute(delete(PasswordToken).where(PasswordToken.digest == digest_of(secret)))
    if not spent.rowcount:  # type: ignore[attr-defined]
        raise TokenGone
    person.password_hash = passwords.hash_password(password)
    forget_tokens(session, person.id)
    end_other_sign_ins(session, person.id, keep=None)
    throttle.forgive(session, "sign_in_account", person.email.lower())
    audit.note(session, person.organisation_id, "password chosen", "person", person.id)
    return open_sign_in(session, person.organisation_id, person.id)


def forget_tokens(session: Session, person_id: int) -> None:
    session.execute(delete(PasswordToken).where(PasswordToken.person_id == person_id))

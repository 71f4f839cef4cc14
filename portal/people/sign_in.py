"""Server-side sign-ins: the cookie holds a random secret, the database its digest, and signing out kills both."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from flask_login import UserMixin
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.orm import Session

from portal.organisations.models import Organisation
from portal.people import passwords
from portal.people.models import Person, Role, SignIn
from portal.people.roles import NAMES
from portal.shared import clock, throttle
from portal.shared.db import enter
from portal.shared.errors import RuleBroken

LONGEST = timedelta(days=14)
IDLE = timedelta(days=3)
_TOUCH_EVERY = timedelta(minutes=10)
_WINDOW = timedelta(minutes=15)
_TOLD_BEFORE = timedelta(days=3)
_SHUT_OUT, _MOVE = func.shut_out_of_books().label("shut_out_of"), func.books_to_move().label("move")
_TRIES_PER_ACCOUNT, _TRIES_PER_ADDRESS = 10, 40


class SignInRefused(RuleBroken):
    """Wrong e-mail or password: the same words for both."""


class TooManyTries(RuleBroken):
    """The account or the address has to wait."""


@dataclass(frozen=True)
class BooksMove:
    """The books move to another organisation on a day that was set in advance. has_come: it has, and they have not."""

    on: date
    to: str
    has_come: bool


@dataclass(frozen=True)
class Viewer(UserMixin):  # type: ignore[misc]
    """The person behind a request, with everything a page needs to know of them: one query.

    shut_out_of  the linked organisation's name when Zoho does not let the firm in; "" for who cannot mend it
    books_move   the firm goes over to another organisation: from three days before on, for who looks after the link
    """

    id: int
    organisation_id: int
    name: str
    email: str
    role: str
    rights: frozenset[str]
    discount_limit: Decimal
    digest: bytes
    secret: str
    shut_out_of: str = ""
    books_move: BooksMove | None = None

    def get_id(self) -> str:
        """What the cookie holds: the secret of this sign-in, not the person's number."""
        return self.secret

    def may(self, right: str) -> bool:
        return right in self.rights

    @property
    def role_name(self) -> str:
        return NAMES[self.role]

    @property
    def initials(self) -> str:
        return "".join(part[0] for part in self.name.split()[:2]).upper()


def count_try(session: Session, email: str, address: str) -> None:
    """Before each sign_in, and committed before it, so that tries all at once are counted. Raises TooManyTries."""
    of_account = throttle.hit(session, "sign_in_account", email.lower(), window=_WINDOW)
    if of_account > _TRIES_PER_ACCOUNT or throttle.tries(session, "sign_in_address", address) >= _TRIES_PER_ADDRESS:
        raise TooManyTries("Too many wrong tries. Wait 15 minutes, then try again.")


def sign_in(session: Session, email: str, password: str, *, address: str) -> str:
    """Check and open a sign-in. Returns the secret for the cookie. Raises SignInRefused.

    The caller commits in every case: the count of tries must stay.
    """
    found = session.execute(text("SELECT * FROM gate.sign_in_candidate(:email)"), {"email": email}).one_or_none()
    if not passwords.is_right(password, found.password_hash if found and found.is_active else None) or not found:
        throttle.hit(session, "sign_in_address", address, window=_WINDOW)
        raise SignInRefused("E-mail or password is wrong. Check both and try again.")
    throttle.forgive(session, "sign_in_account", email.lower())
    enter(session, found.organisation_id)
    if passwords.is_outdated(found.password_hash):
        renewed = passwords.hash_password(password)
        session.execute(update(Person).where(Person.id == found.person_id).values(password_hash=renewed))
    return open_sign_in(session, found.organisation_id, found.person_id)


def open_sign_in(session: Session, organisation_id: int, person_id: int) -> str:
    """A fresh secret each time, so a planted cookie never becomes anybody's sign-in."""
    secret = secrets.token_urlsafe(32)
    session.add(
        SignIn(
            digest=digest_of(secret), organisation_id=organisation_id, person_id=person_id,
            expires_at=clock.now() + IDLE,
        )
    )  # fmt: skip
    return secret


def find_viewer(session: Session, secret: str) -> tuple[Viewer, Organisation] | None:
    """Who holds this secret, and their organisation; enters the organisation. None once signed out or expired."""
    digest = digest_of(secret)
    organisation_id = session.execute(
        text("SELECT gate.sign_in_organisation(:digest, :at)"), {"digest": digest, "at": clock.now()}
    ).scalar_one_or_none()
    if organisation_id is None:
        return None
    enter(session, organisation_id)
    row = session.execute(
        select(SignIn, Person, Role, Organisation, _SHUT_OUT, _MOVE)
        .join(Person, Person.id == SignIn.person_id)
        .join(Role, Role.name == Person.role)
        .join(Organisation, Organisation.id == SignIn.organisation_id)
        .where(SignIn.digest == digest, Person.is_active)
    ).one_or_none()
    if row is None:
        return None
    looks_after_books = "manage_link" in row.Role.rights
    viewer = Viewer(
        id=row.Person.id, organisation_id=organisation_id, name=row.Person.name, email=row.Person.email,
        role=row.Person.role, rights=frozenset(row.Role.rights), discount_limit=row.Role.discount_limit, digest=digest,
        secret=secret, shut_out_of=(row.shut_out_of or "") if looks_after_books else "",
        books_move=_move(row.move, clock.today(row.Organisation.time_zone)) if looks_after_books else None,
    )  # fmt: skip
    _touch(session, row.SignIn)
    return viewer, row.Organisation


def _move(told: str | None, today: date) -> BooksMove | None:
    """told: day and name, of a day to come or of one that has passed and still waits."""
    day, _, name = (told or "").partition(" ")
    if not day or date.fromisoformat(day) > today + _TOLD_BEFORE:
        return None
    return BooksMove(date.fromisoformat(day), name, has_come=date.fromisoformat(day) <= today)


def sign_out(session: Session, digest: bytes) -> None:
    session.execute(delete(SignIn).where(SignIn.digest == digest))


def end_other_sign_ins(session: Session, person_id: int, *, keep: bytes | None) -> None:
    session.execute(delete(SignIn).where(SignIn.person_id == person_id, SignIn.digest != (keep or b"")))


def digest_of(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()


def _touch(session: Session, row: SignIn) -> None:
    """Keep an open sign-in alive while it is used, at most one write in ten minutes."""
    now = clock.now()
    if now - row.last_seen_at > _TOUCH_EVERY:
        row.last_seen_at = now
        row.expires_at = min(now + IDLE, row.created_at + LONGEST)
        session.commit()

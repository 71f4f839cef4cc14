"""Finding the staff."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.people.models import Person
from portal.shared.errors import NotFound


def list_people(session: Session) -> Sequence[Person]:
    """Those who may sign in first, then by name."""
    return session.scalars(select(Person).order_by(Person.is_active.desc(), Person.name, Person.id)).all()


def get_person(session: Session, person_id: int) -> Person:
    """Raises NotFound."""
    person = session.get(Person, person_id)
    if person is None:
        raise NotFound
    return person

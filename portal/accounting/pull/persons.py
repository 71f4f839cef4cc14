"""The persons of a customer beyond the first: known ones are kept up to date, new ones come over."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session, selectinload

from portal.accounting import mapping
from portal.accounting.mirror.sources import Source
from portal.accounting.models import MirrorRecord
from portal.accounting.setup import people
from portal.customers.models import Contact, Customer

_PARTS = ("first_name", "last_name", "email", "phone")
_LONGEST = {"first_name": 100, "last_name": 100, "email": 254, "phone": 40}


def take_over(session: Session, record: MirrorRecord, theirs: Mapping[str, Any], *, only_new: bool = False) -> None:
    """A person whom nobody touched here becomes as they are there; one only they know is added. Does not commit.

    The first person is no matter of this: its parts are fields of the customer. One changed on both sides stays as it
    is here, and goes over with the next change.

    only_new  the mapping takes no changes of persons from there; a new one comes all the same, as our next update
              replaces the whole list and would remove them there
    """
    if record.module != "customer":
        return
    customer = session.get_one(
        Customer, record.local_id, options=[selectinload(Customer.contacts), selectinload(Customer.addresses)],
        populate_existing=True,
    )  # fmt: skip
    kept = record.snapshot or {}
    key_of = {remote_id: key for key, remote_id in (kept.get("persons") or {}).items()}
    sent = {_parts(each) for each in (kept.get("sent") or {}).get("contact_persons", [])}
    ours = {str(each.id): each for each in customer.contacts if not each.is_primary}
    newcomers = []
    for person in theirs.get("contact_persons") or []:
        key = key_of.get(str(person.get("contact_person_id")))
        if key is None:
            newcomers.append(person)
        elif not only_new and key in ours and _of(ours[key]) in sent:
            _update(ours[key], person)
    people.add_missing(session, customer, newcomers)


def ids_of(source: Source, theirs: Mapping[str, Any], known: Mapping[str, str]) -> dict[str, str]:
    """key → contact_person_id, of the persons that are still there."""
    if source.customer is None:
        return {}
    listed = theirs.get("contact_persons") or []
    there = {str(each.get("contact_person_id")) for each in listed}
    return {key: each for key, each in known.items() if each in there} | mapping.person_ids(source.customer, listed)


def _update(contact: Contact, person: Mapping[str, Any]) -> None:
    for part, value in zip(_PARTS, _parts(person), strict=True):
        setattr(contact, part, value[: _LONGEST[part]])


def _parts(person: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(person.get(part) or "").strip() for part in _PARTS)


def _of(contact: Contact) -> tuple[str, ...]:
    return tuple(getattr(contact, part) for part in _PARTS)

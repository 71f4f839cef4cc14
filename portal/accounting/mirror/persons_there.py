"""Persons of a customer whom only Zoho knows: our update replaces the whole list, so they are sent along. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from portal.accounting import mapping
from portal.accounting.models import MirrorRecord

_KEPT = ("contact_person_id", "salutation", "first_name", "last_name", "email", "phone", "mobile", "designation",
         "department", "skype")  # fmt: skip
_NAMED = ("first_name", "last_name", "email")


@dataclass(frozen=True)
class OurPersons:
    """By what persons there are known as ours: their ids, and what was sent of those whose id no answer told."""

    ids: frozenset[str]
    sent: frozenset[tuple[str, ...]]


def ours_of(record: MirrorRecord, version: int, payload: Mapping[str, Any]) -> OurPersons | None:
    """None where the update says nothing of persons, or where theirs were taken over here a moment ago."""
    kept = record.snapshot or {}
    if "contact_persons" not in payload or kept.get("read") == version:
        return None
    sent = (kept.get("sent") or {}).get("contact_persons", [])
    return OurPersons(frozenset((kept.get("persons") or {}).values()), frozenset(_named(each) for each in sent))


def with_theirs(
    ours: Sequence[Mapping[str, Any]], there: Sequence[Mapping[str, Any]], known: OurPersons
) -> list[dict[str, Any]]:
    """The list to send: ours first, then whoever was added there. Whom we have removed is not among them.

    there  the persons as Zoho has them now
    """
    listed = {str(each.get("contact_person_id")) for each in there}
    mine = [_with_known_id(each, listed) for each in ours]
    called = {_named(each) for each in ours} | known.sent
    theirs = [
        each for each in there if str(each.get("contact_person_id")) not in known.ids and _named(each) not in called
    ]
    return mine + [_as_it_is(each, may_be_first=not mine) for each in theirs]


def _with_known_id(person: Mapping[str, Any], listed: set[str]) -> dict[str, Any]:
    """One who was removed there is made anew."""
    return {
        key: value for key, value in person.items() if key != "contact_person_id" or str(value) in listed
    }  # fmt: skip


def _as_it_is(person: Mapping[str, Any], *, may_be_first: bool) -> dict[str, Any]:
    kept = {key: person[key] for key in _KEPT if person.get(key)}
    return kept | {"is_primary_contact": bool(person.get("is_primary_contact")) and may_be_first}


def _named(person: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(person.get(part) or "").strip() for part in _NAMED)


def still_there(
    record: MirrorRecord, customer: mapping.CustomerRecord | None, answer: Mapping[str, Any]
) -> dict[str, str]:  # fmt: skip
    """key → contact_person_id of those that are there, also of one that is called otherwise there by now."""
    if customer is None:
        return {}
    listed = answer.get("contact_persons") or []
    ids = {str(each["contact_person_id"]) for each in listed}
    known = (record.snapshot or {}).get("persons") or {}
    ours = {person.key for person in mapping.people_of(customer)}
    still = {key: each for key, each in known.items() if each in ids and key in ours}
    return still | mapping.person_ids(customer, listed)

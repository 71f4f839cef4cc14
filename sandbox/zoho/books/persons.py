"""Contact persons: kept inside their contact, each with an id of its own."""

from typing import Any

from .. import errors, fields
from ..ledger import Ledger
from ..registry import Call, operation
from ..wire import Answer, Record

TEXTS = ("salutation", "first_name", "last_name", "email", "phone", "mobile", "designation", "department", "skype")
CONTEXT = {"page": 1, "per_page": 200, "has_more_page": False, "sort_column": "contact_person_id",
           "sort_order": "A"}  # fmt: skip


@operation("GET /contacts/{contact_id}/contactpersons", "contacts.READ")
def list_persons(call: Call, contact_id: str) -> Answer:
    contact = call.books.find("contacts", contact_id)
    return Answer({"contact_persons": contact["contact_persons"], "page_context": CONTEXT})


@operation("POST /contacts/contactpersons", "contacts.CREATE")
def create_person(call: Call) -> Answer:
    fields.require(call.body, "contact_id", "first_name")
    contact = call.books.take("contacts", call.body["contact_id"])
    person = _person(call.books, call.body, {})
    contact["contact_persons"].append(person)
    _settle_primary(contact, person if call.body.get("is_primary_contact") else None)
    call.books.keep("contacts", contact)
    return Answer({"contact_person": _alone(contact, person)}, "The contactperson has been Created", 201,
                  f"/api/v3/contacts/contactpersons/{person['contact_person_id']}")  # fmt: skip


@operation("GET /contacts/contactpersons/{contact_person_id}", "contacts.READ")
def get_person(call: Call, contact_person_id: str) -> Answer:
    contact, person = _locate(call.books, contact_person_id)
    return Answer({"contact_person": _alone(contact, person)})


@operation("GET /contacts/{contact_id}/contactpersons/{contact_person_id}", "contacts.READ")
def get_person_of_contact(call: Call, contact_id: str, contact_person_id: str) -> Answer:
    call.books.find("contacts", contact_id)
    return get_person(call, contact_person_id)


@operation("PUT /contacts/contactpersons/{contact_person_id}", "contacts.UPDATE")
def update_person(call: Call, contact_person_id: str) -> Answer:
    fields.require(call.body)
    contact, person = _locate(call.books, contact_person_id)
    person |= _person(call.books, call.body, person)
    if call.body.get("is_primary_contact"):
        _settle_primary(contact, person)
    call.books.keep("contacts", contact)
    return Answer({"contact_person": _alone(contact, person)}, "The contactperson details has been updated.")


@operation("DELETE /contacts/contactpersons/{contact_person_id}", "contacts.DELETE")
def delete_person(call: Call, contact_person_id: str) -> Answer:
    contact, person = _locate(call.books, contact_person_id)
    contact["contact_persons"].remove(person)
    _settle_primary(contact, None)
    call.books.keep("contacts", contact)
    return Answer(message="The contact person has been deleted.")


@operation("POST /contacts/contactpersons/{contact_person_id}/primary", "contacts.CREATE")
def mark_primary(call: Call, contact_person_id: str) -> Answer:
    contact, person = _locate(call.books, contact_person_id)
    _settle_primary(contact, person)
    call.books.keep("contacts", contact)
    return Answer(message="This contact person has been marked as your primary contact person.")


def replace_all(books: Ledger, contact: Record, given: Any) -> None:
    """The whole list as a contact's body gives it: persons that aren't in it are gone."""
    if not isinstance(given or [], list):
        raise errors.invalid_value("contact_persons")
    before = {one["contact_person_id"]: one for one in contact.get("contact_persons", [])}
    people = []
    for one in given or []:
        if not isinstance(one, dict):
            raise errors.invalid_value("contact_persons")
        known = before.get(str(one.get("contact_person_id", "")), {})
        people.append(_person(books, one, known))
    contact["contact_persons"] = people
    chosen = [people[at] for at, one in enumerate(given or []) if one.get("is_primary_contact") is True]
    _settle_primary(contact, chosen[0] if chosen else None)


def primary_facts(contact: Record) -> Record:
    """The primary person's name and ways to reach them, which a contact's answer repeats at its top."""
    primary: Record = next((one for one in contact["contact_persons"] if one["is_primary_contact"]), {})
    return {name: primary.get(name, "") for name in ("first_name", "last_name", "email", "phone", "mobile")}


def _person(books: Ledger, body: Record, before: Record) -> Record:
    person = {name: fields.text(body, name) if name in body else before.get(name, "") for name in TEXTS}
    if person["email"] and "@" not in person["email"]:
        raise errors.invalid_value("email")
    return {
        "contact_person_id": before.get("contact_person_id") or books.new_id(), **person,
        "is_primary_contact": before.get("is_primary_contact", False), "is_added_in_portal": False,
        "communication_preference": {"is_sms_enabled": False, "is_whatsapp_enabled": False},
    }  # fmt: skip


def _settle_primary(contact: Record, chosen: Record | None) -> None:
    """Exactly one person is primary: the chosen one, else the one that was, else the first."""
    people = contact["contact_persons"]
    primary = chosen or next((one for one in people if one["is_primary_contact"]), people[0] if people else None)
    for one in people:
        one["is_primary_contact"] = one is primary
    contact["primary_contact_id"] = primary["contact_person_id"] if primary else ""


def _locate(books: Ledger, contact_person_id: str) -> tuple[Record, Record]:
    """A copy of the contact, and the person inside that copy."""
    for row in books.all("contacts"):
        if any(one["contact_person_id"] == contact_person_id for one in row["contact_persons"]):
            contact = books.take("contacts", row["contact_id"])
            people = contact["contact_persons"]
            return contact, next(one for one in people if one["contact_person_id"] == contact_person_id)
    raise errors.gone("Contact Person")


def _alone(contact: Record, person: Record) -> Record:
    return {"contact_id": contact["contact_id"], **person}

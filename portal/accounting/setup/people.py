"""A customer of Zoho's as one of ours: its facts, its address, and the persons to ask for."""

from collections.abc import Mapping, Sequence
from typing import Any

from babel import Locale
from sqlalchemy.orm import Session

from portal.accounting import mapping
from portal.customers.actions import CustomerFacts
from portal.customers.models import Contact, Customer

_CODES = {name.casefold(): code for code, name in Locale("en").territories.items() if len(code) == 2}
_LONGEST_TERMS = 365
# Before our customer's number, in the notes there: by it we know our own record where no numbers are kept.
MARK = "Portal customer "


def facts_of(contact: Mapping[str, Any]) -> CustomerFacts:
    """What the detail of a contact says (zoho/API.md §6.1), cut to what we can keep."""
    address = contact.get("billing_address") or {}
    person = primary(contact.get("contact_persons") or [])
    return CustomerFacts(
        kind="individual" if contact.get("customer_sub_type") == "individual" else "business",
        name=_text(contact, "contact_name", 200) or "Without a name",
        email=_text(contact, "email", 254), phone=_text(contact, "phone", 40) or _text(contact, "mobile", 40),
        first_name=_text(person, "first_name", 100), last_name=_text(person, "last_name", 100),
        tax_number=next(filter(None, (_text(contact, key, 40) for key in _TAX_NUMBERS)), ""),
        street=_text(address, "address", 200), city=_text(address, "city", 100), state=_text(address, "state", 100),
        postal_code=_text(address, "zip", 20), country=country_code(_text(address, "country", 100)),
        payment_terms_days=_terms(contact.get("payment_terms")), notes=_text(contact, "notes", 2000),
    )  # fmt: skip


def add_missing(session: Session, customer: Customer, persons: Sequence[Mapping[str, Any]]) -> None:
    """Persons that only Zoho knows become contacts of ours. Does not commit."""
    known = {_who(each.first_name, each.last_name, each.email) for each in customer.contacts}
    for person in persons:
        first, last, email = (_text(person, key, 254) for key in ("first_name", "last_name", "email"))
        if _who(first, last, email) in known or not (first or last or email):
            continue
        known.add(_who(first, last, email))
        customer.contacts.append(
            Contact(
                organisation_id=customer.organisation_id, customer_id=customer.id, first_name=first[:100],
                last_name=last[:100], email=email, phone=_text(person, "phone", 40), is_primary=False,
            )
        )  # fmt: skip
    session.flush()


def record_of(customer: Customer) -> mapping.CustomerRecord:
    """As the mapping wants it, for comparing persons."""
    people = [
        mapping.PersonRecord(str(each.id), each.first_name, each.last_name, each.email, each.phone, each.is_primary)
        for each in customer.contacts
    ]
    return mapping.CustomerRecord(
        customer.number, customer.kind, customer.name, customer.email, customer.phone, None, None, None, people
    )


def primary(persons: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The one to ask for first; nothing where there is none."""
    return next((each for each in persons if each.get("is_primary_contact")), persons[0] if persons else {})


def country_code(name: str) -> str:
    """Two letters for a country as Zoho spells it, "" when it cannot be told."""
    if len(name) == 2 and name.isalpha():
        return name.upper()
    return str(_CODES.get(name.casefold().replace(".", ""), _ODD.get(name.casefold(), "")))


_ODD = {"u.s.a": "US", "u.s.a.": "US", "usa": "US", "uk": "GB"}
_TAX_NUMBERS = ("tax_reg_no", "vat_reg_no", "gst_no")


def _text(of: Mapping[str, Any], key: str, longest: int) -> str:
    return str(of.get(key) or "").replace("\x00", "").strip()[:longest]


def _terms(days: Any) -> int | None:
    text = str(days if days is not None else "")
    return int(text) if text.isdigit() and int(text) <= _LONGEST_TERMS else None


def _who(first: str, last: str, email: str) -> tuple[str, str, str]:
    return first.casefold(), last.casefold(), email.casefold()

"""Taking Zoho's values over here, through the same verbs as a person who edits the record."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields as parts
from dataclasses import replace
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from portal.accounting.merging import Merged
from portal.accounting.models import MirrorRecord
from portal.catalogue.actions import ItemFacts, edit_item
from portal.catalogue.models import Item
from portal.customers.actions import CustomerFacts, bring_back_customer, edit_customer, retire_customer
from portal.customers.models import Customer
from portal.organisations import audit
from portal.organisations.audit import Actor

_LONGEST = {
    "customer": {
        "name": 200, "email": 254, "phone": 40, "first_name": 100, "last_name": 100, "tax_number": 40, "street": 200,
        "city": 100, "state": 100, "postal_code": 20, "notes": 2000,
    },
    "item": {"name": 100, "code": 40, "unit": 20, "description": 2000},
}  # fmt: skip
_NEEDED = ("name", "code", "unit_price")
_HIGHEST_PRICE, _LONGEST_TERMS = Decimal(10_000_000), 365


@contextmanager
def in_the_name_of(product_name: str) -> Iterator[None]:
    """The trail says where it comes from."""
    before = audit.actor.set(Actor("job", name=product_name))
    try:
        yield
    finally:
        audit.actor.reset(before)


def sort_out(module: str, merged: Merged) -> Merged:
    """What changed there and cannot be kept here is asked about instead."""
    odd = {name: value for name, value in merged.take.items() if not fits(module, name, value)}
    if not odd:
        return merged
    take = {name: value for name, value in merged.take.items() if name not in odd}
    return replace(merged, take=take, ask=merged.ask | {name: ("", value) for name, value in odd.items()})


def fitting(module: str, values: Mapping[str, str]) -> dict[str, str]:
    """Those that can be kept here."""
    return {name: value for name, value in values.items() if fits(module, name, value)}


def make(session: Session, record: MirrorRecord, wanted: Mapping[str, str]) -> None:
    """Raises RuleBroken. Does not commit."""
    if record.module == "customer":
        _change_customer(session, record.local_id, wanted)
    else:
        _change_item(session, record, wanted)


def own_state(session: Session, record: MirrorRecord) -> dict[str, str]:
    """What is compared and stands in no payload of ours."""
    id_ = record.local_id
    is_item = record.module == "item"
    is_active = session.get_one(Item, id_).is_active if is_item else session.get_one(Customer, id_).is_active
    return {"is_active": "yes" if is_active else ""}


def knows_tax(session: Session, link_id: int, remote_id: str) -> bool:
    return _tax_of(session, link_id, remote_id) is not None


def fits(module: str, name: str, value: str) -> bool:
    """Can this value of theirs be kept here?"""
    if name in _NEEDED and not value:
        return False
    if name == "unit_price":
        return 0 <= Decimal(value) <= _HIGHEST_PRICE
    if name == "payment_terms_days":
        return value == "" or (value.isdigit() and int(value) <= _LONGEST_TERMS)
    return len(value) <= _LONGEST[module].get(name, 2000)


def _change_customer(session: Session, customer_id: int, wanted: Mapping[str, str]) -> None:
    customer = session.get_one(
        Customer, customer_id, options=[selectinload(Customer.contacts), selectinload(Customer.addresses)],
        populate_existing=True, with_for_update={"key_share": True},
    )  # fmt: skip
    values: dict[str, Any] = dict(wanted)
    is_active = values.pop("is_active", None)
    if is_active is not None:
        (bring_back_customer if is_active else retire_customer)(session, customer)
    if not values:
        return
    if "payment_terms_days" in values:
        values["payment_terms_days"] = int(values["payment_terms_days"] or 0)
    edit_customer(session, customer, replace(_facts_of(customer), **values))


def _facts_of(customer: Customer) -> CustomerFacts:
    person = next((each for each in customer.contacts if each.is_primary), None)
    address = next((each for each in customer.addresses if each.use == "billing"), None)
    own = {each.name: getattr(customer, each.name) for each in parts(CustomerFacts) if hasattr(customer, each.name)}
    of_person = {"first_name": person.first_name, "last_name": person.last_name} if person else {}
    of_address = (
        {key: getattr(address, key) for key in ("street", "city", "state", "postal_code", "country")} if address else {}
    )
    return CustomerFacts(**own | of_person | of_address)


def _change_item(session: Session, record: MirrorRecord, wanted: Mapping[str, str]) -> None:
    item = session.get_one(Item, record.local_id, populate_existing=True, with_for_update=True)
    facts = ItemFacts(**{each.name: getattr(item, each.name) for each in parts(ItemFacts)})
    values: dict[str, Any] = dict(wanted)
    if "unit_price" in values:
        values["unit_price"] = Decimal(values["unit_price"])
    if "is_active" in values:
        values["is_active"] = values["is_active"] == "yes"
    if "tax" in values:
        values["tax_id"] = _tax_of(session, record.link_id, values.pop("tax"))
    edit_item(session, item, replace(facts, **values))


def _tax_of(session: Session, link_id: int, remote_id: str) -> int | None:
    if not remote_id:
        return None
    return session.scalars(
        select(MirrorRecord.local_id).where(
            MirrorRecord.link_id == link_id, MirrorRecord.module == "tax", MirrorRecord.remote_id == remote_id
        )
    ).first()

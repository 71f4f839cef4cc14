"""A record as Zoho has it, in our fields and as text, so that both sides and their last common state can be compared.

Our own payload is read in the same way as Zoho's answer: what Zoho cannot hold as we do (a finer price, a name without
a number behind it) is then equal on both sides and never taken for a change. Pure.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from portal.accounting import fields
from portal.accounting.fields import Rule
from portal.accounting.setup import people

_PERSON = ("first_name", "last_name", "email", "phone")
_ADDRESS = (("street", "address"), ("city", "city"), ("state", "state"), ("postal_code", "zip"))
READ_BACK = ("customer", "item")


def values_of(module: str, record: Mapping[str, Any], rules: Sequence[Rule]) -> dict[str, str]:
    """our field → value. Only fields that the mapping brings over; `record` is theirs, or a payload of ours."""
    values = _customer(record) if module == "customer" else _item(record)
    return values | mapped_values(module, record, rules)


def mapped_values(module: str, record: Mapping[str, Any], rules: Sequence[Rule]) -> dict[str, str]:
    """our field → value, of the rows that may go elsewhere and do go somewhere."""
    free = {field.key for field in fields.OURS[module] if field.parts and not field.locked}
    return {
        rule.ours: _plain(rule.ours, _found(record, rule.theirs))
        for rule in rules if rule.theirs and rule.ours in free
    }  # fmt: skip


def listed_values(module: str, row: Mapping[str, Any], rules: Sequence[Rule]) -> dict[str, str]:
    """As much of it as a row of Zoho's list tells. A row of items tells all, one of contacts a little."""
    if module == "item":
        return values_of(module, row, rules)
    of_person = {key: _text(row.get(key)) for key in _PERSON}
    return {"name": _text(row.get("contact_name")), "is_active": _active(row)} | of_person


def _customer(record: Mapping[str, Any]) -> dict[str, str]:
    primary = people.primary(record.get("contact_persons") or [])
    address = record.get("billing_address") or {}
    return {
        "name": _text(record.get("contact_name")),
        "kind": "individual" if record.get("customer_sub_type") == "individual" else "business",
        **{key: _text(primary.get(key)) for key in _PERSON},
        **{ours: _text(address.get(theirs)) for ours, theirs in _ADDRESS},
        "country": people.country_code(_text(address.get("country"))),
        "is_active": _active(record),
    }


def _item(record: Mapping[str, Any]) -> dict[str, str]:
    return {
        "name": _text(record.get("name")),
        "code": _text(record.get("sku")),
        "kind": "part" if record.get("product_type", "goods") == "goods" else "service",
        "unit_price": _number(record.get("rate")),
        "tax": _text(record.get("tax_id")),
        "is_active": _active(record),
    }


def _active(record: Mapping[str, Any]) -> str:
    return "" if record.get("status") == "inactive" else "yes"


def _found(record: Mapping[str, Any], target: str) -> Any:
    if not target.startswith(fields.CUSTOM):
        return record.get(target)
    name = target.removeprefix(fields.CUSTOM)
    listed = {each.get("api_name"): each.get("value") for each in record.get("custom_fields") or []}
    return listed.get(name)


def _plain(key: str, value: Any) -> str:
    if key == "payment_terms_days":
        days = _number(value) or _text(value)  # words are no days, but not nothing: they are asked about
        return "" if days == "0" else days  # Zoho has no terms that are not set: it says 0
    text = _text(value)
    if key == "notes":
        # The mark by which we know our own record again is no note of anybody's.
        text = "\n".join(line for line in text.splitlines() if not line.startswith(people.MARK)).strip()
    return text


def _text(value: Any) -> str:
    return str("" if value is None else value).replace("\x00", "").replace("\r\n", "\n").strip()


def _number(value: Any) -> str:
    """In one way of writing: 118, not 118.00."""
    try:
        number = Decimal(_text(value))
    except InvalidOperation:
        return ""
    if not number.is_finite():
        return ""
    short = number.normalize()
    return f"{short:f}"

"""What people may read of a request and its answer: amounts, numbers and names of things; nothing personal. Pure."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

_PERSONAL = {
    "email", "phone", "mobile", "first_name", "last_name", "address", "street", "street2", "zip", "attention", "fax",
    "contact_persons", "billing_address", "shipping_address", "contact_name", "company_name", "notes",
    "customer_name", "contact_person_email",
}  # fmt: skip
# Of Zoho's answer, which repeats the customer and the whole organisation in some 130 keys (zoho/API.md §6.3).
_TOLD = (
    "contact_id", "contact_number", "item_id", "sku", "tax_id", "tax_group_id", "tax_name", "tax_percentage",
    "invoice_id", "invoice_number", "creditnote_id", "creditnote_number", "payment_id", "payment_number",
    "reference_number", "status", "date", "due_date", "sub_total", "discount_total", "shipping_charge", "tax_total",
    "adjustment", "roundoff_value", "total", "balance", "amount", "unused_amount", "last_modified_time", "code",
    "message",
)  # fmt: skip
HIDDEN = "…"
_LONGEST, _MOST = 120, 60


def sent(payload: Mapping[str, Any]) -> list[list[str]]:
    """Names and values in their order, for example ["line_items 2 rate", "64.00"]; personal ones are hidden."""
    return _flat("", payload)[:_MOST]


def told(answer: Mapping[str, Any]) -> list[list[str]]:
    """The same of an answer: only what is named above."""
    return _flat("", {name: answer[name] for name in _TOLD if answer.get(name) not in (None, "")})[:_MOST]


def _flat(name: str, value: Any) -> list[list[str]]:
    if name.rpartition(" ")[2] in _PERSONAL:
        return [[name, HIDDEN]] if value else []
    if isinstance(value, Mapping):
        return [row for key, each in value.items() for row in _flat(f"{name} {key}".strip(), each)]
    if isinstance(value, list):
        return [row for at, each in enumerate(value, 1) for row in _flat(f"{name} {at}".strip(), each)]
    if isinstance(value, Decimal):
        return [[name, format(value, "f")]]
    return [[name, str(value)[:_LONGEST]]] if value not in (None, "") else []

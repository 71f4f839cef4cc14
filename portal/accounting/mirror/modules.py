"""What differs between the modules on the wire: paths, keys, and how our own record is found again."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from portal.gateways.zoho import wire


@dataclass(frozen=True)
class Module:
    """list_key and key are what Zoho calls many and one of them in an answer; they do not always match."""

    name: str
    called: str
    path: str
    list_key: str
    key: str
    id_key: str
    search_by: str  # filter of the list; empty where the list has none and is read whole

    def query(self, reference: str) -> dict[str, str]:
        query = {"per_page": "200"}
        if self.search_by:
            query[self.search_by] = reference[:100]
        if self.name in ("customer", "item"):
            query["filter_by"] = "Status.All"
        return query


MODULES = {
    module.name: module
    for module in (
        Module("tax", "Tax", "/settings/taxes", "taxes", "tax", "tax_id", ""),
        Module("customer", "Customer", "/contacts", "contacts", "contact", "contact_id", "contact_name"),
        Module("item", "Item", "/items", "items", "item", "item_id", "name"),
        Module("invoice", "Invoice", "/invoices", "invoices", "invoice", "invoice_id", "invoice_number"),
        Module(
            "payment", "Payment", "/customerpayments", "customerpayments", "payment", "payment_id", "reference_number"
        ),
        Module(
            "credit_note",
            "Credit note",
            "/creditnotes",
            "creditnotes",
            "creditnote",
            "creditnote_id",
            "creditnote_number",
        ),
    )
}


# A tax at a rate of its own is written as any other.
MODULES["tax_rate"] = MODULES["tax"]

# A group of taxes is one of the taxes to whoever uses it, but is written at an address of its own.
_TAX_GROUP = Module("tax", "Tax group", "/settings/taxgroups", "taxes", "tax_group", "tax_group_id", "")


def written_as(module: str, payload: Mapping[str, Any]) -> Module:
    """Where a record with this payload is created and changed."""
    return _TAX_GROUP if "tax_group_name" in payload else MODULES[module]


def called(module: str) -> str:
    """What people call a record of it."""
    return MODULES[module].called


def id_in(module: str, payload: Mapping[str, Any], answer: Mapping[str, Any]) -> str:
    """The record's id in Zoho's answer to a write, or in a row of its list; empty where it has none."""
    found = answer.get(written_as(module, payload).id_key) or answer.get(MODULES[module].id_key)
    return str(found or "")


def may_be_ours(module: str, row: Mapping[str, Any], payload: Mapping[str, Any]) -> bool:
    """Is this row of a list worth a closer look?"""
    if module == "customer":
        return bool(row.get("contact_name") == payload["contact_name"])
    if module == "item":
        return bool(row.get("name") == payload["name"])
    if module == "invoice":
        return bool(row.get("invoice_number") == payload["invoice_number"])
    if module == "credit_note":
        return bool(row.get("creditnote_number") == payload["creditnote_number"])
    return bool(row.get("reference_number", payload["reference_number"]) == payload["reference_number"])


def is_ours(module: str, record: Mapping[str, Any], payload: Mapping[str, Any]) -> bool:
    """Did we make this record, in a call whose answer we never saw? Never guessed from a name alone."""
    return _OURS[module](record, payload)


def is_alike_tax(row: Mapping[str, Any], payload: Mapping[str, Any]) -> bool:
    """A simple tax of the same rate, under whatever name."""
    if "tax_group_name" in payload:
        return False
    is_simple = row.get("tax_type", "tax") == "tax"
    return is_simple and wire.amount(row.get("tax_percentage")) == Decimal(payload["tax_percentage"])


def _our_tax(record: Mapping[str, Any], payload: Mapping[str, Any]) -> bool:
    """A tax of the same name and rate is the same tax, whoever made it; so is a group of the same name."""
    if "tax_group_name" in payload:
        is_same = str(record.get("tax_name", "")).casefold() == payload["tax_group_name"].casefold()
        return is_same and record.get("tax_type") == "tax_group"
    same_name = str(record.get("tax_name", "")).casefold() == payload["tax_name"].casefold()
    return same_name and wire.amount(record.get("tax_percentage")) == Decimal(payload["tax_percentage"])


def _our_customer(record: Mapping[str, Any], payload: Mapping[str, Any]) -> bool:
    mark = payload["contact_number"]
    noted = mark in str(record.get("notes", "")).split()
    return record.get("contact_name") == payload["contact_name"] and (record.get("contact_number") == mark or noted)


def _our_item(record: Mapping[str, Any], payload: Mapping[str, Any]) -> bool:
    return bool(record.get("sku") == payload["sku"])


def _our_invoice(record: Mapping[str, Any], payload: Mapping[str, Any]) -> bool:
    keys = ("invoice_number", "customer_id", "date", "reference_number")
    return all(str(record.get(key, "")) == payload[key] for key in keys)


def _our_payment(record: Mapping[str, Any], payload: Mapping[str, Any]) -> bool:
    return all(str(record.get(key, "")) == payload[key] for key in ("reference_number", "customer_id"))


def _our_credit_note(record: Mapping[str, Any], payload: Mapping[str, Any]) -> bool:
    keys = ("creditnote_number", "customer_id", "date", "reference_number")
    return all(str(record.get(key, "")) == payload[key] for key in keys)


_OURS = {
    "tax": _our_tax, "customer": _our_customer, "item": _our_item, "invoice": _our_invoice, "payment": _our_payment,
    "credit_note": _our_credit_note,
}  # fmt: skip

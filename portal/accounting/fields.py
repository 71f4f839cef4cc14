"""Which fields of ours may go into which of theirs. Pure: a table of fields, and what a person's choice must obey."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

TEXT, NUMBER = "text", "number"
CUSTOM = "cf:"
_LONGEST_CUSTOM = 255
_KINDS = {
    "string": TEXT, "text": TEXT, "email": TEXT, "phone": TEXT, "url": TEXT, "multiline": TEXT, "text_area": TEXT,
    "number": NUMBER, "decimal": NUMBER, "amount": NUMBER, "percent": NUMBER,
}  # fmt: skip


@dataclass(frozen=True)
class Ours:
    """One of our fields. `usual` is where it goes by default, "" for nowhere; a locked one cannot be changed."""

    key: str
    label: str
    kind: str = TEXT
    usual: str = ""
    locked: str = ""


@dataclass(frozen=True)
class Theirs:
    """One of Zoho's fields that may be chosen, custom ones included."""

    key: str
    label: str
    kind: str = TEXT
    longest: int = 0
    products: tuple[str, ...] = ("books", "invoice")
    is_seen: bool = True  # false for a custom field that was named by people, and that no record shows yet


@dataclass(frozen=True)
class Rule:
    """What is kept of one row."""

    ours: str
    theirs: str
    direction: str = "push"
    wins: str = "ask"


_NEEDED = "Zoho asks for it"
_KEEPS_ORDER = "It keeps a record from being made twice"
OURS: dict[str, tuple[Ours, ...]] = {
    "customer": (
        Ours("name", "Name", usual="contact_name", locked=_NEEDED),
        Ours("number", "Customer number", usual="contact_number", locked=_KEEPS_ORDER),
        Ours("email", "E-mail and phone", usual="contact_persons", locked="Zoho keeps them with the persons"),
        Ours("payment_terms_days", "Days to pay", NUMBER, usual="payment_terms"),
        Ours("tax_number", "Tax number"),
        Ours("notes", "Notes"),
    ),
    "item": (
        Ours("name", "Name", usual="name", locked=_NEEDED),
        Ours("unit_price", "Price", NUMBER, usual="rate", locked=_NEEDED),
        Ours("code", "Code", usual="sku", locked=_KEEPS_ORDER),
        Ours("description", "Description", usual="description"),
        Ours("unit", "Unit", usual="unit"),
    ),
    "invoice": (
        Ours("number", "Number", usual="invoice_number", locked=_KEEPS_ORDER),
        Ours("reference", "Work orders", usual="reference_number", locked=_KEEPS_ORDER),
        Ours("issued_on", "Date", usual="date", locked=_NEEDED),
        Ours("due_on", "Due date", usual="due_date", locked=_NEEDED),
        Ours("lines", "Lines and taxes", usual="line_items", locked=_NEEDED),
        Ours("title", "What was done"),
        Ours("work_done", "Where, when and by whom"),
    ),
}  # fmt: skip
THEIRS: dict[str, tuple[Theirs, ...]] = {
    "customer": (
        Theirs("payment_terms", "Payment terms", NUMBER), Theirs("notes", "Remarks", longest=2000),
        Theirs("website", "Website", longest=255), Theirs("legal_name", "Legal name", longest=200, products=("books",)),
        Theirs("vat_reg_no", "VAT number (United Kingdom)", longest=100), Theirs("gst_no", "GSTIN (India)", longest=15),
        Theirs("tax_reg_no", "Tax number (Gulf, Kenya, Mexico, South Africa)", longest=100),
    ),
    "item": (
        Theirs("description", "Description", longest=2000), Theirs("unit", "Unit", longest=100),
        Theirs("purchase_description", "Purchase description", longest=2000, products=("books",)),
    ),
    "invoice": (
        Theirs("notes", "Customer notes", longest=5000), Theirs("terms", "Terms & conditions", longest=10000),
        Theirs("salesperson_name", "Salesperson", longest=200),
    ),
}  # fmt: skip
# Editions that have a field for the tax number want to hear beside it that there is one (zoho/API.md §6.1).
_BESIDE = {
    "vat_reg_no": {"vat_treatment": "uk"}, "gst_no": {"gst_treatment": "business_gst"},
    "tax_reg_no": {"tax_treatment": "vat_registered"},
}  # fmt: skip
MAPPED = tuple(OURS)
# Parts of what is compared with Zoho that are no row of the mapping.
_PARTS = {
    "email": "E-mail", "phone": "Phone", "kind": "Kind", "first_name": "First name", "last_name": "Last name",
    "street": "Street", "city": "Town", "state": "State", "postal_code": "Postcode", "country": "Country", "tax": "Tax",
    "is_active": "On sale",
}  # fmt: skip
WINNERS = ("ours", "theirs", "ask")


def label_of(module: str, name: str) -> str:
    """What people call a field that is compared with Zoho."""
    return _PARTS.get(name) or next((field.label for field in OURS.get(module, ()) if field.key == name), name)


def custom_fields_of(record: Mapping[str, Any]) -> list[Theirs]:
    """The custom fields that a record of theirs shows, of the kinds that we can fill."""
    return [
        Theirs(
            CUSTOM + str(each["api_name"]), f"{each.get('label') or each['api_name']} (custom)",
            _KINDS[str(each.get("data_type", "string"))], _LONGEST_CUSTOM,
        )
        for each in record.get("custom_fields") or []
        if each.get("api_name") and str(each.get("data_type", "string")) in _KINDS
    ]  # fmt: skip


def custom_field(key: str) -> Theirs:
    """One that is in force or was named, when no record shows it at the moment."""
    return Theirs(key, f"{key.removeprefix(CUSTOM)} (custom)", TEXT, _LONGEST_CUSTOM, is_seen=False)


def is_api_name(name: str) -> bool:
    """Is it in the form that Zoho gives the API names of custom fields?"""
    return re.fullmatch(r"cf_[a-z0-9_]{1,96}", name) is not None


def usual(module: str) -> list[Rule]:
    return [Rule(field.key, field.usual) for field in OURS[module]]


def problems(
    module: str, product: str, rules: Sequence[Rule], custom: Sequence[Theirs], longest: Mapping[str, int]
) -> dict[str, str]:
    """our field → why this row cannot be kept so.

    longest  our field → length of the longest value that any record has in it
    """
    ours = {field.key: field for field in OURS[module]}
    theirs = {field.key: field for field in (*THEIRS[module], *custom)}
    found: dict[str, str] = {}
    for rule in rules:
        field = ours[rule.ours]
        words = _problem(field, rule, theirs.get(rule.theirs), product, longest.get(rule.ours, 0))
        if words:
            found[rule.ours] = words
    used = [rule.theirs for rule in rules if rule.theirs]
    for rule in rules:
        if rule.theirs and used.count(rule.theirs) > 1 and not ours[rule.ours].locked:
            found.setdefault(rule.ours, "Two of your fields would go into this one. Choose another for one of them.")
    return found


def _problem(field: Ours, rule: Rule, target: Theirs | None, product: str, longest: int) -> str:
    if field.locked:
        return "" if rule.theirs == field.usual else f"{field.locked}: it always goes there."
    if not rule.theirs:
        return ""
    if target is None:
        return "Zoho has no such field (any more). Choose one from the list."
    if product not in target.products:
        return f"{target.label} is there in Zoho Books only, and you have linked Zoho Invoice."
    if target.kind == NUMBER and field.kind != NUMBER:
        return f"{target.label} takes numbers only."
    if target.longest and longest > target.longest:
        return f"One of yours has {longest} characters, and {target.label} takes {target.longest}."
    return ""


def dress(payload: Mapping[str, Any], module: str, rules: Sequence[Rule], values: Mapping[str, Any]) -> dict[str, Any]:
    """The payload as the mapping wants it: fields that were moved are moved, and custom fields are added."""
    dressed = dict(payload)
    fields = {field.key: field for field in OURS.get(module, ())}
    moved = [
        rule for rule in rules
        if rule.ours in fields and not fields[rule.ours].locked and rule.theirs != fields[rule.ours].usual
    ]  # fmt: skip
    for rule in moved:
        dressed.pop(fields[rule.ours].usual, None)
    custom = []
    for rule in moved:
        value = values.get(rule.ours)
        value = "" if value is None else value
        if rule.theirs.startswith(CUSTOM):
            custom.append({"api_name": rule.theirs.removeprefix(CUSTOM), "value": value})
        elif rule.theirs and value != "":
            dressed = _BESIDE.get(rule.theirs, {}) | dressed | {rule.theirs: value}
    return dressed | ({"custom_fields": custom} if custom else {})

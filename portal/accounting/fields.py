"""Which fields of ours may go into which of theirs, and what a mapping makes of a payload. Pure.

A row's direction counts where its module goes both ways: `push` rows are never read back, `pull` rows are never
overwritten there, and `wins` decides where both sides changed a `both` row. In a module that goes one way, each row
goes there; only a `pull` row rests.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from portal.accounting.field_table import (
    ADDRESS,
    CUSTOM,
    EMAIL,
    MAPPED,
    NUMBER,
    OURS,
    PHONE,
    SIDES,
    STAYING,
    TEXT,
    THEIRS,
    Ours,
    Theirs,
    called,
)

__all__ = ["CUSTOM", "MAPPED", "NUMBER", "OURS", "SIDES", "STAYING", "TEXT", "THEIRS", "Ours", "Theirs", "called"]

PUSH, PULL, BOTH = "push", "pull", "both"
WAYS = (PUSH, PULL, BOTH)
WINNERS = ("ours", "theirs", "ask")
_LONGEST_CUSTOM = 255
_KINDS = {
    "string": TEXT, "text": TEXT, "email": EMAIL, "phone": PHONE, "url": ADDRESS, "multiline": TEXT, "text_area": TEXT,
    "number": NUMBER, "decimal": NUMBER, "amount": NUMBER, "percent": NUMBER,
}  # fmt: skip
_TAKES = {NUMBER: "numbers", EMAIL: "e-mail addresses", PHONE: "phone numbers", ADDRESS: "web addresses"}
# Editions that have a field for the tax number want to hear beside it that there is one (zoho/API.md §6.1).
_BESIDE = {
    "vat_reg_no": {"vat_treatment": "uk"}, "gst_no": {"gst_treatment": "business_gst"},
    "tax_reg_no": {"tax_treatment": "vat_registered"},
}  # fmt: skip
# Parts of what is compared with Zoho that are no row of the mapping.
_PARTS = {
    "email": "E-mail", "phone": "Phone", "first_name": "First name", "last_name": "Last name", "street": "Street",
    "city": "Town", "state": "State", "postal_code": "Postcode", "country": "Country",
}  # fmt: skip


@dataclass(frozen=True)
class Rule:
    """What is kept of one row."""

    ours: str
    theirs: str
    direction: str = BOTH
    wins: str = "ask"


@dataclass(frozen=True)
class Facts:
    """What a mapping is checked against.

    custom   the custom fields that may be chosen
    longest  our field → length of the longest value that any record has in it
    country  the firm's, which decides the edition; "" where it does not matter
    """

    module: str
    product: str
    custom: Sequence[Theirs] = ()
    longest: Mapping[str, int] | None = None
    country: str = ""


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


def offered(facts: Facts) -> list[Theirs]:
    """What may be chosen at all in this product and edition, whatever the row."""
    return [each for each in (*THEIRS[facts.module], *facts.custom) if not _lacks(each, facts)]


def only_in_books(field: Ours, facts: Facts) -> list[str]:
    """What Zoho Books has for this row and the linked product has not."""
    if facts.product in field.products:
        return (
            [] if field.locked else [each.label for each in THEIRS[facts.module] if _fits_elsewhere(field, each, facts)]
        )
    return [called(facts.module, field.usual)]


def goes_anyway(field: Ours, facts: Facts) -> str:
    """Where a row goes that is not sent by itself: a tax number goes with the standing, where the edition asks."""
    if (facts.module, field.key) != ("customer", "tax_number"):
        return ""
    return next((each.label for each in offered(facts) if facts.country in each.countries), "")


def problems(facts: Facts, rules: Sequence[Rule]) -> dict[str, str]:
    """our field → why this row cannot be kept so."""
    ours = {field.key: field for field in OURS[facts.module]}
    theirs = {field.key: field for field in (*THEIRS[facts.module], *facts.custom)}
    found: dict[str, str] = {}
    for rule in rules:
        words = _problem(ours[rule.ours], rule, theirs.get(rule.theirs), facts)
        if words:
            found[rule.ours] = words
    used = [rule.theirs for rule in rules if rule.theirs]
    for rule in rules:
        if rule.theirs and used.count(rule.theirs) > 1 and not ours[rule.ours].locked:
            found.setdefault(rule.ours, "Two of your fields would go into this one. Choose another for one of them.")
    return found


def settled(facts: Facts, rules: Sequence[Rule]) -> list[Rule]:
    """The rows as they can be: a number that goes into a field for text goes there only."""
    return [replace(rule, direction=PUSH) if is_told_as_text(facts, rule) else rule for rule in rules]


def is_told_as_text(facts: Facts, rule: Rule) -> bool:
    """A number of ours in a field of theirs that takes any words: what stands there need not be a number any more."""
    theirs = {field.key: field.kind for field in (*THEIRS[facts.module], *facts.custom)}
    is_number = any(field.kind == NUMBER and not field.locked for field in OURS[facts.module] if field.key == rule.ours)
    return is_number and theirs.get(rule.theirs, NUMBER) != NUMBER


def ways_of(module: str, rules: Sequence[Rule]) -> dict[str, str]:
    """compared value → push, pull or both."""
    settled_rules = settled(Facts(module, ""), rules)
    return {part: rule.direction for rule, part in _parts(module, settled_rules)}


def winners_of(module: str, rules: Sequence[Rule]) -> dict[str, str]:
    """compared value → ours, theirs or ask."""
    return {part: rule.wins for rule, part in _parts(module, rules)}


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
            custom.append({"api_name": rule.theirs.removeprefix(CUSTOM), "value": str(value)})  # the documents: text
        elif rule.theirs and value != "":
            dressed = _BESIDE.get(rule.theirs, {}) | dressed | {rule.theirs: value}
    return dressed | ({"custom_fields": custom} if custom else {})


def without_pulled(payload: Mapping[str, Any], module: str, rules: Sequence[Rule]) -> dict[str, Any]:
    """An update that leaves alone what only Zoho decides. A record that is made there gets it once, as there is nothing
    yet."""
    locked = {field.key for field in OURS.get(module, ()) if field.locked}
    theirs = {rule.theirs for rule in rules if rule.direction == PULL and rule.ours not in locked}
    kept = {key: value for key, value in payload.items() if key not in theirs}
    custom = [each for each in kept.pop("custom_fields", ()) if CUSTOM + str(each["api_name"]) not in theirs]
    return kept | ({"custom_fields": custom} if custom else {})


def _parts(module: str, rules: Sequence[Rule]) -> list[tuple[Rule, str]]:
    parts = {field.key: field.parts for field in OURS[module]}
    return [(rule, part) for rule in rules for part in parts[rule.ours]]


def _problem(field: Ours, rule: Rule, target: Theirs | None, facts: Facts) -> str:
    if rule.direction == PULL and field.locked:
        return f"{field.locked}: it goes there as well. Choose which side counts instead."
    if field.locked:
        return "" if rule.theirs == field.usual else f"{field.locked}: it always goes there."
    if not rule.theirs:
        return ""
    if target is None:
        return "Zoho has no such field (any more). Choose one from the list."
    if facts.product not in target.products:
        return f"{target.label} is there in Zoho Books only, and you have linked Zoho Invoice."
    if _lacks(target, facts):
        return f"Your organisation's edition has no {target.label}."
    if target.kind not in (TEXT, field.kind):
        return f"{target.label} takes {_TAKES[target.kind]} only."
    longest = (facts.longest or {}).get(rule.ours, 0)
    if target.longest and longest > target.longest:
        return f"One of yours has {longest} characters, and {target.label} takes {target.longest}."
    return ""


def _lacks(target: Theirs, facts: Facts) -> bool:
    is_elsewhere = bool(target.countries and facts.country) and facts.country not in target.countries
    return facts.product not in target.products or is_elsewhere


def _fits_elsewhere(field: Ours, target: Theirs, facts: Facts) -> bool:
    return facts.product not in target.products and target.kind in (TEXT, field.kind)

"""Can this be a tax number of that country? Form and check digits by its own rule, not whether it is registered."""

import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module

from stdnum.exceptions import ValidationError

from portal.taxes.regions import pack, tax_number_label

# Japan's numbers are T and 13 digits, of which the first checks the others: a company's by its corporate number. Of a
# sole trader's the tax agency publishes no rule; it is held to the same one, as a mistyped number costs customers what
# they may deduct. Mexico's are not held to their check digit: about one in seventy that the SAT gave out has another,
# by python-stdnum's own reckoning, and a firm must not be refused for it.
# Rules that python-stdnum has not, without spaces and hyphens: the Gulf's registration numbers have 15 digits, Saudi
# Arabia's begin and end with 3 (TAX.md §5); the others as their tax offices print them.
OWN = {
    "trn": re.compile(r"\d{15}"), "trn_sa": re.compile(r"3\d{13}3"), "trn_jp": re.compile(r"T\d{13}"),
    "vat_za": re.compile(r"4\d{9}"), "vat_om": re.compile(r"OM\d{10}"), "sst_my": re.compile(r"[A-Z]\d{14}"),
    "gst_sg": re.compile(r"M[R29]\d{7}[A-Z0-9]|\d{8,9}[A-Z]|[TSR]\d{2}[A-Z]{2}\d{4}[A-Z]"),
}  # fmt: skip
# After its letter, a number by a rule that python-stdnum has.
_WITHIN = {"trn_jp": "jp.cn"}
# Shorter ones pass python-stdnum, but no tax office: an RFC without its homoclave.
_SHORTEST = {"mx.rfc": 12}
_EXAMPLES = {
    "mx.rfc": "12 or 13 characters, like GODE561231GR8",
    "trn": "15 digits", "trn_sa": "15 digits, the first and the last a 3",
    "trn_jp": "T and 13 digits, like T7000012050002",
    "in_.gstin": "like 27AAPFU0939F1ZV",
    "eu.vat": "with its country in front, like DE136695976", "gb.vat": "like GB 980 7806 84", "au.abn": "11 digits",
    "vat_za": "10 digits, the first a 4", "vat_om": "OM and 10 digits", "sst_my": "like W10-1808-32000001",
    "gst_sg": "like M2-0012345-6 or 201912345D", "us.ein": "like 12-3456789",
}  # fmt: skip


def problem_with(country: str, number: str) -> str:
    """A sentence for the person who typed it, or nothing when it is right, empty, or of a country without a rule."""
    rule = str(pack(country).get("check", ""))
    if not number or not rule or _is_valid(rule, number, country):
        return ""
    example = f" ({_EXAMPLES[rule]})" if rule in _EXAMPLES else ""
    return f"This is no {tax_number_label(country)}{example}. Look at it again, or leave it empty."


def problem_with_place(number: str, place: str, own_places: Mapping[str, str]) -> str:
    """A sentence where a firm's number is of one of its country's places and the firm says another."""
    of_number = number.strip()[:2]
    if not place or of_number == place or of_number not in own_places:
        return ""
    return f"The tax number is of {own_places[of_number]}, the registration of {own_places[place]}: both must agree."


def country_of(home: str, number: str) -> str:
    """The country that a European number names itself, for a firm in `home`; else nothing."""
    if pack(home).get("check") != "eu.vat" or not number[:2].isalpha() or problem_with(home, number):
        return ""
    named = number[:2].upper()
    return "GR" if named == "EL" else named


def _is_valid(rule: str, number: str, country: str) -> bool:
    if rule in OWN:
        bare = re.sub(r"[\s-]", "", number)
        return OWN[rule].fullmatch(bare) is not None and (rule not in _WITHIN or _is_valid(_WITHIN[rule], bare[1:], ""))
    try:
        if len(validate(rule)(number)) < _SHORTEST.get(rule, 0):
            return False
    except ValidationError:
        # A European number is often written without its country.
        return rule == "eu.vat" and not number[:2].isalpha() and _is_valid(rule, _prefix(country) + number, country)
    return True


def _prefix(country: str) -> str:
    return "EL" if country == "GR" else country


@cache
def validate(rule: str) -> Callable[[str], str]:
    """rule: a module of python-stdnum, for example "in_.gstin"."""
    check: Callable[[str], str] = import_module(f"stdnum.{rule}").validate
    return check

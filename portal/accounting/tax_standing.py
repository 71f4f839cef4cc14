"""How a customer stands for tax, in the fields that each edition of Zoho has for it (zoho/API.md §6.1). Pure."""

from collections.abc import Collection, Mapping
from typing import Any

_GULF = ("AE", "SA", "BH", "OM", "KW", "QA")
_INDIA = {"business_composition": "business_gst", "sez": "business_gst", "deemed_export": "business_gst"}
_ABROAD = {"MX": "non_mexico", "KE": "non_kenya", "ZA": "overseas", "GB": "overseas", "IN": "overseas"}
_AT_HOME = {"MX": "home_country_mexico", "GB": "uk"}
# Zoho decides the tax of these editions by place; the documents give their items no tax of their own.
TAXED_BY_PLACE = ("US", "IN")
# A tax of these editions says who gets it (zoho/API.md §6.6).
NAMING_AUTHORITIES = ("US",)

# Editions in which reasons for no tax are records of their own (zoho/API.md §6.6).
HAVING_EXEMPTIONS = ("US", "CA", "AU", "IN")

# Where a contact and an item say of themselves that they are not taxed, and why (zoho/API.md §6.1, §6.2).
_EXEMPT_CONTACTS, _EXEMPT_ITEMS = ("US", "CA", "AU", "IN"), ("IN", "US", "MX", "KE", "ZA")
# Zoho's letters for the states that the law of India numbers, where they are not the first ones that name the state.
_STATES = {"05": "UK", "21": "OD", "22": "CG", "26": "DN", "36": "TS", "37": "AD"}


def untaxed_contact(home: str, exemption: str) -> dict[str, Any]:
    """exemption: its id there, "" for a customer who is taxed or whose reason is not known there."""
    return {"is_taxable": False, "tax_exemption_id": exemption} if exemption and home in _EXEMPT_CONTACTS else {}


def untaxed_item(home: str, exemption: str) -> dict[str, Any]:
    return {"is_taxable": False, "tax_exemption_id": exemption} if exemption and home in _EXEMPT_ITEMS else {}


def place_there(home: str, places: Collection[str], aliases: Mapping[str, str]) -> str:
    """Place of supply of a whole invoice: Zoho has one, so that lines of several say none.

    aliases  letters → number of the states, where the law numbers them
    """
    if home not in (*_GULF, "IN") or len(set(places)) != 1:
        return ""
    (place,) = set(places)
    if home != "IN":
        return place
    return _STATES.get(place) or next((letters for letters, number in aliases.items() if number == place), "")


def standing(home: str, country: str, treatment: str, number: str) -> dict[str, str]:
    """Fields of a contact; none where neither a treatment nor a tax number is known, or the edition has no field.

    home       country of the firm, which decides the edition
    country    the customer's, "" where no address says it
    treatment  ours, in Zoho's words for most (treatments.json); "" where the tax number says enough
    """
    if not (treatment or number):
        return {}
    is_abroad = country not in ("", home)
    if home == "IN":
        return _indian(treatment, number, is_abroad=is_abroad)
    if home == "GB":
        return _with({"vat_treatment": treatment or _placed(home, is_abroad=is_abroad)}, vat_reg_no=number)
    if home in (*_GULF, "MX", "KE", "ZA"):
        return _with({"tax_treatment": _treated(home, country, treatment)}, tax_reg_no=number)
    return {}


def _indian(treatment: str, number: str, *, is_abroad: bool) -> dict[str, str]:
    """Zoho wants the number of whoever it is told is registered."""
    said = _INDIA.get(treatment, treatment) or ("overseas" if is_abroad else "business_gst")
    if said == "business_gst":
        return {"gst_treatment": said, "gst_no": number} if number else {"gst_treatment": "business_none"}
    return {"gst_treatment": said}


def _treated(home: str, country: str, treatment: str) -> str:
    if treatment:
        return _ABROAD[home] if treatment == "overseas" else treatment
    if home in _GULF and country in _GULF:
        return "vat_registered" if country == home else "gcc_vat_registered"
    if home in _GULF:
        return "non_gcc" if country else "vat_registered"
    return _placed(home, is_abroad=country not in ("", home))


def _placed(home: str, *, is_abroad: bool) -> str:
    return _ABROAD[home] if is_abroad else _AT_HOME.get(home, "vat_registered")


def _with(said: Mapping[str, str], **number: str) -> dict[str, str]:
    return {**said, **{key: value for key, value in number.items() if value}}

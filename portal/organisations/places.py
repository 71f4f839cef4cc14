"""Countries, currencies and time zones to choose from: CLDR's and IANA's lists, in English."""

from functools import cache
from zoneinfo import available_timezones

from babel import Locale
from babel.localedata import exists
from babel.numbers import get_territory_currencies, list_currencies

_ENGLISH = Locale("en")
_NO_COUNTRY = ("EU", "EZ", "UN", "XA", "XB", "ZZ", "QO")
_DEFAULT_LOCALE = "en_GB"


@cache
def countries() -> dict[str, str]:
    """ISO 3166 alpha-2 code → name, in order of name."""
    named = {code: name for code, name in _ENGLISH.territories.items() if len(code) == 2 and code not in _NO_COUNTRY}
    return dict(sorted(named.items(), key=lambda pair: pair[1]))


@cache
def currencies() -> dict[str, str]:
    """ISO 4217 code → "GBP · British Pound", those that some country pays with today."""
    in_use = {code for country in countries() for code in get_territory_currencies(country)}
    return {code: f"{code} · {_ENGLISH.currencies[code]}" for code in sorted(in_use & list_currencies("en"))}


@cache
def time_zones() -> dict[str, str]:
    """IANA name → the same name as people read it, in order."""
    named = (zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "SystemV/")))
    return {zone: zone.replace("_", " ") for zone in sorted(named)}


def locale_of(country: str) -> str:
    """English as it is written in `country`, which settles the order of dates and the signs of currencies."""
    locale = f"en_{country}"
    return locale if exists(locale) else _DEFAULT_LOCALE

"""Countries, currencies and time zones to choose from: CLDR's and IANA's lists, in English."""

from functools import cache
from importlib.resources import files
from zoneinfo import available_timezones

from babel import Locale
from babel.localedata import exists
from babel.numbers import get_territory_currencies, list_currencies

_ENGLISH = Locale("en")
_NO_COUNTRY = ("EU", "EZ", "UN", "XA", "XB", "ZZ", "QO")
_DEFAULT_LOCALE = "en_GB"
_WRITES_AS = {
    **dict.fromkeys(("BH", "DZ", "EG", "IQ", "JO", "KW", "LB", "LY", "MA", "OM", "QA", "SA", "TN", "YE"), "en_AE"),
    **dict.fromkeys(("CN", "JP", "KR", "TW"), "en_US"),
}
# IANA lists a country's zones from east to west or by size, as it fits the map: where most people live, if elsewhere.
_MOST_LIVE_IN = {
    "AU": "Australia/Sydney", "BR": "America/Sao_Paulo", "CA": "America/Toronto", "EA": "Africa/Ceuta",
    "IC": "Atlantic/Canary", "PS": "Asia/Hebron", "RU": "Europe/Moscow", "UA": "Europe/Kyiv", "UZ": "Asia/Tashkent",
    "XK": "Europe/Belgrade",
}  # fmt: skip


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


@cache
def time_zone_of(country: str) -> str:
    """The zone most of `country` lives in; nothing for the few territories that IANA gives none."""
    if country in _MOST_LIVE_IN:
        return _MOST_LIVE_IN[country]
    table = files("tzdata").joinpath("zoneinfo", "zone.tab").read_text("utf-8")
    rows = (line.split("\t") for line in table.splitlines() if not line.startswith("#"))
    return next((row[2] for row in rows if row[0] == country), "")


@cache
def currency_of(country: str) -> str:
    """What one pays with in `country`, its own before a neighbour's; nothing where nobody lives."""
    paid_with = get_territory_currencies(country)
    return next((code for code in paid_with if code.startswith(country)), next(iter(paid_with), ""))


@cache
def locale_of(country: str) -> str:
    """English as it is written in `country`, which settles the order of dates and the signs of currencies.

    Where CLDR has no English: as in the Emirates for other Arab countries; as in the United States for those of East
    Asia, which put the month before the day, too, and read ¥ for the yen; else as in Britain.
    """
    locale = f"en_{country}"
    return locale if exists(locale) else _WRITES_AS.get(country, _DEFAULT_LOCALE)

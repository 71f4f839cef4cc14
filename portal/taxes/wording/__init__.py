"""Why a line bears its tax, and the taxes that a firm began with, in the reader's language.

What is stored is what was decided, in English (Mexico's pack: in Spanish). Each file has those sentences and names with
their words in one language; what the firm wrote itself stands in none and stays as it is. Where a country has another
name for its tax than others of its language, a file in countries/ has its words: USt in Germany and Austria is MWST in
Switzerland.
"""

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from functools import cache, lru_cache
from pathlib import Path

from babel import Locale
from babel.dates import format_date

from portal.organisations.places import countries
from portal.shared.text import set_apart

_FOLDER = Path(__file__).parent
_WORDS: dict[str, dict[str, str]] = {
    path.stem: json.loads(path.read_text("utf-8")) for path in sorted(_FOLDER.glob("*.json"))
}
_WORDS |= {
    path.stem: _WORDS[path.stem.partition("_")[0]] | json.loads(path.read_text("utf-8"))
    for path in sorted((_FOLDER / "countries").glob("*.json"))
}
_SPEAKS_AS = {"LI": "CH", "IT": "BE", "LU": "BE"}  # Liechtenstein; South Tyrol and Luxembourg in German
_DAYS_AS = {"en": "en_GB", "pt": "pt_PT"}  # the day before its month
_PLACES: Mapping[str, Mapping[str, str]] = {
    path.stem: json.loads(path.read_text("utf-8")) for path in sorted((_FOLDER / "places").glob("*.json"))
}
_FORMS = {"rate": r"[\d.,]+", "day": r"\d{4}-\d\d-\d\d"}
_FILLED_IN = re.compile(r"{(\w+)}")


def tongue(language: str, country: str) -> str:
    """`language` as a firm's country speaks it where that has words of its own, as de_CH; or as it is."""
    own = f"{language}_{_SPEAKS_AS.get(country, country)}"
    return own if own in _WORDS else language


@lru_cache(maxsize=4096)
def told_in(language: str, said: str, *, mark: str = ".") -> str:
    """`said` as a line or a tax says it, in `language` (ISO 639, or a tongue). mark: what stands before the decimals of
    a rate."""
    words = _WORDS.get(language, {})
    if said in words:
        return words[said]
    for pattern, key in _patterns(language):
        found = pattern.fullmatch(said)
        if found is not None:
            told = {name: _told(language, name, value, mark) for name, value in found.groupdict().items()}
            return words[key].format(**told)
    return said


def place_in(language: str, place: str) -> str:
    """A country, a state or an emirate, which the product knows by its English name."""
    code = _codes().get(place, "")
    spoken = language.partition("_")[0]
    named = Locale.parse(language).territories.get(code) if code else _PLACES.get(spoken, {}).get(place)
    return str(named or place)


def parted(words: str) -> tuple[str, str]:
    """A tax's name and why, of what an invoice says of its shipping; a name may have commas of its own. Without a tax
    there is the reason alone."""
    if _is_known(words):
        return "", words
    cuts = [at.start() for at in re.finditer(", ", words)]
    at = next((at for at in cuts if _is_known(words[at + 2 :])), cuts[0] if cuts else None)
    return ("", words) if at is None else (words[:at], words[at + 2 :])


def _is_known(words: str) -> bool:
    return words in _WORDS["de"] or any(pattern.fullmatch(words) for pattern, _ in _patterns("de"))


def _told(language: str, name: str, value: str, mark: str) -> str:
    if name == "rate":
        return value.replace(".", mark)
    if name == "day":
        return _day_in(language, value)
    said = {"reason": lambda: told_in(language, value, mark=mark), "number": lambda: value}
    words = said.get(name, lambda: place_in(language, value))()
    return set_apart(words, is_rtl=Locale.parse(language).text_direction == "rtl")


def _day_in(language: str, written: str) -> str:
    with suppress(ValueError):  # a firm's own words may look like ours: they stay as they are
        return str(format_date(date.fromisoformat(written), "long", locale=_DAYS_AS.get(language, language)))
    return written


@cache
def _patterns(language: str) -> list[tuple[re.Pattern[str], str]]:
    """Of the sentences with something filled in; those that begin with it come last, as they would match too much."""
    keys = [key for key in _WORDS.get(language, {}) if "{" in key]
    return [(_pattern(key), key) for key in sorted(keys, key=lambda key: key.startswith("{"))]


def _pattern(key: str) -> re.Pattern[str]:
    parts = _FILLED_IN.split(key)  # words and names in turn
    return re.compile("".join(
        rf"(?P<{part}>{_FORMS.get(part, '.+')})" if at % 2 else re.escape(part)
        for at, part in enumerate(parts)
    ))  # fmt: skip


@cache
def _codes() -> dict[str, str]:
    return {name: code for code, name in countries().items()}

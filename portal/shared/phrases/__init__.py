"""What customers read, in their language: one file of words per language, each with the same keys.

A key stands for a whole sentence: parts of sentences cannot be put together in another language. {names} in it are
filled by `say`; numbers that would need a plural are avoided.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path

from babel import Locale
from babel.dates import format_date
from markupsafe import Markup, escape

from portal.shared.languages import written_in
from portal.shared.text import END, FIRST_STRONG, RIGHT_TO_LEFT

_WORDS = Path(__file__).parent
_DEFAULT = "en"
_PRINTED = re.compile(r"(Shipping|Discount|Adjustment|Rounding)( [\d.]+ %)?( on the total)?")


@dataclass(frozen=True)
class Language:
    """code  ISO 639, as in customers.language and in the page's address; name  what its own speakers call it"""

    code: str
    name: str
    is_rtl: bool
    words: Mapping[str, Markup] = field(repr=False)

    def say(self, key: str, **values: object) -> Markup:
        """Fit for HTML and its attributes: what is filled in is escaped, and set apart where directions could mix."""
        words = self.words[key]
        return words.format(**{name: self.isolated(value) for name, value in values.items()}) if values else words

    def text(self, key: str, **values: object) -> str:
        """The same for plain text."""
        return self.say(key, **values).unescape()

    def label(self, printed: str) -> str:
        """A label as papers print it: the program's own words in this language, the firm's own as they are."""
        own = _PRINTED.fullmatch(printed)
        return printed if own is None else f"{self.words[own[1].lower()]}{own[2] or ''}"

    def what_and_work(self, title: str, work: str) -> str:
        """What was done, and where, when and by whom, as far as there are words for it."""
        return self.text("what_and_work", title=title, work=work) if title and work else title or work

    def work(self, facts: Mapping[str, str] | None, firm: str, country: str, *, otherwise: str = "") -> str:
        """Where, when and by whom work was done, in one line.

        facts      place; day (ISO), begins, ends, name where somebody came; None: not kept
        firm       its locale, and its country
        otherwise  what was said of it once
        """
        if facts is None:
            return otherwise
        told: dict[str, object] = dict(facts)
        if "day" in facts:
            told["day"] = format_date(date.fromisoformat(facts["day"]), "long", locale=self.locale(firm, country))
        place, visit = "place" in facts, "day" in facts
        return self.text("work_at_on" if place and visit else "work_at" if place else "work_on", **told) if told else ""

    def isolated(self, value: object) -> object:
        """A name or a number that keeps its own direction inside a sentence of another."""
        if not self.is_rtl and not RIGHT_TO_LEFT.search(str(value)):
            return value
        return Markup("{}{}{}").format(FIRST_STRONG, value, END)

    def locale(self, firm: str, country: str = "") -> str:
        """How numbers and dates are written: as the firm does, where its language is this one, else as this one is
        written in the firm's country."""
        return firm if firm.partition("_")[0] == self.code else _usual_locale(self.code, country)


def find(code: str | None) -> Language | None:
    return LANGUAGES.get(code or "")


def choose(*wishes: str | None) -> Language:
    """The first of these that there is; a locale such as es_MX wishes for its language."""
    for wish in wishes:
        found = find((wish or "").replace("-", "_").partition("_")[0])
        if found is not None:
            return found
    return LANGUAGES[_DEFAULT]


def _read(path: Path) -> Language:
    words = json.loads(path.read_text("utf-8"))
    locale = Locale(path.stem)
    return Language(
        code=path.stem, name=words["_name"], is_rtl=locale.text_direction == "rtl",
        words={key: escape(text) for key, text in words.items() if not key.startswith("_")},
    )  # fmt: skip


@cache
def _usual_locale(code: str, country: str) -> str:
    return written_in(code, country) or {"en": "en_GB", "hi": "hi_IN"}.get(code, code)


LANGUAGES: Mapping[str, Language] = {path.stem: _read(path) for path in sorted(_WORDS.glob("*.json"))}

"""How one document speaks: its words, figures and days, and what others wrote among them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from babel import Locale
from babel.dates import format_date

from portal.invoices.documents import rules
from portal.invoices.grounds import Ground
from portal.invoices.letterhead import Letterhead
from portal.shared import formats
from portal.shared.languages import written_in
from portal.shared.money import Money
from portal.shared.text import clean, set_apart
from portal.taxes.wording import place_in, told_in, tongue

_LOCALES = {"ar": "ar_AE", "de": "de_DE", "en": "en_GB", "es": "es_ES", "fr": "fr_FR", "hi": "hi_IN", "ja": "ja_JP",
            "pt": "pt_PT", "zh": "zh_CN"}  # fmt: skip


class Told(str):
    """A sentence on tax or a tax's name as it is stored: each language of the document has its own words for it."""


@dataclass(frozen=True)
class Speech:
    """languages  the document's own first; after it another one, where the country asks for both
    locale        how figures and days are written
    home          the firm's country, which may call its taxes otherwise than others of its language
    """

    languages: tuple[str, ...]
    locale: str
    home: str

    @cached_property
    def words(self) -> dict[str, str]:
        """Those in which nothing is filled in."""
        return {key: self.say(key) for key in rules.KEYS if "{" not in rules.word(key, "en")}

    @property
    def is_rtl(self) -> bool:
        return self.languages[0] in rules.RIGHT_TO_LEFT

    def say(self, key: str, **filled: str) -> str:
        return self._joined(
            rules.told(rules.word(key, language), **{name: self._in(language, it) for name, it in filled.items()})
            for language in self.languages
        )

    def tax(self, said: str) -> str:
        """A tax's name, or why a line bears it; for a column, in the document's own language alone."""
        return self.apart(told_in(self._tongue(self.languages[0]), clean(said), mark=self.mark))

    def ground(self, ground: Ground) -> str:
        return self._joined(
            ground.told(self._tongue(language), rules.word("shipping", language), mark=self.mark)
            for language in self.languages
        )

    def own(self, text: object) -> str:
        """What the firm or the customer wrote: their words, which keep their own direction."""
        return set_apart(clean(str(text), lines=True), is_rtl=self.is_rtl)

    def apart(self, text: str) -> str:
        """The product's own words, in whatever language."""
        return set_apart(_unpointed(text), is_rtl=self.is_rtl)

    def place(self, name: str) -> str:
        return self.own(place_in(self.languages[0], name))

    def country(self, code: str) -> str:
        """By its two letters; nothing where there is none such."""
        return self.own(Locale(self.languages[0]).territories.get(code, ""))

    def money(self, amount: Money) -> str:
        return formats.money(amount, self.locale)

    def day(self, day: date) -> str:
        return str(format_date(day, "long", locale=self.locale))

    def both(self, said: Iterable[str]) -> str:
        """The same in each of the document's languages, as far as it is said there."""
        return self._joined(filter(None, said))

    @property
    def mark(self) -> str:
        return formats.decimal_mark_of(self.locale)

    def _tongue(self, language: str) -> str:
        return tongue(language, self.home)

    def _in(self, language: str, filled: str) -> str:
        words = clean(filled)
        if isinstance(filled, Told):
            words = told_in(self._tongue(language), words, mark=self.mark)
        return set_apart(words, is_rtl=language in rules.RIGHT_TO_LEFT)

    def _joined(self, said: Iterable[str]) -> str:
        first, *others = dict.fromkeys(map(_unpointed, said)) or [""]
        return " · ".join([first, *(set_apart(other, is_rtl=self.is_rtl) for other in others)])


def _unpointed(words: str) -> str:
    """Arabic words without the signs for short vowels, which nobody needs who reads: readers of PDFs lose their place
    at each, and a search that is typed without them would find nothing."""
    return "".join(letter for letter in words if not 0x064B <= ord(letter) <= 0x0652)


def speech_of(head: Letterhead) -> Speech:
    languages = dict.fromkeys(filter(None, (head.language, rules.law_of(head.country).get("second_language", ""))))
    # As the firm writes them where it speaks the document's language.
    is_own = rules.language_of(head.locale) == head.language
    locale = head.locale if is_own else written_in(head.language, head.country) or _LOCALES[head.language]
    return Speech(tuple(languages), locale, head.country)

"""An amount of money in words, in the language of the document: pure.

The numbers are num2words' where it has the language; Hindi (lakh and crore) and Chinese (the capitals of cheques) are
ours. English tells rupees in lakh and crore, and so does Hindi whatever the currency.
"""

import json
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from num2words import num2words

_FOLDER = Path(__file__).parent
# Currency → language → name of one and of many, of the small money too.
_CURRENCIES: dict[str, dict[str, list[str]]] = json.loads((_FOLDER / "currencies.json").read_text("utf-8"))
_HINDI: list[str] = json.loads((_FOLDER / "hindi.json").read_text("utf-8"))
_HINDI_UNITS = ((10**7, "करोड़"), (10**5, "लाख"), (1000, "हज़ार"), (100, "सौ"))
_CHINESE, _CHINESE_UNITS, _CHINESE_GROUPS = "零壹贰叁肆伍陆柒捌玖", ("", "拾", "佰", "仟"), ("", "万", "亿", "万")
_IN_FEMININE = {
    "es": ((r"ientos\b", "ientas"), (r"veintiún$", "veintiuna"), (r"\bun$", "una")),
    "pt": ((r"entos\b", "entas"), (r"\bum\b", "uma"), (r"\bdois\b", "duas")), "fr": ((r"\bun$", "une"),),
    "de": ((r"ein$", "eine"),),
}  # fmt: skip
# What stands around and between: all of it, whole money alone.
_FRAMES = {
    "en": ("{0} and {1} only", "{0} only"), "de": ("{0} und {1}", "{0}"), "fr": ("{0} et {1}", "{0}"),
    "es": ("{0} con {1}", "{0}"), "pt": ("{0} e {1}", "{0}"), "ar": ("فقط {0} و {1} لا غير", "فقط {0} لا غير"),
    "hi": ("{0} और {1} मात्र", "{0} मात्र"), "ja": ("{0}{1}", "{0}"), "zh": ("{0}{1}", "{0}整"),
}  # fmt: skip
_WITHOUT_SPACES = ("ja", "zh")
_FEMININE = frozenset(("rupia", "roupie", "Rupie", "paisa", "halala", "baisa"))
_OF_MILLIONS = {"es": "de ", "fr": "de ", "pt": "de "}  # un millón de pesos


def amount_in_words(amount: Decimal, currency: str, language: str = "en") -> str:
    """Empty for currencies whose documents carry no words."""
    names = _CURRENCIES.get(currency, {}).get(language)
    if names is None:
        return ""
    digits = max(0, -int(amount.as_tuple().exponent))
    whole = int(amount)
    broken = int((amount - whole).scaleb(digits))
    if (currency, language) == ("MXN", "es"):  # as the tax office's own papers write it
        return _capital(f"{_counted(whole, 'MXN', language, names[:2])} {broken:02}/100 M.N.")
    both, alone = _FRAMES[language]
    said = _counted(whole, currency, language, names[:2])
    if broken:
        return _capital(both.format(said, _counted(broken, currency, language, names[2:])))
    return _capital(alone.format(said))


def _counted(number: int, currency: str, language: str, names: list[str]) -> str:
    name = names[0] if number == 1 else names[1]
    said = _number(number, currency, language)
    if names[0] in _FEMININE:
        said = _feminine(said, language)
    if number and number % 1_000_000 == 0:
        name = _OF_MILLIONS.get(language, "") + name
    space = "" if language in _WITHOUT_SPACES else " "
    return f"{said}{space}{name}"


def _number(number: int, currency: str, language: str) -> str:
    if language in _OWN:
        return _OWN[language](number)
    said = str(num2words(number, lang="en_IN" if (language, currency) == ("en", "INR") else language))
    if language == "es":
        return _before_a_noun(said)
    return said.removesuffix("s") if language == "de" and said.endswith("eins") else said


def _before_a_noun(said: str) -> str:
    """un peso, veintiún pesos, treinta y un pesos"""
    if said.endswith("veintiuno"):
        return said.removesuffix("uno") + "ún"
    return said.removesuffix("o") if said.split(" ")[-1] == "uno" else said


def _feminine(said: str, language: str) -> str:
    """doscientas una rupias: what counts millions stays as it is."""
    millions, mark, rest = said.rpartition("mill" if language == "es" else "milh")
    for pattern, instead in _IN_FEMININE.get(language, ()):
        rest = re.sub(pattern, instead, rest)
    return millions + mark + rest


def _hindi(number: int) -> str:
    if number < 100:
        return _HINDI[number]
    size, name = next(each for each in _HINDI_UNITS if number >= each[0])
    count, rest = divmod(number, size)
    return f"{_hindi(count)} {name}" + (f" {_hindi(rest)}" if rest else "")


def _chinese(number: int) -> str:
    """Digit by digit with its place; noughts inside are told once, and those at the end not at all."""
    said, gap = "", False
    for place in range(len(str(number)) - 1, -1, -1):
        digit = number // 10**place % 10
        if digit:
            said += (_CHINESE[0] if gap and said else "") + _CHINESE[digit] + _CHINESE_UNITS[place % 4]
        gap = not digit
        if place % 4 == 0 and number // 10**place % 10_000:
            said += _CHINESE_GROUPS[place // 4]
    return said or _CHINESE[0]


_OWN: dict[str, Callable[[int], str]] = {"hi": _hindi, "zh": _chinese}


def _capital(said: str) -> str:
    return said[:1].upper() + said[1:]

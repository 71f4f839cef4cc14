"""Text and numbers as people type them."""

import re
import unicodedata
from contextvars import ContextVar
from decimal import Decimal

# Characters that reorder or hide text: harmless in prose, but they let one name pass for another on an invoice.
_DIRECTION_MARKS = re.compile("[\u202a-\u202e\u2066-\u2069\ufeff]")
# Code points that are no characters, which XML forbids too: an e-invoice with one in it could not be read.
_PLANE_ENDS = "".join(chr(plane << 16 | last) for plane in range(17) for last in (0xFFFE, 0xFFFF))
_NO_CHARACTERS = re.compile(f"[\ufdd0-\ufdef{_PLANE_ENDS}]")
RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
FIRST_STRONG, END = "\u2068", "\u2069"  # what stands between does not reorder what stands around it
# Letters and signs by their category, and yet nothing to see: fillers of Hangul, and Braille's empty cell.
_BLANKS = "\u115f\u1160\u2800\u3164\uffa0"
_BIGGEST_ID = 2**63 - 1

# What an Arabic or Persian keyboard writes before decimals and between groups, whatever the firm writes, as English has
# them; and the marks of direction that such figures are copied with.
_ARABIC = {"\u066b": ".", "\u066c": ",", "\u200e": "", "\u200f": "", "\u061c": ""}

# What the firm behind the request writes between whole and broken part: "." or ",".
decimal_mark: ContextVar[str] = ContextVar("decimal_mark", default=".")
_LONGEST_NUMBER = 40
_WHOLE = r"[0-9]{1,15}"
# 1,234,567 and 1 234 567: the same sign between all groups, and a first group that begins with no zero.
_GROUPS = r"[1-9][0-9]{0,2}(?P<sign>[%s '’\u00a0\u202f])[0-9]{3}(?:(?P=sign)[0-9]{3}){0,3}"
_ONE_GROUP = re.compile(r"-?[1-9][0-9]{0,2}\.[0-9]{3}")


def clean(raw: str, *, lines: bool = False) -> str:
    """`raw` without NUL, lone surrogates, control characters, what is no character, and direction overrides; spaces
    tidied at both ends.

    Nothing at all where nothing of it could be seen.
    """
    raw = raw.encode("utf-8", "replace").decode("utf-8")
    keep = "\n" if lines else ""
    kept = "".join(c for c in raw.replace("\r\n", "\n") if c in keep or unicodedata.category(c) not in ("Cc", "Cs"))
    kept = _NO_CHARACTERS.sub("", _DIRECTION_MARKS.sub("", kept))
    said = unicodedata.normalize("NFC", kept).strip()
    return said if any(_can_be_seen(c) for c in said) else ""


def set_apart(text: str, *, is_rtl: bool) -> str:
    """`text` among the words of a language that runs from right to left, or not: where directions could mix, each line
    keeps its own."""
    if not text or not (is_rtl or RIGHT_TO_LEFT.search(text)):
        return text
    return "\n".join(f"{FIRST_STRONG}{line}{END}" if line else "" for line in text.split("\n"))


def _can_be_seen(c: str) -> bool:
    return unicodedata.category(c)[0] in "LNPS" and c not in _BLANKS


def decimal_from(raw: str) -> Decimal:
    """A number as people of the firm type it (`decimal_mark`), exactly. Raises ValueError.

    With a point: 0.5 and 1,234.50. With a comma: 0,5 and 1.234,50, and 100.50 too, as telephones and machines write.
    There "1.234" may mean either, so it is refused, as are "1e3" and groups that are no thousands. Any script's digits;
    with Arabic signs, ١٬٢٣٤٫٥٠, no mark of the firm's means anything else.
    """
    mark = "." if "\u066b" in raw or "\u066c" in raw else decimal_mark.get()
    known = "".join(_ARABIC.get(c, c) for c in raw[: _LONGEST_NUMBER + 1]).strip()
    text = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in known)
    is_ambiguous = mark == "," and _ONE_GROUP.fullmatch(text)
    if len(text) > _LONGEST_NUMBER or is_ambiguous:
        raise ValueError(raw)
    if re.fullmatch(_own_writing(mark), text):
        return Decimal(re.sub(f"[^0-9{mark}-]", "", text).replace(mark, "."))
    if re.fullmatch(_own_writing(".", grouped=False), text):
        return Decimal(text)
    raise ValueError(raw)


def as_typed(value: Decimal, places: int | None = None) -> str:
    """As a person of the firm would type it, so that `decimal_from` reads it back: 0.5, 10, or 0,5.

    places  how many decimals to show; None for as many as it has
    """
    shown = f"{value.normalize():f}" if places is None else f"{value:.{places}f}"
    return shown.replace(".", decimal_mark.get())


def _own_writing(mark: str, *, grouped: bool = True) -> str:
    whole = f"(?:{_WHOLE}|{_GROUPS % ('.' if mark == ',' else ',')})" if grouped else _WHOLE
    fraction = rf"{re.escape(mark)}[0-9]{{1,9}}"
    return f"-?{whole}(?:{fraction})?|-?{fraction}"


def id_from(raw: str) -> int | None:
    """A record's number from a form, or None when it can be nobody's."""
    if not re.fullmatch(r"\d{1,19}", raw) or int(raw) > _BIGGEST_ID:
        return None
    return int(raw)


def anywhere(search: str) -> str:
    """A pattern for ILIKE that finds `search` anywhere, letter by letter: % and _ in it mean themselves."""
    literal = search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{literal}%"

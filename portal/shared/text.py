"""Text and numbers as people type them."""

import re
import unicodedata
from decimal import Decimal, InvalidOperation

# Characters that reorder or hide text: harmless in prose, but they let one name pass for another on an invoice.
_DIRECTION_MARKS = re.compile("[\u202a-\u202e\u2066-\u2069\ufeff]")
_BIGGEST_ID = 2**63 - 1


def clean(raw: str, *, lines: bool = False) -> str:
    """`raw` without NUL, lone surrogates, control characters and direction overrides; spaces tidied at both ends."""
    raw = raw.encode("utf-8", "replace").decode("utf-8")
    keep = "\n" if lines else ""
    kept = "".join(c for c in raw.replace("\r\n", "\n") if c in keep or unicodedata.category(c) not in ("Cc", "Cs"))
    return unicodedata.normalize("NFC", _DIRECTION_MARKS.sub("", kept)).strip()


def decimal_from(raw: str) -> Decimal:
    """A plain decimal number as typed ("1,234.5", "0,5" and "1e3" are refused). Raises ValueError."""
    text = raw.strip()
    if not re.fullmatch(r"-?\d{1,15}(\.\d{1,9})?|-?\.\d{1,9}", text):
        raise ValueError(raw)
    try:
        return Decimal(text)
    except InvalidOperation as problem:
        raise ValueError(raw) from problem


def id_from(raw: str) -> int | None:
    """A record's number from a form, or None when it can be nobody's."""
    if not re.fullmatch(r"\d{1,19}", raw) or int(raw) > _BIGGEST_ID:
        return None
    return int(raw)


def anywhere(search: str) -> str:
    """A pattern for ILIKE that finds `search` anywhere, letter by letter: % and _ in it mean themselves."""
    literal = search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{literal}%"

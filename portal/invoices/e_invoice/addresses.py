"""An address as people write it, in lines, to the parts that a file wants."""

import re
from collections.abc import Sequence
from typing import NamedTuple

_FOUR, _FIVE, _THREE_AND_TWO = r"\d{4}", r"\d{5}", r"\d{3} ?\d{2}"
_CODES = {
    "GB": r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}", "IE": r"[A-Z]\d[\dW] ?[A-Z\d]{4}", "NL": r"\d{4} ?[A-Z]{2}",
    "PL": r"\d{2}-\d{3}", "PT": r"\d{4}-\d{3}", "RO": r"\d{6}", "MT": r"[A-Z]{3} ?\d{4}", "LV": r"LV-\d{4}",
    "LT": r"(?:LT-)?\d{5}",
    **dict.fromkeys(("CZ", "GR", "SE", "SK"), _THREE_AND_TWO),
    **dict.fromkeys(("AT", "BE", "BG", "CH", "CY", "DK", "HU", "LU", "NO", "SI"), _FOUR),
    **dict.fromkeys(("DE", "EE", "ES", "FI", "FR", "HR", "IT"), _FIVE),
}  # fmt: skip


class Address(NamedTuple):
    """street: whatever stands in lines beside the town and its postcode."""

    street: tuple[str, ...]
    city: str = ""
    postal_code: str = ""
    region: str = ""


def parted(lines: Sequence[str], country: str) -> Address:
    """By the last line that is a postcode of `country` and a town; a postcode alone goes with the line before it. All
    of it is the street where there is none."""
    code = _CODES.get(country)
    place = re.compile(rf"({code}),? (\D.*)|(\D.*?),? ({code})") if code else None
    for at in range(len(lines) - 1, -1, -1):
        found = place.fullmatch(lines[at]) if place else None
        if found:
            return Address((*lines[:at], *lines[at + 1 :]), found[2] or found[3], found[1] or found[4])
        if code and at and re.fullmatch(code, lines[at]):
            return Address((*lines[: at - 1], *lines[at + 1 :]), lines[at - 1], lines[at])
    return Address(tuple(lines))

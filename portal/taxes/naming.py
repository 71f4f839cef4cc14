"""A tax as papers name it: with the rate that was reckoned, where its name says none or an older one."""

import re
from datetime import date
from decimal import Decimal

_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
_PERCENT = re.compile(r"\d+(?:[.,]\d+)?(?=\s?%)")
_TOLD = ("percent", "zero", "withholding")  # the others have no rate that the customer pays


def at_rate(name: str, rate: Decimal, kind: str = "", *, mark: str = ".") -> str:
    """ "VAT 20%" at 22 is "VAT 22%", "Standard" is "Standard 22 %", "CGST9" at 10 "CGST9 (10 %)".

    kind  of the tax; "" where it is not known: then a rate is told only where the name says another
    mark  what stands before the decimals
    """
    if kind not in (*_TOLD, "reverse_charge", "") or (not kind and not rate):
        return name
    numbers = _NUMBER.findall(name)
    if any(Decimal(number.replace(",", ".")) == rate for number in numbers):
        return name
    said = f"{rate.normalize():f}".replace(".", mark)
    if len(_PERCENT.findall(name)) == 1:
        return _PERCENT.sub(said, name)
    if numbers:
        return f"{name} ({said} %)"
    return f"{name} {said} %" if kind in _TOLD else name


def following(name: str, before: Decimal, rate: Decimal) -> str:
    """ "VAT 20%" is "VAT 21%" once 20 is 21; "Standard" and "Article 13" stay. Papers of before tell their own rate."""
    numbers = _NUMBER.findall(name)
    if len(numbers) != 1 or Decimal(numbers[0].replace(",", ".")) != before:
        return name
    said = f"{rate.normalize():f}".replace(".", "," if "," in numbers[0] else ".")
    return _NUMBER.sub(said, name)


def with_reason(name: str, why: str, between: str = ", ") -> str:
    """A tax and why, where the reason begins with the tax's name once: "Reverse charge: VAT-registered in France"."""
    rest = why[len(name) :]
    if name and why.casefold().startswith(name.casefold()) and not rest[:1].isalnum():
        return name + rest
    return between.join(filter(None, (name, why)))


def without_rate(name: str, day: date, begins: date) -> str:
    """What to do about a tax whose first rate begins after the day whose rate counts."""
    begun = f"{name} has no rate on {_long(day)}: it begins on {_long(begins)}."
    return f"{begun} Choose another tax or enter the earlier rate."


def _long(day: date) -> str:
    return f"{day.day} {day:%B %Y}"

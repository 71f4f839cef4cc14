"""How money, dates and times look to a person: Babel's words, our decimals."""

import re
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache

from babel import Locale
from babel.dates import format_date, format_datetime, format_time
from babel.numbers import format_currency, format_decimal, get_currency_symbol, get_decimal_symbol
from flask import Flask, g

from portal.shared import clock
from portal.shared.money import Money, decimals_of
from portal.shared.text import as_typed

_MARKS = dict.fromkeys(map(ord, "\u200e\u200f\u061c"))  # which way text runs: copied along with an amount, and not seen


def install(app: Flask) -> None:
    app.jinja_env.filters.update(
        money=money, amount=amount, quantity=quantity, day=day, long_day=long_day, day_time=day_time,
        clock_time=clock_time, rate=rate, price=price, as_typed=as_typed, whole_day=whole_day, dated=dated,
    )  # fmt: skip


def money(value: Money, locale: str | None = None) -> str:
    """With the currency's sign: £1,234.50. Money is exact, so nothing is rounded here."""
    return _money(value.decimal, value.currency, locale or _locale())


def amount(value: Money, locale: str | None = None) -> str:
    """Without a sign, for columns: 1,234.50."""
    return _number(value.decimal, _pattern(decimals_of(value.currency)), locale or _locale())


def without_sign(typed: str, currency: str, locale: str | None = None) -> str:
    """What somebody typed as an amount, without the sign or code of `currency` before or after it: £50, 50 €, GBP 50.

    The sign is what the reader's language writes for it, or English: one that means another currency there stays.
    """
    bare, readers = typed.translate(_MARKS).strip().rstrip("."), locale or _locale()
    for sign in sorted({currency, *_signs_of(currency, readers)}, key=len, reverse=True):
        if bare.casefold().startswith(sign.casefold()):
            return bare[len(sign) :].strip()
        if bare.casefold().endswith(sign.casefold()):
            return bare[: -len(sign)].strip()
    return typed


def _signs_of(currency: str, readers: str) -> set[str]:
    english, others = get_currency_symbol(currency, "en"), Locale.parse(readers).currency_symbols
    signs = {get_currency_symbol(currency, readers)}
    if all(code == currency or sign != english for code, sign in others.items()):
        signs.add(english)
    return {sign.translate(_MARKS).strip(".") for sign in signs}


def decimal_mark_of(locale: str) -> str:
    """What numbers have before their decimals in `locale`: "." or ","."""
    return "," if get_decimal_symbol(locale) == "," else "."


def quantity(value: Decimal, locale: str | None = None) -> str:
    return _number(value.normalize() + 0, "#,##0.###", locale or _locale())


def plain(value: Decimal) -> str:
    """Without groups, with a point, whoever reads it: 0.5, 10."""
    return f"{value.normalize():f}"


def price(value: Decimal, currency: str, locale: str | None = None) -> str:
    """A price in major units, with the currency's decimals or as many as it has: 46.50, 4,650 of yen."""
    decimals = decimals_of(currency)
    pattern = "#,##0." + "0" * decimals + "#" * (_MOST_DECIMALS - decimals)
    return _number(value, pattern, locale or _locale())


def rate(value: Decimal) -> str:
    """A percentage as it is printed: 20, 9.975."""
    return _number(value, "0.######", _locale())


def day(value: date | datetime) -> str:
    """7 Dec, with the year when it is not this one."""
    value = _local_day(value)
    pattern = "d MMM" if value.year == clock.today(_zone()).year else "d MMM y"
    return _words(value, pattern, _locale())


def long_day(value: date | datetime) -> str:
    """Monday 7 December, in the reader's order."""
    return _words(_local_day(value), "EEEE d MMMM", _locale())


def whole_day(value: date) -> str:
    """Monday 7 December, with the year when it is not this one; other languages in their own order, with the year."""
    is_this_year = value.year == clock.today(_zone()).year
    english = "EEEE d MMMM" if is_this_year else "EEEE d MMMM y"
    return _words(value, english if _locale().startswith("en") else "full", _locale())


def dated(value: date | datetime) -> str:
    """7 Dec 2026, always with its year, in the reader's order."""
    return _words(_local_day(value), "d MMM y" if _locale().startswith("en") else "medium", _locale())


def day_time(value: datetime) -> str:
    return str(format_datetime(clock.local(value, _zone()), "d MMM, HH:mm", locale=_locale()))


def clock_time(value: datetime) -> str:
    return str(format_time(clock.local(value, _zone()), "HH:mm", locale=_locale()))


_MOST_DECIMALS = 6  # of a price
_CODE_AT_A_FIGURE = re.compile(r"(?<=[A-Za-z])(?=\d)")  # CLDR keeps them apart (currency spacing), Babel does not
_NO_MARKS = dict.fromkeys(map(ord, "\u200e\u200f"))


# Babel takes longer over a number than the page over everything else of its line, and numbers repeat. What is kept
# depends on nothing but what it is asked with, so it cannot go stale.
@lru_cache(maxsize=4096)
def _number(value: Decimal, pattern: str, locale: str) -> str:
    return str(format_decimal(value, format=pattern, locale=locale, decimal_quantization=False))


@lru_cache(maxsize=4096)
def _money(value: Decimal, currency: str, locale: str) -> str:
    # CLDR's own digits differ from ours for a few currencies: print ours, where the locale's pattern has two.
    digits = _pattern(decimals_of(currency)).removeprefix("#,##")
    pattern = Locale.parse(locale).currency_formats["standard"].pattern.replace("0.00", digits)
    written = format_currency(
        value, currency, locale=locale, currency_digits=False, format=pattern, decimal_quantization=False,
        group_separator=True,
    )  # fmt: skip
    written = _CODE_AT_A_FIGURE.sub("\N{NO-BREAK SPACE}", written)
    # It stands isolated on a page, where marks would turn its parts round; Arabic alone writes the pound as "UK£".
    return str(written).translate(_NO_MARKS).replace("UK£", "£")


@lru_cache(maxsize=1024)
def _words(value: date, pattern: str, locale: str) -> str:
    return str(format_date(value, pattern, locale=locale))


def _local_day(value: date | datetime) -> date:
    return clock.local(value, _zone()).date() if isinstance(value, datetime) else value


def _pattern(decimals: int) -> str:
    return "#,##0" + ("." + "0" * decimals if decimals else "")


def _locale() -> str:
    try:
        return str(g.locale)  # asked for every figure on a page: one look, not two
    except (AttributeError, RuntimeError):  # nobody's page, or no page at all
        return "en_GB"


def _zone() -> str:
    return str(g.get("time_zone", "UTC")) if g else "UTC"

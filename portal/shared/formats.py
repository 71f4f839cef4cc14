"""How money, dates and times look to a person: Babel's words, our decimals."""

from datetime import date, datetime
from decimal import Decimal

from babel.dates import format_date, format_datetime, format_time
from babel.numbers import format_currency, format_decimal, get_decimal_symbol
from flask import Flask, g

from portal.shared import clock
from portal.shared.money import Money, decimals_of
from portal.shared.text import as_typed


def install(app: Flask) -> None:
    app.jinja_env.filters.update(
        money=money, amount=amount, quantity=quantity, day=day, long_day=long_day, day_time=day_time,
        clock_time=clock_time, rate=rate, price=price, as_typed=as_typed,
    )  # fmt: skip


def money(value: Money, locale: str | None = None) -> str:
    """With the currency's sign: £1,234.50. Money is exact, so nothing is rounded here."""
    pattern_decimals = decimals_of(value.currency)
    shown = format_currency(
        value.decimal, value.currency, locale=locale or _locale(), currency_digits=False,
        format=None, decimal_quantization=False, group_separator=True,
    )  # fmt: skip
    # CLDR's own digits differ from ours for a few currencies: print ours.
    if pattern_decimals != 2:
        number = format_decimal(value.decimal, format=_pattern(pattern_decimals), locale=locale or _locale())
        return f"{value.currency} {number}"
    return str(shown)


def amount(value: Money, locale: str | None = None) -> str:
    """Without a sign, for columns: 1,234.50."""
    return str(format_decimal(value.decimal, format=_pattern(decimals_of(value.currency)), locale=locale or _locale()))


def decimal_mark_of(locale: str) -> str:
    """What numbers have before their decimals in `locale`: "." or ","."""
    return "," if get_decimal_symbol(locale) == "," else "."


def quantity(value: Decimal) -> str:
    return str(format_decimal(value.normalize() + 0, format="#,##0.###", locale=_locale(), decimal_quantization=False))


def plain(value: Decimal) -> str:
    """Without groups, with a point, whoever reads it: 0.5, 10."""
    return f"{value.normalize():f}"


def price(value: Decimal) -> str:
    """A price in major units, two decimals or as many as it has: 46.50."""
    return str(format_decimal(value, format="#,##0.00####", locale=_locale(), decimal_quantization=False))


def rate(value: Decimal) -> str:
    """A percentage as it is printed: 20, 9.975."""
    return str(format_decimal(value, format="0.######", locale=_locale(), decimal_quantization=False))


def day(value: date | datetime) -> str:
    """7 Dec, with the year when it is not this one."""
    value = _local_day(value)
    pattern = "d MMM" if value.year == clock.today(_zone()).year else "d MMM y"
    return str(format_date(value, pattern, locale=_locale()))


def long_day(value: date | datetime) -> str:
    """Monday 7 December, in the reader's order."""
    return str(format_date(_local_day(value), "EEEE d MMMM", locale=_locale()))


def day_time(value: datetime) -> str:
    return str(format_datetime(clock.local(value, _zone()), "d MMM, HH:mm", locale=_locale()))


def clock_time(value: datetime) -> str:
    return str(format_time(clock.local(value, _zone()), "HH:mm", locale=_locale()))


def _local_day(value: date | datetime) -> date:
    return clock.local(value, _zone()).date() if isinstance(value, datetime) else value


def _pattern(decimals: int) -> str:
    return "#,##0" + ("." + "0" * decimals if decimals else "")


def _locale() -> str:
    return str(g.get("locale", "en_GB")) if g else "en_GB"


def _zone() -> str:
    return str(g.get("time_zone", "UTC")) if g else "UTC"

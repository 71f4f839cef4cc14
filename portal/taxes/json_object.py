"""One object of a JSON document, read key by key: what is wrong is refused with its path."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from portal.taxes.arithmetic import Impossible

_NUMBER = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?", re.ASCII)
REQUIRED: Any = object()


class JsonObject:
    """keys: all that may stand in it. What is null is none, where there can be none; a value that is asked for cannot
    be null."""

    def __init__(self, path: str, given: Any, keys: frozenset[str]) -> None:
        if not isinstance(given, dict):
            raise Impossible(path or "the document", f"must be an object, not {_kind_of(given)}")
        self.path = path
        self._given = given
        for key in given:
            if key not in keys:
                raise Impossible(self.at(key), f"is not known here; known are {', '.join(sorted(keys))}")

    def at(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def number(self, key: str, default: Any = REQUIRED) -> Decimal:
        if default is not REQUIRED and key not in self._given:
            return Decimal(default)
        value = self._value(key, REQUIRED)
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            raise Impossible(self.at(key), f'numbers are written as strings: "{value}"')
        if not isinstance(value, str):
            raise Impossible(self.at(key), f"must be a number written as a string, not {_kind_of(value)}")
        if not _NUMBER.fullmatch(value):
            raise Impossible(self.at(key), f"{value[:50]!r} is no number such as 12.34")
        return Decimal(value)

    def optional(self, key: str) -> Decimal | None:
        """A number, or none."""
        return None if self._given.get(key) is None else self.number(key)

    def count(self, key: str) -> int | None:
        """A small whole number: counts something, so it may stand as a JSON number."""
        value = self._given.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not re.fullmatch("[0-9]", str(value)) or not isinstance(value, int | str):
            raise Impossible(self.at(key), "must be 0, 1, 2 or 3")
        return int(value)

    def word(self, key: str, default: Any = REQUIRED) -> str:
        value = self._value(key, default)
        if not isinstance(value, str):
            raise Impossible(self.at(key), f"must be a word, not {_kind_of(value)}")
        return value

    def text(self, key: str, form: str = r"(?s).*\S.*", must: str = "must not be empty") -> str:
        value = self.word(key)
        if not re.fullmatch(form, value):
            raise Impossible(self.at(key), must)
        return value

    def flag(self, key: str, *, default: bool = False) -> bool:
        value = self._value(key, default)
        if not isinstance(value, bool):
            raise Impossible(self.at(key), f"must be true or false, not {_kind_of(value)}")
        return value

    def words(self, key: str) -> tuple[str, ...]:
        values = self._list(key, ())
        for number, value in enumerate(values):
            if not isinstance(value, str):
                raise Impossible(f"{self.at(key)}[{number}]", f"must be a word, not {_kind_of(value)}")
        return tuple(values)

    def part(self, key: str, keys: frozenset[str]) -> "JsonObject | None":
        value = self._given.get(key)
        return None if value is None else JsonObject(self.at(key), value, keys)

    def each(self, key: str, keys: frozenset[str], default: Any = ()) -> Iterator["JsonObject"]:
        path = self.at(key)
        for number, value in enumerate(self._list(key, default)):
            yield JsonObject(f"{path}[{number}]", value, keys)

    def _list(self, key: str, default: Any) -> Any:
        values = self._value(key, default)
        if not isinstance(values, list | tuple):
            raise Impossible(self.at(key), f"must be a list, not {_kind_of(values)}")
        return values

    def _value(self, key: str, default: Any) -> Any:
        value = self._given.get(key, default)
        if value is REQUIRED:
            raise Impossible(self.at(key), "is missing")
        return value


def _kind_of(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    return "text" if isinstance(value, str) else f"the number {value}"

"""JSON with money in it: numbers go out exactly as our decimals print and come back as decimals. No floats."""

import json
from decimal import Decimal
from typing import Any


def encode(value: Any) -> str:
    """JSON of dicts, lists, text, whole numbers, decimals, booleans and None. Raises TypeError for anything else."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(str(key))}:{encode(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(encode, value)) + "]"
    if isinstance(value, Decimal):
        return _number(value)
    if value is None or isinstance(value, str | bool | int):
        return json.dumps(value)
    raise TypeError(f"{type(value).__name__} does not travel to Zoho")


def decode(text: str) -> Any:
    """Raises ValueError for what is no JSON."""
    return json.loads(text, parse_float=Decimal, parse_constant=_refuse)


def amount(value: Any) -> Decimal | None:
    """A number of an answer; None where Zoho sent "" or nothing."""
    if value is None or value == "" or isinstance(value, bool):
        return None
    return Decimal(value)


def _number(value: Decimal) -> str:
    if not value.is_finite():
        raise TypeError("only finite numbers travel to Zoho")
    return format(value, "f")


def _refuse(constant: str) -> Any:
    raise ValueError(constant)

"""What bodies may say: required fields, text lengths, dates, whole numbers, custom fields."""

from datetime import date
from typing import Any

from . import errors
from .ledger import ID_FIELDS, Ledger
from .wire import Record


def require(body: Any, *names: str) -> None:
    if not isinstance(body, dict):
        raise errors.malformed_json()
    for name in names:
        if body.get(name) in (None, "", []):
            raise errors.missing_value(name)


def text(body: Record, name: str, limit: int = 100) -> str:
    value = body.get(name)
    if value is None:
        return ""
    if isinstance(value, (dict, list)):
        raise errors.invalid_value(name)
    if len(str(value)) > limit:
        raise errors.too_long(name, limit)
    return str(value)


def day(body: Record, name: str, otherwise: str) -> str:
    value = body.get(name)
    if value in (None, ""):
        return otherwise
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise errors.invalid_value(name) from None


def whole(body: Record, name: str, label: str, otherwise: int = 0) -> int:
    """Zoho wants a JSON integer here: "Net 15" is code 2."""
    value = body.get(name)
    if value in (None, ""):
        return otherwise
    if isinstance(value, bool) or not str(value).lstrip("-").isdigit():
        raise errors.invalid_value(label)
    return int(value)


def known(body: Record, names: tuple[str, ...]) -> Record:
    """The fields of a body that are kept as they come."""
    return {name: body[name] for name in names if name in body}


def custom_fields(books: Ledger, entity: str, given: Any, record_id: str = "") -> list[Record]:
    """Custom field values as stored, from id, api_name, label or index. Raises 2 for unknown or duplicate ones."""
    if given in (None, ""):
        return []
    if not isinstance(given, list):
        raise errors.invalid_value("custom_fields")
    return [_custom_field(books, entity, one, record_id) for one in given]


def custom_field_hash(stored: list[Record]) -> Record:
    pairs = [(one["api_name"], one["value"]) for one in stored]
    return {k: v for name, value in pairs for k, v in ((name, str(value)), (f"{name}_unformatted", value))}


def find_by_unique_field(books: Ledger, entity: str, api_name: str, value: str) -> Record | None:
    """The record whose custom field, set to refuse duplicates, has this value. Raises 2 when there's no such field."""
    definition = _definition(books, entity, {"api_name": api_name})
    if not definition["is_unique"]:
        raise errors.invalid_value(api_name)
    return _holder(books, entity, definition, value)


def _custom_field(books: Ledger, entity: str, given: Any, record_id: str) -> Record:
    if not isinstance(given, dict):
        raise errors.invalid_value("custom_fields")
    definition = _definition(books, entity, given)
    value = given.get("value", "")
    holder = _holder(books, entity, definition, value) if definition["is_unique"] and value != "" else None
    if holder and _id_of(entity, holder) != record_id:
        raise errors.invalid_value(definition["label"])
    return {**{name: definition[name] for name in ("customfield_id", "label", "api_name", "index", "data_type")},
            "value": value}  # fmt: skip


def _definition(books: Ledger, entity: str, given: Record) -> Record:
    for row in books.all("customfields"):
        if row["entity"] == entity and any(
            name in given and str(given[name]) == str(row[name])
            for name in ("customfield_id", "api_name", "label", "index")
        ):
            return row
    raise errors.invalid_value("custom_fields")


def _holder(books: Ledger, entity: str, definition: Record, value: Any) -> Record | None:
    for row in books.all(entity):
        for one in row.get("custom_fields", []):
            if one["customfield_id"] == definition["customfield_id"] and str(one["value"]) == str(value):
                return row
    return None


def _id_of(entity: str, record: Record) -> str:
    return str(record[ID_FIELDS[entity]])

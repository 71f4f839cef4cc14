"""Create or update by the value of a custom field that refuses duplicates (Books only)."""

from .. import errors, fields
from ..ledger import ID_FIELDS
from ..registry import Act, Call
from ..wire import Answer

KEY, VALUE, UPSERT = "X-Unique-Identifier-Key", "X-Unique-Identifier-Value", "X-Upsert"


def by_custom_field(call: Call, module: str, create: Act, update: Act) -> Answer:
    """PUT /<module> without an id. Answers 200 with the record, created or updated."""
    api_name, value = call.headers.get(KEY, ""), call.headers.get(VALUE, "")
    if not api_name or not value:
        raise errors.missing_value(KEY)
    found = fields.find_by_unique_field(call.books, module, api_name, value)
    _add_value(call, api_name, value)
    if found:
        return update(call, found[ID_FIELDS[module]])
    if call.headers.get(UPSERT, "").lower() != "true":
        raise errors.gone(f"The record with {api_name} {value}")
    answer = create(call)
    return Answer(answer.payload, answer.message)


def _add_value(call: Call, api_name: str, value: str) -> None:
    """The value is written into the field too, whatever the body says of it."""
    fields.require(call.body)
    others = [one for one in call.body.get("custom_fields", []) if one.get("api_name") != api_name]
    call.body["custom_fields"] = [*others, {"api_name": api_name, "value": value}]

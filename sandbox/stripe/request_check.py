"""Is a request one Stripe would take? Asked of Stripe's own OpenAPI data, or of a small table without it.

The data is API version 2026-08-26.dahlia; `_bring_to_endive` lists what the version of the pinned library changed.
"""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.stripe.errors import StripeProblem
from sandbox.stripe.forms import parameter_name
from sandbox.stripe.known_parameters import known_parameters

Schema = dict[str, Any]
_FORM = "application/x-www-form-urlencoded"
_GONE = "payment_method_types"
_INTEGER, _NUMBER = re.compile(r"-?\d+"), re.compile(r"-?\d+(\.\d+)?")


@dataclass(frozen=True)
class Fault:
    path: tuple[str | int, ...]
    message: str  # with {name} where the parameter's name goes
    code: str | None = None

    def problem(self) -> StripeProblem:
        name = parameter_name(self.path)
        return StripeProblem(self.message.format(name=name), code=self.code, param=name, stored=False)


def openapi_folder() -> Path:
    """STRIPE_OPENAPI_DIR, or the folder shared between checkouts beside this one."""
    beside = Path(__file__).resolve().parents[2].parent / "shared" / "stripe" / "openapi"
    return Path(os.environ.get("STRIPE_OPENAPI_DIR") or beside)


class RequestCheck:
    def __init__(self, folder: Path | None = None) -> None:
        files = sorted((folder or openapi_folder()).glob("requests.*.json"))
        self.reads_openapi = bool(files)
        self._schemas = _schemas_from(files[-1]) if files else _schemas_from_table()

    def refuse_wrong(self, method: str, template: str, params: dict[str, Any]) -> None:
        """Raise the StripeProblem Stripe would answer for the first thing wrong with the parameters."""
        schema = self._schemas.get((method, template))
        if schema is None:
            return
        if method == "POST" and _GONE in params and _GONE not in schema["properties"]:
            raise StripeProblem(
                f"`{_GONE}` is no longer supported. Use `allowed_{_GONE}`, `excluded_{_GONE}` or dynamic methods.",
                code=f"{_GONE}_no_longer_supported",
                param=_GONE,
                stored=False,
            )
        for fault in faults_in(schema, params, ()):
            raise fault.problem()


def faults_in(schema: Schema, value: Any, path: tuple[str | int, ...]) -> Iterator[Fault]:
    if "anyOf" in schema:
        yield from _fewest_faults([list(faults_in(branch, value, path)) for branch in schema["anyOf"]])
    elif schema.get("type") == "object":
        yield from _faults_in_object(schema, value, path)
    elif schema.get("type") == "array":
        yield from _faults_in_array(schema, value, path)
    elif not isinstance(value, str):
        yield Fault(path, "Invalid {name}: a single value was expected", "parameter_invalid_string_blank")
    else:
        yield from _faults_in_leaf(schema, value, path)


def _fewest_faults(per_branch: list[list[Fault]]) -> list[Fault]:
    return min(per_branch, key=len)


def _faults_in_object(schema: Schema, value: Any, path: tuple[str | int, ...]) -> Iterator[Fault]:
    if not isinstance(value, dict):
        yield Fault(path, "Invalid object: {name} needs named fields")
        return
    for name in schema.get("required", []):
        if name not in value:
            yield Fault((*path, name), "Missing required param: {name}.", "parameter_missing")
    properties, free = schema.get("properties"), schema.get("additionalProperties", False)
    for name, child in value.items():
        if properties and name in properties:
            yield from faults_in(properties[name], child, (*path, name))
        elif isinstance(free, dict):
            yield from faults_in(free, child, (*path, name))
        elif properties is not None and not free:
            yield Fault((*path, name), "Received unknown parameter: {name}", "parameter_unknown")


def _faults_in_array(schema: Schema, value: Any, path: tuple[str | int, ...]) -> Iterator[Fault]:
    if not isinstance(value, list):
        yield Fault(path, "Invalid array: {name} needs numbered items")
        return
    for position, child in enumerate(value):
        yield from faults_in(schema["items"], child, (*path, position))


def _faults_in_leaf(schema: Schema, text: str, path: tuple[str | int, ...]) -> Iterator[Fault]:
    shown = text[:60].replace("{", "(").replace("}", ")")
    kind = schema.get("type")
    if kind == "integer" and not _INTEGER.fullmatch(text):
        yield Fault(path, f"Invalid integer: {shown}", "parameter_invalid_integer")
    elif kind == "number" and not _NUMBER.fullmatch(text):
        yield Fault(path, f"Invalid number: {shown}")
    elif kind == "boolean" and text not in ("true", "false"):
        yield Fault(path, f"Invalid boolean: {shown}")
    if "enum" in schema and text not in map(str, schema["enum"]):
        allowed = ", ".join(str(choice) for choice in schema["enum"][:12])
        yield Fault(path, f"Invalid {{name}}: must be one of {allowed}")
    if len(text) > schema.get("maxLength", len(text)):
        yield Fault(path, f"Invalid string: {shown}…; must be at most {schema['maxLength']} characters")


def _schemas_from(file: Path) -> dict[tuple[str, str], Schema]:
    schemas = {}
    for template, methods in json.loads(file.read_text("utf-8"))["paths"].items():
        for method, operation in methods.items():
            schemas[method.upper(), template] = _schema_of(operation, method)
    _bring_to_endive(schemas)
    return schemas


def _schema_of(operation: Schema, method: str) -> Schema:
    if method == "post":
        schema: Schema = operation["requestBody"]["content"][_FORM]["schema"]
        return schema | {"properties": schema.get("properties", {})}
    inputs = [given for given in operation.get("parameters", []) if given["in"] == "query"]
    return {
        "type": "object",
        "properties": {given["name"]: given["schema"] for given in inputs},
        "required": [given["name"] for given in inputs if given.get("required")],
    }


def _bring_to_endive(schemas: dict[tuple[str, str], Schema]) -> None:
    """What 2026-09-30.endive and 2026-10-28.endive changed in the calls a billing portal makes."""
    session = schemas["POST", "/v1/checkout/sessions"]["properties"]
    session.pop(_GONE, None)
    session[f"allowed_{_GONE}"] = session[f"excluded_{_GONE}"]
    schemas["POST", "/v1/customers"]["properties"]["validate"] = {"type": "boolean"}
    # The data knows no version newer than itself, and endpoints are made with the library's version.
    schemas["POST", "/v1/webhook_endpoints"]["properties"]["api_version"] = {"type": "string", "maxLength": 5000}


def _schemas_from_table() -> dict[tuple[str, str], Schema]:
    """Names at the top level only; what lies below them is taken as it comes."""
    schemas = {
        call: {"type": "object", "properties": {name: {"anyOf": [_ANY_TEXT, _ANY_LIST, _ANY_OBJECT]} for name in names}}
        for call, names in known_parameters().items()
    }
    _bring_to_endive(schemas)
    return schemas


_ANY_TEXT: Schema = {"type": "string"}
_ANY_OBJECT: Schema = {"type": "object"}
_ANY_LIST: Schema = {"type": "array", "items": {"anyOf": [_ANY_TEXT, _ANY_OBJECT]}}

"""Requests and objects held against Stripe's own OpenAPI data, by jsonschema.

Written apart from the stand-in's own check of requests, so that one mistake cannot hide in both. The data is API
version 2026-08-26.dahlia; the pinned library speaks 2026-10-28.endive, and `_bring_to_endive` holds the difference.

    problems = check_request("POST", "/v1/refunds", {"payment_intent": "pi_1", "amount": "500"})
    problems = check_object("refund", answer)

Both return sentences, none when all is well. Where the data is missing they skip the test aloud.
"""

import json
import os
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match

Schema = dict[str, Any]
_BESIDE = Path(__file__).resolve().parents[2].parent / "shared" / "stripe" / "openapi"
FOLDER = Path(os.environ.get("STRIPE_OPENAPI_DIR") or _BESIDE)
_FORM = "application/x-www-form-urlencoded"
_NOT_JSON_SCHEMA = ("nullable", "format", "title")


def check_request(method: str, path: str, sent: str | Mapping[str, Any] | Iterable[tuple[str, str]]) -> list[str]:
    """What is wrong with a request to `path`; `sent` is its form (POST) or query (GET), as text, pairs or mapping."""
    _skip_without("requests.*.json")
    schema = _request_schema(method.upper(), path.split("?")[0])
    if schema is None:
        return [f"{method} {path}: Stripe's data has no such call"]
    return _sentences(Draft202012Validator(schema), _typed(schema, _nested(sent)))


def check_object(name: str, thing: Mapping[str, Any]) -> list[str]:
    """What is wrong with an object Stripe is said to have sent, e.g. ("checkout.session", {…})."""
    _skip_without("spec3.*.json")
    schema = {"$ref": f"#/$defs/{name}", "$defs": _definitions()}
    as_sent = json.loads(json.dumps(thing, default=str))  # the library reads decimals into Decimal
    return _sentences(Draft202012Validator(schema), as_sent)


def _skip_without(pattern: str) -> None:
    if not any(FOLDER.glob(pattern)):
        pytest.skip(f"NOT CHECKED against Stripe's OpenAPI data: no {pattern} in {FOLDER} (set STRIPE_OPENAPI_DIR)")


def _sentences(validator: Draft202012Validator, thing: Any) -> list[str]:
    return [_sentence(error) for error in validator.iter_errors(thing)]


def _sentence(error: ValidationError) -> str:
    """The most telling part: inside "null or an object" that is what is wrong with the object."""
    telling = [each for each in error.context or [] if each.validator_value != "null"]
    if telling:
        return _sentence(best_match(telling) or telling[0])
    return f"/{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}"


# Objects


@cache
def _definitions() -> Schema:
    file = next(FOLDER.glob("spec3.*.json"))
    schemas = json.loads(file.read_text("utf-8"))["components"]["schemas"]
    schemas["event"]["properties"]["data"] = {"type": "object"}  # its object is checked under its own name
    return {name: _as_json_schema(schema) for name, schema in schemas.items()}


def _as_json_schema(schema: Any) -> Any:
    """OpenAPI 3.0 to JSON Schema: null where nullable, no unknown fields, references into $defs."""
    if isinstance(schema, list):
        return [_as_json_schema(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return {"$ref": schema["$ref"].replace("#/components/schemas/", "#/$defs/")}
    converted = {
        name: {field: _as_json_schema(child) for field, child in value.items()}
        if name == "properties"
        else _as_json_schema(value)
        for name, value in schema.items()
        if name not in _NOT_JSON_SCHEMA and not name.startswith("x-")
    }
    if "properties" in converted and "additionalProperties" not in converted:
        converted["additionalProperties"] = False
    return {"anyOf": [converted, {"type": "null"}]} if schema.get("nullable") else converted


# Requests


@cache
def _paths() -> Schema:
    paths: Schema = json.loads(next(FOLDER.glob("requests.*.json")).read_text("utf-8"))["paths"]
    _bring_to_endive(paths)
    return paths


def _form_of(paths: Schema, path: str) -> Schema:
    fields: Schema = paths[path]["post"]["requestBody"]["content"][_FORM]["schema"]["properties"]
    return fields


def _bring_to_endive(paths: Schema) -> None:
    session = _form_of(paths, "/v1/checkout/sessions")
    session["allowed_payment_method_types"] = session.pop("payment_method_types")
    for path in ("/v1/payment_intents", "/v1/payment_intents/{intent}", "/v1/payment_intents/{intent}/confirm"):
        _form_of(paths, path).pop("payment_method_types", None)
    _form_of(paths, "/v1/setup_intents").pop("payment_method_types", None)
    _form_of(paths, "/v1/customers")["validate"] = {"type": "boolean"}
    _form_of(paths, "/v1/webhook_endpoints")["api_version"] = {"type": "string"}


def _request_schema(method: str, path: str) -> Schema | None:
    fitting = [template for template in _paths() if _fits(template, path)]
    for template in sorted(fitting, key=lambda each: each.count("{")):
        if operation := _paths()[template].get(method.lower()):
            schema: Schema = _as_json_schema(_schema_of(operation, method))
            return schema
    return None


def _fits(template: str, path: str) -> bool:
    return re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path.rstrip("/")) is not None


def _schema_of(operation: Schema, method: str) -> Schema:
    if method == "POST":
        form: Schema = operation["requestBody"]["content"][_FORM]["schema"]
        return {"properties": {}, **form}
    query = [given for given in operation.get("parameters", []) if given["in"] == "query"]
    return {"type": "object", "properties": {given["name"]: given["schema"] for given in query}}


def _nested(sent: str | Mapping[str, Any] | Iterable[tuple[str, str]]) -> dict[str, Any]:
    if isinstance(sent, str):
        sent = parse_qsl(sent, keep_blank_values=True)
    pairs = sent.items() if isinstance(sent, Mapping) else sent
    tree: dict[str, Any] = {}
    for name, value in pairs:
        *branches, leaf = re.findall(r"[^\[\]]+", name)
        place = tree
        for branch in branches:
            place = place.setdefault(branch, {})
        place[leaf] = value
    return tree


def _typed(schema: Schema, value: Any) -> Any:
    """Text as the type the schema asks for, where it can be read so; anything else stays for the validator."""
    branches = schema.get("anyOf")
    if branches:
        tries = [(branch, _typed(branch, value)) for branch in branches]
        return next((typed for branch, typed in tries if Draft202012Validator(branch).is_valid(typed)), tries[0][1])
    kind = schema.get("type")
    if kind == "array" and isinstance(value, dict):
        return [_typed(schema["items"], value[index]) for index in sorted(value, key=int)]
    if kind == "object" and isinstance(value, dict):
        fields, free = schema.get("properties", {}), schema.get("additionalProperties")
        other = free if isinstance(free, dict) else {}
        return {name: _typed(fields.get(name, other), child) for name, child in value.items()}
    return _typed_leaf(kind, value)


def _typed_leaf(kind: str | None, value: Any) -> Any:
    text = str(value)
    if kind == "integer" and re.fullmatch(r"-?\d+", text):
        return int(text)
    if kind == "number" and re.fullmatch(r"-?\d+(\.\d+)?", text):
        return float(text)
    if kind == "boolean" and text in ("true", "false"):
        return text == "true"
    return value

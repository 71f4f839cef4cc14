"""Requests and answers held against Zoho's published OpenAPI documents for Books.

    contract = ZohoContract(FOLDER)              # or load(), which skips the test aloud when the documents are missing
    contract.check_request("POST", "/books/v3/invoices", {"organization_id": "1"}, {"customer_id": "2", …})
    contract.check_answer("POST", "/books/v3/invoices", 201, answer)

Both return sentences, none when all is well. Paths may be whole (`/eu/api/books/v3/invoices/1`) or start at the
module (`/invoices/1`). Where the live service was seen to differ from its documents, zoho_exceptions.py says so
and why; everything else that isn't in the documents is a complaint, unknown fields and query parameters included.
"""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from tests.contract.zoho_exceptions import EXTRA_FIELDS, EXTRA_QUERY, VARIANTS, is_known_difference

Schema = dict[str, Any]
_BESIDE = Path(__file__).resolve().parents[2].parent / "shared" / "zoho" / "openapi"
FOLDER = Path(os.environ.get("ZOHO_OPENAPI_DIR") or _BESIDE)
METHODS = ("get", "post", "put", "delete")


@dataclass(frozen=True)
class Operation:
    """One call in one of the documents; `document` is the file's name without its ending."""

    method: str
    template: str
    document: str
    body: Schema

    @property
    def name(self) -> str:
        return f"{self.method} {self.template}"


@cache
def load() -> "ZohoContract":
    """The documents beside this project, read once. Skips the test when they aren't there."""
    if not any(FOLDER.glob("*.yml")):
        pytest.skip(f"Zoho's OpenAPI documents are missing: {FOLDER} (or set ZOHO_OPENAPI_DIR)")
    return ZohoContract(FOLDER)


class ZohoContract:
    """The documents of one folder; see the module's own words for the two questions it answers."""

    def __init__(self, folder: Path) -> None:
        self._documents = {path.stem: _read(path) for path in sorted(folder.glob("*.yml"))}
        resources = [(f"urn:{name}", Resource(document, DRAFT202012)) for name, document in self._documents.items()]
        self._registry: Registry[Any] = Registry().with_resources(resources)
        # contacts.yml repeats the calls of contact-persons.yml without their fields: the fuller one comes first.
        names = sorted(self._documents, key=lambda name: name != "contact-persons")
        self._operations = [one for name in names for one in _operations(name, self._documents[name])]

    def check_request(self, method: str, url_path: str, query: Mapping[str, Any], json_body: Any) -> list[str]:
        """What the documents hold against a request."""
        operation = self._find(method, url_path)
        if operation is None:
            return [f"{method} {url_path}: the documents have no such call"]
        found = [*self._query_problems(operation, query)]
        schema = _json_schema(self._resolve(operation, operation.body.get("requestBody", {})))
        if schema and json_body is not None:
            found += self._problems(operation, "request", schema, json_body)
            found += self._unknown_fields(operation, schema, json_body, "$")
        return found

    def check_answer(self, method: str, url_path: str, status: int, json: Any) -> list[str]:
        """What the documents hold against the answer of a call that succeeded."""
        operation = self._find(method, url_path)
        if operation is None:
            return [f"{method} {url_path}: the documents have no such call"]
        described = operation.body["responses"].get(str(status))
        if described is None:
            problem = f"answers {status}, the documents say {', '.join(operation.body['responses'])}"
            return (
                [] if is_known_difference(operation.name, "status", "$", problem) else [f"{operation.name}: {problem}"]
            )
        schema = _json_schema(self._resolve(operation, described))
        return self._problems(operation, "answer", schema, json) if schema else []

    def scopes(self, method: str, url_path: str) -> set[str]:
        """The scopes of a call, such as ZohoBooks.invoices.CREATE; none when there's no such call."""
        operation = self._find(method, url_path)
        asked = operation.body.get("security", []) if operation else []
        return {scope for one in asked for scopes in one.values() for scope in scopes}

    def _find(self, method: str, url_path: str) -> Operation | None:
        path = re.sub(r"^.*/v3(?=/)", "", url_path.split("?")[0])
        fitting = [one for one in self._operations if one.method == method.upper() and _fits(one.template, path)]
        return min(fitting, key=lambda one: one.template.count("{"), default=None)

    def _query_problems(self, operation: Operation, query: Mapping[str, Any]) -> Iterator[str]:
        known = [self._resolve(operation, one) for one in operation.body.get("parameters", [])]
        names = {one["name"] for one in known if one["in"] == "query"}
        for name in query:
            base = VARIANTS.sub("", name)
            extra = any(re.fullmatch(where, operation.name) and name in more for where, more, _ in EXTRA_QUERY)
            if name not in names and base not in names and not extra:
                yield f"{operation.name}: query parameter {name} is not in the documents"
        for one in known:
            if one["in"] == "query" and one.get("required") and one["name"] not in query:
                yield f"{operation.name}: query parameter {one['name']} is missing"

    def _problems(self, operation: Operation, side: str, schema: Schema, value: Any) -> list[str]:
        validator = self._validator(operation.document, schema)
        return [
            f"{operation.name} {side} {error.json_path}: {error.message[:200]}"
            for error in validator.iter_errors(value)
            if not is_known_difference(operation.name, side, _anonymous(error), error.message)
        ]

    def _validator(self, document: str, schema: Schema) -> Draft202012Validator:
        anchored = (
            {"$id": f"urn:{document}:one", "$ref": f"urn:{document}{schema['$ref']}"} if "$ref" in schema else schema
        )
        return Draft202012Validator(anchored, registry=self._registry)

    def _unknown_fields(self, operation: Operation, schema: Schema, value: Any, path: str) -> list[str]:
        schema = self._resolve(operation, schema)
        if isinstance(value, list):
            inner = schema.get("items", {})
            return [one for row in value for one in self._unknown_fields(operation, inner, row, f"{path}[*]")]
        properties = schema.get("properties")
        if not isinstance(value, dict) or not properties:
            return []
        found = []
        for name, part in value.items():
            where = f"{path}.{name}"
            if name in properties:
                found += self._unknown_fields(operation, properties[name], part, where)
            elif not any(
                re.fullmatch(call, operation.name) and re.fullmatch(at, where) for call, at, _ in EXTRA_FIELDS
            ):
                found.append(f"{operation.name} request {where}: not in the documents")
        return found

    def _resolve(self, operation: Operation, part: Schema) -> Schema:
        while "$ref" in part:
            found: Any = self._documents[operation.document]
            for step in part["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            part = found
        return part


def _read(path: Path) -> Schema:
    document: Schema = _as_json_schema(yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader))
    return document


def _as_json_schema(part: Any) -> Any:
    """OpenAPI 3.0 schemas as JSON Schema: drop what only looks like a keyword."""
    if isinstance(part, list):
        return [_as_json_schema(one) for one in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        return {"$ref": part["$ref"]}
    return {name: _as_json_schema(one) for name, one in part.items() if "in" in part or not _is_mark(name, one)}


def _is_mark(name: str, value: Any) -> bool:
    """A schema's `required: true`, which JSON Schema would read as a list of names."""
    return name == "required" and isinstance(value, bool)


def _operations(name: str, document: Schema) -> Iterator[Operation]:
    for template, methods in document["paths"].items():
        for method in METHODS:
            if method in methods:
                shared = methods.get("parameters", [])
                body = methods[method] | {"parameters": [*methods[method].get("parameters", []), *shared]}
                yield Operation(method.upper(), template, name, body)


def _json_schema(part: Schema) -> Schema | None:
    content: Schema = part.get("content", {}).get("application/json", {})
    return content.get("schema")


def _fits(template: str, path: str) -> bool:
    return re.fullmatch(re.sub(r"\{[^}]+\}", r"[^/]+", template), path) is not None


def _anonymous(error: ValidationError) -> str:
    """The place of an error with its list positions left out: $.line_items[*].rate"""
    return re.sub(r"\[\d+\]", "[*]", error.json_path)

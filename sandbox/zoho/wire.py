"""How values look on the wire: bodies in, JSON out, money as JSON numbers."""

import json
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from flask import Request, Response

from . import errors

Record = dict[str, Any]
ENVELOPE_TYPE = "application/json;charset=UTF-8"


@dataclass
class Answer:
    """What a call answers when it succeeds: `payload` follows code and message."""

    payload: Record = field(default_factory=dict)
    message: str = "success"
    status: int = 200
    location: str | None = None
    binary: bytes | None = None


def read_body(request: Request) -> Any:
    """The JSON of a request: raw, or in the form field JSONString. Plain form fields are refused."""
    text = request.get_data(as_text=True, cache=True, parse_form_data=True)
    if request.files and not request.form:
        return {}
    if request.form or request.files:
        if "JSONString" not in request.form:
            raise errors.malformed_json()
        text = request.form["JSONString"]
    return parse(text) if text.strip() else {}


def parse(text: str) -> Any:
    try:
        body = json.loads(text, parse_float=Decimal)
    except ValueError:
        raise errors.malformed_json() from None
    if not isinstance(body, (dict, list)):
        raise errors.malformed_json()
    return body


def as_number(value: Any, name: str) -> Decimal:
    """Money, quantity or rate from a body. Text of a number passes, as Zoho is lenient there."""
    if isinstance(value, bool):
        raise errors.invalid_value(name)
    if value is None or value == "":
        return Decimal(0)
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise errors.invalid_value(name) from None
    if not number.is_finite():
        raise errors.invalid_value(name)
    return number


def plain(value: Any) -> Any:
    """Decimals become JSON numbers; whole ones lose their zeros, as on the wire (100, 0, 199.99)."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"cannot write {type(value).__name__} as JSON")


def dump(value: Any) -> str:
    return json.dumps(value, default=plain, ensure_ascii=False, separators=(",", ":"))


def respond(answer: Answer) -> Response:
    if answer.binary is not None:
        return Response(answer.binary, status=200, content_type="application/pdf")
    body = {"code": 0, "message": answer.message, **answer.payload}
    response = Response(dump(body), status=answer.status, content_type=ENVELOPE_TYPE)
    if answer.location:
        response.headers["location"] = answer.location
        response.autocorrect_location_header = False
    return response


def refuse(refusal: errors.Refusal) -> Response:
    body = {"code": refusal.code, "message": refusal.message}
    return Response(dump(body), status=refusal.status, content_type=ENVELOPE_TYPE)

"""Failures on demand: the next calls that match go wrong in a chosen way, a chosen number of times."""

import itertools
import socket
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from threading import Lock
from typing import Any

from flask import Response, request

from . import errors
from .wire import Record, refuse

REFUSALS = {
    "error_500_before": errors.internal_error,
    "unauthorized_57": errors.not_authorised,
    "code_44": errors.minute_limit,
    "code_45": lambda: errors.day_limit(1000),
    "code_1070": errors.too_many_at_once,
}
AFTER = ("error_500_after", "cut_after", "hang", "garbage", "truncated_page")
KINDS = (*REFUSALS, *AFTER, "slow", "status")


@dataclass
class Fault:
    """`match` may name method, path_contains and org. `options`: seconds; or status, code, message."""

    number: int
    kind: str
    match: dict[str, str] = field(default_factory=dict)
    times: int = 1
    options: Record = field(default_factory=dict)

    def fits(self, method: str, path: str, organization_id: str) -> bool:
        return (
            self.match.get("method", method).upper() == method
            and self.match.get("path_contains", "") in path
            and self.match.get("org", organization_id) == organization_id
        )


class Faults:
    def __init__(self) -> None:
        self._lock = Lock()
        self._numbers = itertools.count(1)
        self._waiting: list[Fault] = []

    def plan(self, wanted: Record) -> Record:
        """Take a wish {match, kind, times, ...options}. Raises Refusal when the kind is unknown."""
        if wanted.get("kind") not in KINDS:
            raise errors.invalid_value("kind: one of " + ", ".join(KINDS))
        options = {name: value for name, value in wanted.items() if name not in ("match", "kind", "times")}
        match = {name: str(value) for name, value in (wanted.get("match") or {}).items() if value}
        fault = Fault(next(self._numbers), wanted["kind"], match, int(wanted.get("times", 1)), options)
        with self._lock:
            self._waiting.append(fault)
        return asdict(fault)

    def take(self, method: str, path: str, organization_id: str) -> Fault | None:
        """The oldest fault for this call, used up by one."""
        with self._lock:
            for fault in self._waiting:
                if fault.fits(method, path, organization_id):
                    fault.times -= 1
                    self._waiting = [one for one in self._waiting if one.times > 0]
                    return fault
        return None

    def waiting(self) -> list[Record]:
        with self._lock:
            return [asdict(fault) for fault in self._waiting]

    def clear(self) -> None:
        with self._lock:
            self._waiting = []


def answer_with(fault: Fault | None, act: Callable[[], Response]) -> Response:
    """Do the call, or fail as planned; kinds named `after` fail once the effect is stored."""
    if fault is None:
        return act()
    if fault.kind in REFUSALS:
        return refuse(REFUSALS[fault.kind]())
    if fault.kind == "status":
        return refuse(_chosen(fault.options))
    if fault.kind == "slow":
        time.sleep(_seconds(fault))
        return act()
    return _spoil(fault, act())


def _spoil(fault: Fault, response: Response) -> Response:
    match fault.kind:
        case "error_500_after":
            return refuse(errors.internal_error())
        case "hang":
            time.sleep(_seconds(fault))
            return response
        case "garbage":
            return Response("<html><body>Service temporarily unavailable</body></html>", content_type="text/html")
        case "truncated_page":
            return _cut_in_half(response)
        case _:
            return _cut_off()


def _cut_off() -> Response:
    """Close the line without a word."""
    line: Any = request.environ.get("werkzeug.socket")
    if line is not None:
        line.shutdown(socket.SHUT_RDWR)
    return Response(status=500)


def _cut_in_half(response: Response) -> Response:
    """Announce the whole length, send half of it."""
    body = response.get_data()
    half = Response(body[: len(body) // 2], status=response.status_code, content_type=response.content_type)
    half.automatically_set_content_length = False
    half.headers["Content-Length"] = str(len(body))
    return half


def _chosen(options: Record) -> errors.Refusal:
    return errors.Refusal(
        int(options.get("status", 500)), int(options.get("code", 1000)), options.get("message", "Internal error")
    )


def _seconds(fault: Fault) -> float:
    return float(fault.options.get("seconds", 30 if fault.kind == "hang" else 2))

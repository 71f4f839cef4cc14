"""Faults on order: the next matching requests fail in a chosen way."""

import threading
from dataclasses import dataclass
from typing import Any

from sandbox.stripe.errors import StripeProblem

BEFORE = ("error_500", "error_429", "error_409", "hang", "reset")  # nothing has happened
AFTER = ("error_500_after", "cut_after", "late_answer")  # the work is done, the answer is spoilt
_PROBLEMS: dict[str, tuple[int, str, str | None, str]] = {
    "error_500": (500, "api_error", None, "An unknown error occurred"),
    "error_500_after": (500, "api_error", None, "An unknown error occurred"),
    "error_429": (429, "invalid_request_error", "rate_limit", "Request rate limit exceeded."),
    "error_409": (409, "invalid_request_error", "lock_timeout", "This object cannot be accessed right now."),
}


@dataclass
class Fault:
    kind: str
    method: str = ""
    path_contains: str = ""
    times: int = 1
    seconds: float = 30.0  # how long `hang` and `late_answer` wait
    stored: bool = False  # error_500 only: the idempotency key remembers it, as Stripe's does once work began

    def fits(self, method: str, path: str) -> bool:
        return self.times > 0 and self.method in ("", method) and self.path_contains in path

    def problem(self) -> StripeProblem:
        status, kind, code, message = _PROBLEMS[self.kind]
        return StripeProblem(message, status=status, kind=kind, code=code, stored=self.stored or self.kind in AFTER)


class Faults:
    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def order(self, wish: dict[str, Any]) -> Fault:
        """Take {"match": {"method", "path_contains"}, "kind", "times", "seconds", "stored"}. Raises StripeProblem."""
        if wish.get("kind") not in BEFORE + AFTER:
            raise StripeProblem(f"kind is one of {', '.join(BEFORE + AFTER)}", param="kind")
        settings = {name: wish[name] for name in ("times", "seconds", "stored") if name in wish}
        fault = Fault(wish["kind"], **(wish.get("match") or {}), **settings)
        with self._lock:
            self._faults.append(fault)
        return fault

    def take(self, method: str, path: str) -> Fault | None:
        with self._lock:
            fault = next((fault for fault in self._faults if fault.fits(method, path)), None)
            if fault is not None:
                fault.times -= 1
            return fault

    def waiting(self) -> list[dict[str, Any]]:
        with self._lock:
            return [vars(fault) for fault in self._faults if fault.times > 0]

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

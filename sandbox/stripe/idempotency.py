"""Idempotency keys: the same key and body get the same answer; another body, or two at once, an error.

As Stripe documents it, an answer is remembered once work has begun, errors included; a request refused for its
parameters, its key or its rights leaves the key unused.
"""

import hashlib
import json
import threading
from typing import Any

from sandbox.stripe.errors import StripeProblem
from sandbox.stripe.store import Document, Scope, Store

_LONGEST_KEY = 255


class IdempotencyKeys:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._in_use: set[str] = set()
        self._lock = threading.Lock()

    def claim(self, scope: Scope, key: str, fingerprint: str) -> Document | None:
        """The remembered answer, or None: then the key is yours until `release`. Raises StripeProblem."""
        if len(key) > _LONGEST_KEY:
            message = f"Idempotency keys can be at most {_LONGEST_KEY} characters."
            raise StripeProblem(message, kind="idempotency_error", stored=False)
        place = _place(scope, key)
        with self._lock:
            remembered = self._store.get("idempotency", place)
            if remembered and remembered["fingerprint"] != fingerprint:
                raise _other_request(key)
            if remembered is None and place in self._in_use:
                raise _in_use(key)
            if remembered is None:
                self._in_use.add(place)
            return remembered

    def remember(self, scope: Scope, key: str, fingerprint: str, answer: dict[str, Any]) -> None:
        place = _place(scope, key)
        self._store.save("idempotency", {"id": place, "fingerprint": fingerprint, **answer}, scope)

    def release(self, scope: Scope, key: str) -> None:
        with self._lock:
            self._in_use.discard(_place(scope, key))


def fingerprint_of(method: str, path: str, params: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps([method, path, params], sort_keys=True).encode()).hexdigest()


def _place(scope: Scope, key: str) -> str:
    return f"{scope.account}/{'live' if scope.livemode else 'test'}/{key}"


def _other_request(key: str) -> StripeProblem:
    message = (
        "Keys for idempotent requests can only be used with the same parameters they were first used with. "
        f"Try using a key other than '{key}' if you meant to execute a different request."
    )
    return StripeProblem(message, kind="idempotency_error", stored=False)


def _in_use(key: str) -> StripeProblem:
    message = (
        "There is currently another in-progress request using this Idempotent Key "
        f"(that probably means you submitted twice, and the other request is still going through): {key}."
    )
    return StripeProblem(message, status=409, kind="idempotency_error", code="idempotency_key_in_use", stored=False)

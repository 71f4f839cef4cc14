"""What one request (or one click on a page) works with: whose objects, and how to save and announce them."""

import secrets
import time
from dataclasses import dataclass

from sandbox.stripe.errors import missing_object
from sandbox.stripe.store import Document, Scope, Store

DEFAULT_API_VERSION = "2026-10-28.endive"
_NOUNS = {
    "checkout.session": "checkout.session",
    "payment_intent": "payment_intent",
    "balance_transaction": "balance transaction",
    "webhook_endpoint": "webhook endpoint",
}


def new_id(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(12)}"


def now() -> int:
    return int(time.time())


@dataclass
class Desk:
    store: Store
    scope: Scope
    base_url: str = ""  # where the payer's browser reaches the stand-in
    api_version: str = DEFAULT_API_VERSION
    request_id: str | None = None
    idempotency_key: str | None = None

    def account(self) -> Document:
        account = self.store.get("account", self.scope.account)
        assert account is not None, "a scope comes from a key, a key from an account"
        return account

    def save(self, document: Document) -> Document:
        return self.store.save(document["object"], document, self.scope)

    def find(self, kind: str, object_id: str, *, param: str = "id", status: int = 404) -> Document:
        """The object, or Stripe's "No such …" as a StripeProblem (400 when a parameter named it)."""
        found = self.store.get_with_scope(kind, object_id)
        if found is not None and found[1] == self.scope:
            return found[0]
        hint = ""
        if found is not None and found[1].account == self.scope.account:
            here, there = ("live", "test") if self.scope.livemode else ("test", "live")
            hint = f"; a similar object exists in {there} mode, but a {here} mode key was used to make this request."
        raise missing_object(_NOUNS.get(kind, kind), object_id, param=param, status=status, hint=hint)

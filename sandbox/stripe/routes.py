"""The calls the stand-in answers: method, path template, what the key must be allowed, what to do."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.stripe import customers, endpoints, intents, lists, methods, refunds, sessions
from sandbox.stripe.accounts import account_object
from sandbox.stripe.desk import Desk
from sandbox.stripe.errors import StripeProblem
from sandbox.stripe.store import Document

Action = Callable[..., Document]  # (desk, params, *ids from the path)


@dataclass(frozen=True)
class Route:
    method: str
    template: str
    resource: str
    action: Action

    def ids_in(self, parts: list[str]) -> list[str] | None:
        """The ids a path gives this template, or None when it is another path."""
        pattern = self.template.split("/")
        if len(pattern) != len(parts):
            return None
        if any(want != got for want, got in zip(pattern, parts, strict=True) if not want.startswith("{")):
            return None
        return [got for want, got in zip(pattern, parts, strict=True) if want.startswith("{")]


def find_route(method: str, path: str) -> tuple[Route, list[str]]:
    parts = path.rstrip("/").split("/")
    for route in ROUTES:
        ids = route.ids_in(parts) if route.method == method else None
        if ids is not None:
            return route, ids
    raise StripeProblem(f"Unrecognized request URL ({method}: {path}). Stripe stand-in: or not imitated here.",
                        status=404, stored=False)  # fmt: skip


def _retrieve(kind: str) -> Action:
    def retrieve(desk: Desk, params: dict[str, Any], object_id: str) -> Document:
        return desk.find(kind, object_id)

    return retrieve


def _session(desk: Desk, params: dict[str, Any], session_id: str) -> Document:
    return sessions.retrieve(desk, session_id)


def _account(desk: Desk, params: dict[str, Any]) -> Document:
    return account_object(desk.account())


def _crud(path: str, resource: str, kind: str) -> list[Route]:
    return [
        Route("GET", path, resource, lists.lister(kind, path)),
        Route("GET", f"{path}/{{id}}", resource, _retrieve(kind)),
    ]


_SESSIONS = "/v1/checkout/sessions"
ROUTES = [
    Route("GET", "/v1/account", "account", _account),
    Route("POST", _SESSIONS, "checkout_session", sessions.create),
    Route("GET", _SESSIONS, "checkout_session", lists.lister("checkout.session", _SESSIONS)),
    Route("GET", f"{_SESSIONS}/{{session}}", "checkout_session", _session),
    Route("POST", f"{_SESSIONS}/{{session}}/expire", "checkout_session", sessions.expire),
    Route("GET", f"{_SESSIONS}/{{session}}/line_items", "checkout_session", lists.line_items),
    *_crud("/v1/payment_intents", "payment_intent", "payment_intent"),
    Route("POST", "/v1/payment_intents", "payment_intent", intents.create),
    Route("POST", "/v1/payment_intents/{intent}/cancel", "payment_intent", intents.cancel),
    Route("POST", "/v1/payment_intents/{intent}/confirm", "payment_intent", intents.confirm),
    *_crud("/v1/payment_methods", "payment_method", "payment_method"),
    Route("POST", "/v1/payment_methods/{payment_method}/attach", "payment_method", methods.attach),
    Route("POST", "/v1/payment_methods/{payment_method}/detach", "payment_method", methods.detach),
    *_crud("/v1/charges", "charge", "charge"),
    Route("POST", "/v1/refunds", "refund", refunds.create),
    *_crud("/v1/refunds", "refund", "refund"),
    Route("POST", "/v1/refunds/{refund}", "refund", refunds.update),
    Route("POST", "/v1/customers", "customer", customers.create),
    *_crud("/v1/customers", "customer", "customer"),
    Route("POST", "/v1/customers/{customer}", "customer", customers.update),
    Route("DELETE", "/v1/customers/{customer}", "customer", customers.remove),
    *_crud("/v1/events", "event", "event"),
    *_crud("/v1/disputes", "dispute", "dispute"),
    *_crud("/v1/balance_transactions", "balance_transaction", "balance_transaction"),
    *_crud("/v1/payouts", "payout", "payout"),
    Route("POST", "/v1/webhook_endpoints", "webhook", endpoints.create),
    *_crud("/v1/webhook_endpoints", "webhook", "webhook_endpoint"),
    Route("POST", "/v1/webhook_endpoints/{webhook_endpoint}", "webhook", endpoints.update),
    Route("DELETE", "/v1/webhook_endpoints/{webhook_endpoint}", "webhook", endpoints.remove),
]

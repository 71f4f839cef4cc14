"""Lists: which rows, filtered how, in pages."""

from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

from sandbox.stripe import payouts, sessions
from sandbox.stripe.desk import Desk
from sandbox.stripe.rendering import made_when, page_of
from sandbox.stripe.store import Document

_EQUAL = (
    "charge", "currency", "customer", "email", "payment_intent", "source", "status", "transfer_group",
)  # fmt: skip
_NOUNS = {"checkout.session": "checkout.session", "balance_transaction": "balance transaction"}


def lister(kind: str, url: str) -> Callable[..., Document]:
    def list_page(desk: Desk, params: dict[str, Any]) -> Document:
        if kind == "checkout.session":
            sessions.expire_overdue(desk)
        rows = [row for row in desk.store.newest_first(kind, desk.scope) if _wanted(row, params)]
        if kind == "balance_transaction" and "payout" in params:
            rows = payouts.entries_of(desk, rows, params["payout"])
        if "arrival_date" in params:
            rows = made_when(rows, params["arrival_date"], "arrival_date")
        return page_of(made_when(rows, params.get("created")), params, url, _NOUNS.get(kind, kind))

    return list_page


def _wanted(row: Document, params: dict[str, Any]) -> bool:
    if any(row.get(name) != params[name] for name in _EQUAL if name in params):
        return False
    if (email := (params.get("customer_details") or {}).get("email")) is not None:
        return bool(row["customer_details"]) and row["customer_details"]["email"] == email
    if "delivery_success" in params and (row["pending_webhooks"] == 0) is not (params["delivery_success"] == "true"):
        return False
    patterns = params.get("types") or ([params["type"]] if "type" in params else ["*"])
    return any(fnmatchcase(row.get("type", ""), pattern) for pattern in patterns)


def line_items(desk: Desk, params: dict[str, Any], session_id: str) -> Document:
    session = desk.find("checkout.session", session_id)
    url = f"/v1/checkout/sessions/{session_id}/line_items"
    return page_of(session["_line_items"], params, url, "line item")

"""Stored documents as answers: private fields out, expansions in, lists in pages."""

from collections.abc import Callable
from typing import Any

from sandbox.stripe.desk import Desk
from sandbox.stripe.errors import StripeProblem, missing_object
from sandbox.stripe.store import Document

_MOST_LEVELS = 4
_KIND_BY_PREFIX = {
    "pi": "payment_intent", "ch": "charge", "py": "charge", "txn": "balance_transaction", "cus": "customer",
    "pm": "payment_method", "re": "refund", "du": "dispute", "cs": "checkout.session", "po": "payout",
}  # fmt: skip
_EXPANDABLE = {
    "checkout.session": {"payment_intent", "customer", "line_items", "setup_intent", "subscription", "invoice"},
    "payment_intent": {"latest_charge", "customer", "payment_method", "application", "on_behalf_of", "review"},
    "charge": {"balance_transaction", "failure_balance_transaction", "payment_intent", "customer", "refunds"},
    "refund": {"charge", "payment_intent", "balance_transaction", "failure_balance_transaction", "payment_method"},
    "balance_transaction": {"source"},
    "dispute": {"charge", "payment_intent"},
    "payout": {"balance_transaction", "failure_balance_transaction", "original_payout", "reversed_by"},
    "payment_method": {"customer"},
}


def public(document: Document) -> Document:
    """The document without what only the stand-in knows."""
    return {name: value for name, value in document.items() if not name.startswith("_")}


def with_expansions(desk: Desk, document: Document, paths: list[str]) -> Document:
    answer = public(document)
    for path in paths:
        steps = path.split(".")
        if len(steps) > _MOST_LEVELS:
            raise StripeProblem(
                f"You cannot expand more than {_MOST_LEVELS} levels of a property ({path}).", param="expand"
            )
        _expand(desk, answer, steps, path)
    return answer


def _expand(desk: Desk, answer: Document, steps: list[str], path: str) -> None:
    first, rest = steps[0], steps[1:]
    if answer.get("object") == "list":
        if first != "data":
            raise StripeProblem(f"This property cannot be expanded ({path}).", param="expand")
        for row in answer["data"]:
            if rest:
                _expand(desk, row, rest, path)
        return
    if first not in _EXPANDABLE.get(answer.get("object", ""), set()):
        raise StripeProblem(f"This property cannot be expanded ({path}).", param="expand")
    answer[first] = _expanded(desk, answer, first)
    if rest and isinstance(answer[first], dict):
        _expand(desk, answer[first], rest, path)


def _expanded(desk: Desk, answer: Document, name: str) -> Any:
    if name in _INCLUDED:
        return answer.get(name) or _INCLUDED[name](desk, answer)
    value = answer.get(name)
    if not isinstance(value, str):
        return value  # null, or already expanded by an earlier path
    found = desk.store.get(_KIND_BY_PREFIX[value.split("_")[0]], value, desk.scope)
    return value if found is None else public(found)


def _line_items(desk: Desk, session: Document) -> Document:
    stored = desk.find("checkout.session", session["id"])
    return whole_list(stored["_line_items"], f"/v1/checkout/sessions/{session['id']}/line_items")


def _refunds(desk: Desk, charge: Document) -> Document:
    rows = [row for row in desk.store.newest_first("refund", desk.scope) if row["charge"] == charge["id"]]
    return whole_list(rows, f"/v1/charges/{charge['id']}/refunds")


_INCLUDED: dict[str, Callable[[Desk, Document], Document]] = {"line_items": _line_items, "refunds": _refunds}


def whole_list(rows: list[Document], url: str) -> Document:
    return {"object": "list", "data": [public(row) for row in rows], "has_more": False, "url": url}


def page_of(rows: list[Document], params: dict[str, Any], url: str, noun: str) -> Document:
    """One page of `rows` (newest first), as starting_after, ending_before and limit ask. Raises StripeProblem."""
    limit = int(params.get("limit", 10))
    if not 1 <= limit <= 100:
        message = "Invalid limit: must be between 1 and 100."
        raise StripeProblem(message, param="limit", code="parameter_invalid_integer")
    ids = [row["id"] for row in rows]
    for name in ("starting_after", "ending_before"):
        if name in params and params[name] not in ids:
            raise missing_object(noun, params[name], param=name, status=400)
    if "ending_before" in params:
        rows = rows[: ids.index(params["ending_before"])]
        return whole_list(rows[-limit:], url) | {"has_more": len(rows) > limit}
    start = ids.index(params["starting_after"]) + 1 if "starting_after" in params else 0
    return whole_list(rows[start : start + limit], url) | {"has_more": len(rows) > start + limit}


def made_when(rows: list[Document], created: Any, name: str = "created") -> list[Document]:
    """Rows whose `created` (or whatever `name` says) fits a filter such as {"gte": "1700000000"} or "1700000000"."""
    if created is None:
        return rows
    if isinstance(created, str):
        return [row for row in rows if row[name] == int(created)]
    return [row for row in rows if all(_TESTS[test](row[name], int(at)) for test, at in created.items())]


_TESTS: dict[str, Callable[[int, int], bool]] = {
    "gt": int.__gt__, "gte": int.__ge__, "lt": int.__lt__, "lte": int.__le__,
}  # fmt: skip

"""Customers: made, changed, removed."""

from typing import Any

from sandbox.stripe import parameters
from sandbox.stripe.desk import Desk, new_id, now
from sandbox.stripe.events import announce
from sandbox.stripe.store import Document

_TEXTS = ("description", "email", "name", "phone")
_ADDRESS_LINES = ("city", "country", "line1", "line2", "postal_code", "state")


def create(desk: Desk, params: dict[str, Any]) -> Document:
    customer = desk.save({
        "id": new_id("cus"),
        "object": "customer",
        "address": _address(params.get("address")),
        "balance": int(params.get("balance", 0)),
        "created": now(),
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "discount": None,
        "invoice_prefix": new_id("x")[2:10].upper(),
        "invoice_settings": {
            "custom_fields": None, "default_payment_method": None, "footer": None, "rendering_options": None,
        },
        "livemode": desk.scope.livemode,
        "metadata": parameters.check_metadata(params),
        "preferred_locales": params.get("preferred_locales") or [],
        "shipping": None,
        "tax_exempt": params.get("tax_exempt") or "none",
        "test_clock": None,
        **{name: params.get(name) or None for name in _TEXTS},
    })  # fmt: skip
    announce(desk, "customer.created", customer)
    return customer


def update(desk: Desk, params: dict[str, Any], customer_id: str) -> Document:
    customer = desk.find("customer", customer_id)
    changes: Document = {name: params[name] or None for name in _TEXTS if name in params}
    if "address" in params:
        changes["address"] = _address(params["address"])
    if "metadata" in params:
        changes["metadata"] = parameters.merged_metadata(customer, params)
    previous = {name: customer[name] for name, value in changes.items() if customer[name] != value}
    desk.save(customer | changes)
    if previous:
        announce(desk, "customer.updated", customer | changes, previous)
    return customer | changes


def remove(desk: Desk, params: dict[str, Any], customer_id: str) -> Document:
    customer = desk.find("customer", customer_id)
    desk.store.remove("customer", customer_id)
    announce(desk, "customer.deleted", customer)
    return {"id": customer_id, "object": "customer", "deleted": True}


def _address(given: Any) -> Document | None:
    return {line: given.get(line) or None for line in _ADDRESS_LINES} if isinstance(given, dict) else None

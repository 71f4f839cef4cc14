"""Events, and the deliveries they become."""

import time

from sandbox.stripe import rendering
from sandbox.stripe.desk import Desk, new_id, now
from sandbox.stripe.store import Document


def announce(desk: Desk, event_type: str, thing: Document, previous: Document | None = None) -> Document:
    """Make the event and queue it for every endpoint of this account that wants it."""
    endpoints = [
        endpoint for endpoint in desk.store.oldest_first("webhook_endpoint", desk.scope) if wants(endpoint, event_type)
    ]
    content: Document = {"object": rendering.public(thing)}
    if previous:
        content["previous_attributes"] = previous
    event = desk.save({
        "id": new_id("evt"),
        "object": "event",
        "api_version": desk.api_version,
        "created": now(),
        "data": content,
        "livemode": desk.scope.livemode,
        "pending_webhooks": len(endpoints),
        "request": {"id": desk.request_id, "idempotency_key": desk.idempotency_key},
        "type": event_type,
    })  # fmt: skip
    for endpoint in endpoints:
        queue_delivery(desk, event, endpoint)
    return event


def wants(endpoint: Document, event_type: str) -> bool:
    chosen = endpoint["enabled_events"]
    return endpoint["status"] == "enabled" and ("*" in chosen or event_type in chosen)


def queue_delivery(desk: Desk, event: Document, endpoint: Document, trick: Document | None = None) -> Document:
    """Put one delivery in the queue, the way the endpoint's delivery mode says.

    trick  what is wrong with it on purpose: {"age_seconds": n}, {"secret": "whsec_…"}, {"body": "…"}
    """
    mode = desk.store.get("delivery_mode", endpoint["id"]) or {"mode": "now", "seconds": 0}
    delivery = {
        "id": new_id("dlv"),
        "event": event["id"],
        "type": event["type"],
        "endpoint": endpoint["id"],
        "url": endpoint["url"],
        "status": _FIRST_STATUS.get(mode["mode"], "pending"),
        "turn": time.time_ns() * (-1 if mode["mode"] == "reverse" else 1),
        "due_at": time.time() + (mode["seconds"] if mode["mode"] in ("delay", "reverse") else 0),
        "attempts": [],
        "trick": trick or {},
    }
    if trick:  # asked for by hand: nothing holds it back
        delivery |= {"status": "pending", "due_at": time.time()}
    elif mode["mode"] == "reverse":
        _wait_for_the_latest(desk, endpoint["id"], delivery["due_at"])
    elif mode["mode"] in ("twice", "twice_at_once"):
        delivery["alone"] = mode["mode"] == "twice_at_once"  # on threads of their own, so that they race
        desk.store.save("delivery", delivery | {"id": new_id("dlv")}, desk.scope)
    return desk.store.save("delivery", delivery, desk.scope)


_FIRST_STATUS = {"hold": "held", "drop": "dropped"}


def _wait_for_the_latest(desk: Desk, endpoint_id: str, due_at: float) -> None:
    """Reverse order needs the whole batch: every new event makes the earlier ones wait for it."""
    for earlier in desk.store.oldest_first("delivery", desk.scope):
        if earlier["endpoint"] == endpoint_id and earlier["status"] == "pending" and earlier["turn"] < 0:
            desk.store.save("delivery", earlier | {"due_at": due_at}, desk.scope)

"""Controls over webhooks: hold, drop, double, reorder, repeat, forge. JSON under /_control/."""

import time
from typing import Any, TypeVar

from flask import Blueprint, request

from sandbox.stripe import endpoints
from sandbox.stripe.desk import Desk
from sandbox.stripe.errors import StripeProblem
from sandbox.stripe.events import announce, queue_delivery
from sandbox.stripe.rendering import public
from sandbox.stripe.store import Document, Scope
from sandbox.stripe.world import World

MODES = ("now", "hold", "drop", "twice", "twice_at_once", "reverse", "delay")
Answer = TypeVar("Answer")
_TRICKS = ("age_seconds", "secret", "body", "unsigned")


def set_mode(world: World, endpoint_id: str, wish: dict[str, Any]) -> Document:
    """{"mode": one of MODES, "seconds": for delay, and how long reverse gathers a batch (default 1)}"""
    if wish.get("mode") not in MODES:
        raise StripeProblem(f"mode is one of {', '.join(MODES)}", param="mode")
    desk, _ = world.desk_of("webhook_endpoint", endpoint_id, "")
    mode = {"id": endpoint_id, "mode": wish["mode"], "seconds": wish.get("seconds", 1)}
    return world.store.save("delivery_mode", mode, desk.scope)


def release(world: World, wish: dict[str, Any]) -> list[str]:
    """Send what was held. {"endpoint": id, "order": "forward" or "reverse"}; ids of the deliveries, in order."""
    held = [row for row in world.store.oldest_first("delivery") if row["status"] == "held"]
    held = [row for row in held if wish.get("endpoint") in (None, row["endpoint"])]
    if wish.get("order") == "reverse":
        held.reverse()
    for position, delivery in enumerate(held):
        _requeue(world, delivery | {"turn": time.time_ns() + position})
    return [delivery["id"] for delivery in held]


def repeat(world: World, delivery_id: str) -> Document:
    """Queue a delivery once more, whatever became of it."""
    kind = "delivery" if world.store.get("delivery", delivery_id) else "past_delivery"
    desk, delivery = world.desk_of(kind, delivery_id, "")
    endpoint = desk.find("webhook_endpoint", delivery["endpoint"])
    return queue_delivery(desk, desk.find("event", delivery["event"]), endpoint, {"again": True})


def _requeue(world: World, delivery: Document) -> None:
    desk, _ = world.desk_of("delivery", delivery["id"], "")
    world.store.save("delivery", delivery | {"status": "pending", "due_at": time.time()}, desk.scope)


def deliver_event(world: World, event_id: str, wish: dict[str, Any]) -> list[str]:
    """Deliver an event by hand, tricks included; ids of the deliveries.

    {"endpoint": id, also one of another account; without it, all of the event's account,
     "age_seconds": 301, "secret": "whsec_wrong", "unsigned": true, "body": "not what was signed"}
    """
    desk, event = world.desk_of("event", event_id, "")
    trick = {"by_hand": True} | {name: wish[name] for name in _TRICKS if name in wish}
    if "endpoint" in wish:
        desk, endpoint = world.desk_of("webhook_endpoint", wish["endpoint"], "")
        endpoints = [endpoint]
    else:
        endpoints = world.store.oldest_first("webhook_endpoint", desk.scope)
    return [queue_delivery(desk, event, endpoint, trick)["id"] for endpoint in endpoints]


def make_event(world: World, wish: dict[str, Any]) -> Document:
    """An event of any type about anything, as other software on the account might cause.

    {"account", "livemode", "type", "object": {…}, "says_livemode": to lie about the mode}
    """
    if world.store.get("account", wish.get("account", "")) is None:
        raise StripeProblem("account names no account here", param="account")
    desk = Desk(world.store, Scope(wish["account"], wish.get("livemode", False)))
    with world.store.transaction():
        event = announce(desk, wish["type"], wish.get("object", {}))
        if "says_livemode" in wish:
            event = desk.save(event | {"livemode": wish["says_livemode"]})
    return event


def delivery_controls(world: World) -> Blueprint:
    bp = Blueprint("control_delivery", __name__, url_prefix="/_control")

    @bp.post("/endpoints/<endpoint_id>/mode")
    def mode(endpoint_id: str) -> list[Document]:
        """For one endpoint, or for `all`."""
        rows = world.store.oldest_first("webhook_endpoint")
        chosen = [row["id"] for row in rows] if endpoint_id == "all" else [endpoint_id]
        return [set_mode(world, each, _wish()) for each in chosen]

    @bp.get("/deliveries")
    def deliveries() -> dict[str, list[Document]]:
        """Queued ones (pending, held, dropped) and finished ones, oldest first. ?event= and ?endpoint= narrow it."""
        wanted = request.args.to_dict()
        kinds = {"queued": "delivery", "past": "past_delivery"}
        return {
            name: [row for row in world.store.oldest_first(kind) if wanted.items() <= row.items()]
            for name, kind in kinds.items()
        }

    @bp.post("/deliveries/release")
    def release_held() -> list[str]:
        return _woken(world, release(world, _wish()))

    @bp.post("/deliveries/wait")
    def wait() -> dict[str, bool]:
        """Answers when nothing is due any more: {"idle": true}, or false after {"timeout_s": 5}."""
        return {"idle": world.courier.wait_until_idle(_wish().get("timeout_s", 5))}

    @bp.post("/deliveries/<delivery_id>/again")
    def again(delivery_id: str) -> Document:
        return _woken(world, repeat(world, delivery_id))

    @bp.post("/deliveries/retry_delays")
    def retry_delays() -> dict[str, list[float]]:
        """{"seconds": [0.1, 0.2]}: the waits between tries; as many retries as numbers."""
        world.courier.retry_delays_s = [float(wait) for wait in _wish()["seconds"]]
        return {"seconds": world.courier.retry_delays_s}

    return bp


def event_controls(world: World) -> Blueprint:
    bp = Blueprint("control_events", __name__, url_prefix="/_control")

    @bp.post("/endpoints/<endpoint_id>/roll")
    def roll(endpoint_id: str) -> Document:
        """Its secret is another one from now on."""
        desk = world.desk_of("webhook_endpoint", endpoint_id, request.host_url.rstrip("/"))[0]
        with world.store.transaction():
            return public(endpoints.roll(desk, endpoint_id))

    @bp.get("/events")
    def events() -> list[Document]:
        rows = world.store.newest_first("event", _scope_asked())
        return [public(row) for row in rows]

    @bp.post("/events")
    def new_event() -> Document:
        return _woken(world, public(make_event(world, _wish())))

    @bp.post("/events/<event_id>/deliveries")
    def deliver(event_id: str) -> list[str]:
        return _woken(world, deliver_event(world, event_id, _wish()))

    return bp


def _scope_asked() -> Scope | None:
    account = request.args.get("account")
    return Scope(account, request.args.get("livemode") == "true") if account else None


def _woken(world: World, answer: Answer) -> Answer:
    world.courier.wake()
    return answer


def _wish() -> dict[str, Any]:
    return request.get_json(silent=True) or {}

"""The way of every API request: who, what, allowed, well formed, done before? Then the work, then the answer."""

import json
import time
from dataclasses import dataclass, field
from typing import Any

from flask import Response, request

from sandbox.stripe import accounts, faults, rendering
from sandbox.stripe.desk import DEFAULT_API_VERSION, Desk, new_id
from sandbox.stripe.errors import StripeProblem
from sandbox.stripe.forms import decode_form
from sandbox.stripe.idempotency import fingerprint_of
from sandbox.stripe.payments import PaymentDeclined
from sandbox.stripe.routes import Route, find_route
from sandbox.stripe.wire import cut_after, reset_now
from sandbox.stripe.world import World

_CHECKED_AS = {"balance_transaction": "id", "event": "id"}


@dataclass
class Call:
    """One API request on its way."""

    world: World
    method: str
    path: str
    idempotency_key: str | None
    template: str = ""
    account: str | None = None
    request_id: str = field(default_factory=lambda: new_id("req"))
    started_at: float = field(default_factory=time.time)
    params: dict[str, Any] = field(default_factory=dict)


def answer_call(world: World) -> Response:
    key = request.headers.get("Idempotency-Key") if request.method == "POST" else None
    call = Call(world, request.method, request.path, key, template=request.path)
    fault = world.faults.take(call.method, call.path)
    try:
        if fault and fault.kind in ("hang", "reset"):
            return _break_off(world, fault)
        status, body, headers = _work_on(call, fault)
    except StripeProblem as problem:
        status, body, headers = problem.status, problem.body(), {}
    if fault and fault.kind == "late_answer":
        world.courier.wake()
        world.stopping.wait(fault.seconds)
    if fault and fault.kind == "cut_after":
        cut_after(request.environ)
    _note(call, status)
    world.courier.wake()
    return _response(call, status, body, headers)


def _break_off(world: World, fault: faults.Fault) -> Response:
    if fault.kind == "hang":
        world.stopping.wait(fault.seconds)
    reset_now(request.environ)
    return Response(status=500)


def _work_on(call: Call, fault: faults.Fault | None) -> tuple[int, dict[str, Any], dict[str, str]]:
    desk = _desk(call)
    if fault and fault.kind in faults.BEFORE and not fault.stored:
        raise fault.problem()
    route, ids = find_route(call.method, call.path)
    call.template = route.template
    accounts.check_permission(call.world.store, _key(), route.resource, writes=call.method != "GET")
    call.params = decode_form((request.form if call.method == "POST" else request.args).items(multi=True))
    call.world.checker.refuse_wrong(call.method, _template_in_openapi(route), call.params)
    if not call.idempotency_key:
        return 200, _perform(call, desk, route, ids, fault), {}
    return _once_only(call, desk, route, ids, fault)


def _key() -> str:
    return accounts.key_of(request.headers.get("Authorization"))


def _desk(call: Call) -> Desk:
    scope = accounts.scope_of(call.world.store, _key(), request.headers.get("Stripe-Account"))
    call.account = scope.account
    version = request.headers.get("Stripe-Version", DEFAULT_API_VERSION)
    base_url = request.host_url.rstrip("/")
    return Desk(call.world.store, scope, base_url, version, call.request_id, call.idempotency_key)


def _template_in_openapi(route: Route) -> str:
    """Our routes say {id} where it does not matter; the OpenAPI data names each id."""
    name = _CHECKED_AS.get(route.resource, {"webhook": "webhook_endpoint", "payment_intent": "intent"}.get(
        route.resource, route.resource))  # fmt: skip
    return route.template.replace("{id}", f"{{{name}}}")


def _once_only(
    call: Call, desk: Desk, route: Route, ids: list[str], fault: faults.Fault | None
) -> tuple[int, dict[str, Any], dict[str, str]]:
    keys, key = call.world.keys, call.idempotency_key or ""
    fingerprint = fingerprint_of(call.method, call.path, call.params)
    remembered = keys.claim(desk.scope, key, fingerprint)
    if remembered:
        replayed = {"Idempotent-Replayed": "true", "Original-Request": remembered["request_id"]}
        return remembered["status"], remembered["body"], replayed
    try:
        with desk.store.transaction():  # the work and the memory of it stand or fall together
            status, body = _perform_or_explain(call, desk, route, ids, fault)
            answer = {"status": status, "body": body, "request_id": call.request_id}
            keys.remember(desk.scope, key, fingerprint, answer)
    finally:
        keys.release(desk.scope, key)
    return status, body, {}


def _perform_or_explain(
    call: Call, desk: Desk, route: Route, ids: list[str], fault: faults.Fault | None
) -> tuple[int, dict[str, Any]]:
    """The answer to remember; problems that leave the key unused are raised."""
    try:
        return 200, _perform(call, desk, route, ids, fault)
    except StripeProblem as problem:
        if not problem.stored:
            raise
        return problem.status, problem.body()


def _perform(call: Call, desk: Desk, route: Route, ids: list[str], fault: faults.Fault | None) -> dict[str, Any]:
    if fault and fault.kind == "error_500":
        raise fault.problem()
    declined, body = None, {}
    with desk.store.transaction():
        try:
            done = route.action(desk, call.params, *ids)
            body = rendering.with_expansions(desk, done, call.params.get("expand") or [])
        except PaymentDeclined as problem:
            declined = problem  # what was recorded about the try stays
    if declined is not None and not (fault and fault.kind == "error_500_after"):
        raise declined
    if fault and fault.kind == "error_500_after":
        raise fault.problem()
    return body


def _note(call: Call, status: int) -> None:
    call.world.journal.add({
        "method": call.method,
        "path": call.path,
        "template": call.template,
        "status": status,
        "account": call.account,
        "request_id": call.request_id,
        "idempotency_key": call.idempotency_key,
        "stripe_version": request.headers.get("Stripe-Version"),
        "params": call.params,
        "at": call.started_at,
    })  # fmt: skip


def _response(call: Call, status: int, body: dict[str, Any], headers: dict[str, str]) -> Response:
    response = Response(json.dumps(body, indent=2), status, headers, content_type="application/json")
    response.headers["Request-Id"] = call.request_id
    response.headers["Stripe-Version"] = request.headers.get("Stripe-Version", DEFAULT_API_VERSION)
    if call.idempotency_key:
        response.headers["Idempotency-Key"] = call.idempotency_key
    return response

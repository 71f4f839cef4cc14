"""The door of the API: who asks, for which organisation, within which limits; then the call itself."""

from collections.abc import Callable
from dataclasses import dataclass, field

from flask import Request, Response, request
from werkzeug.datastructures import MultiDict
from werkzeug.routing import Map

from . import errors, limits, registry, scopes, tokens
from .faults import Faults, answer_with
from .ledger import Ledger
from .limits import Meter
from .registry import Call, Operation
from .request_log import RequestLog
from .store import Store
from .tokens import Throttle
from .wire import Answer, Record, read_body, refuse, respond

ORGANISATION_HEADER = "X-com-zoho-invoice-organizationid"
ORGANISATION_STATE = {"trial_over", "unfinished", "inactive"}


@dataclass
class StandIn:
    """One stand-in: its records and the switches that tests turn."""

    store: Store
    paths: Map
    meter: Meter = field(default_factory=Meter)
    faults: Faults = field(default_factory=Faults)
    log: RequestLog = field(default_factory=RequestLog)
    throttle: Throttle = field(default_factory=Throttle)


def watched(stand_in: StandIn, *, dc: str, org: str, act: Callable[[], Response]) -> Response:
    """Do a call with its entry in the log and its planned fault, if there is one."""
    entry = stand_in.log.begin(method=request.method, path=request.path,
                               query=request.query_string.decode(), org=org, dc=dc)  # fmt: skip
    fault = stand_in.faults.take(request.method, request.path, org)
    response = answer_with(fault, act)
    code = response.get_json(silent=True) if response.is_json else None
    stand_in.log.end(entry, response.status_code, code.get("code") if isinstance(code, dict) else None)
    return response


def answer_api_call(stand_in: StandIn, dc: str, product: str, rest: str) -> Response:
    org = asked_organisation(request, rest)
    response = watched(stand_in, dc=dc, org=org, act=lambda: _answer(stand_in, dc, product, "/" + rest, org))
    response.headers["cache-control"] = "no-store, no-cache, must-revalidate"
    response.headers["content-disposition"] = "attachment;"
    return response


def asked_organisation(asked: Request, rest: str) -> str:
    """By query, by Invoice's header, or in the path of a call about one organisation."""
    parts = rest.split("/")
    if parts[0] == "organizations" and len(parts) > 1 and parts[1].isdigit():
        return parts[1]
    return asked.args.get("organization_id") or asked.headers.get(ORGANISATION_HEADER, "")


def _answer(stand_in: StandIn, dc: str, product: str, path: str, org: str) -> Response:
    try:
        grant = _identify(stand_in.store, dc)
        operation, arguments = registry.match(stand_in.paths, request.method, path)
        _check_scope(grant, product, operation)
        call = _open_call(stand_in.store, dc, product, grant)
        if operation.without_organisation:
            return respond(run(call, operation, arguments))
        call.ledger = _enter(call, org)
        return _metered(stand_in, call, operation, arguments)
    except errors.Refusal as refusal:
        return refuse(refusal)


def _metered(stand_in: StandIn, call: Call, operation: Operation, arguments: Record) -> Response:
    try:
        with stand_in.meter.admit(call.books):
            with call.store.transaction():
                limits.count_today(call.books)
            _check_usable(call, operation)
            response = respond(run(call, operation, arguments))
    except errors.Refusal as refusal:
        response = refuse(refusal)
    response.headers.update(limits.headers(call.books))
    return response


def run(call: Call, operation: Operation, arguments: Record) -> Answer:
    """Do one operation: everything or nothing."""
    with call.store.transaction():
        return operation.act(call, **arguments)


def _identify(store: Store, dc: str) -> Record:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind not in ("Zoho-oauthtoken", "Bearer") or not token:
        raise errors.no_credentials()
    grant = tokens.live_access_token(store, token.strip(), dc)
    if grant is None:
        raise errors.not_authorised()
    return grant


def _check_scope(grant: Record, product: str, operation: Operation) -> None:
    if operation.books_only and product != "books":
        raise errors.method_not_allowed(operation.method)
    if not scopes.covers(grant["scope"], product, operation.scope):
        raise errors.not_authorised()


def _open_call(store: Store, dc: str, product: str, grant: Record) -> Call:
    body = read_body(request) if request.method in ("POST", "PUT") else {}
    query = MultiDict(request.args.items(multi=True))
    user = store.peek("", "users", grant["user_id"]) or {}
    files = {name: (sent.filename or "", sent.read()) for name, sent in request.files.items()}
    return Call(store, dc, product, query, body, request.headers, files, user)


def _enter(call: Call, org: str) -> Ledger:
    organization = call.store.peek("", "organizations", org)
    if organization is None or org not in call.user["organizations"] or organization["dc"] != call.dc:
        raise errors.not_your_organisation(org)
    return Ledger(call.store, organization, call.product)


def _check_usable(call: Call, operation: Operation) -> None:
    """An organisation without this product, set-up or paid plan answers 6018; its own page stays readable."""
    if operation.path.startswith("/organizations"):
        return
    joined = set(call.books.organization["listed"]["org_joined_app_list"])
    enough = {"books"} if call.product == "books" else {"books", "invoice"}
    if call.books.settings.get("state") in ORGANISATION_STATE or not joined & enough:
        raise errors.account_disabled()

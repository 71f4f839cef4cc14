"""The strings behind the stage, for tests and demos: /_control/… in JSON. Zoho has nothing like it."""

from typing import Any

from flask import Blueprint, Response, request
from werkzeug.datastructures import MultiDict

from . import errors, registry, scopes, tokens
from .books.new_organisation import admit_user, open_organisation, user_record
from .gate import StandIn, run
from .ledger import Ledger
from .oauth import stand_in
from .registry import Call
from .store import Store
from .wire import Record, dump, parse

bp = Blueprint("control", __name__, url_prefix="/_control")
FULL = ["ZohoBooks.fullaccess.all", "ZohoInvoice.fullaccess.all"]


@bp.errorhandler(errors.Refusal)
def refuse(refusal: errors.Refusal) -> Response:
    return _json({"code": refusal.code, "message": refusal.message}, refusal.status)


@bp.post("/orgs")
def create_org() -> Response:
    """{user, dc, name, …}: see open_organisation. `user` is an e-mail address; a new one is made when unknown."""
    wanted, store = _body(), stand_in().store
    dc = wanted.get("dc", "eu")
    with store.transaction():
        user = _user(store, wanted["user"], dc) or _add_user(store, wanted["user"], dc)
        books = open_organisation(store, dc=dc, wanted=wanted)
        admit_user(store, user["user_id"], books.id)
    return _json({"organization_id": books.id, "user_id": user["user_id"], "dc": dc}, 201)


@bp.get("/orgs")
def list_orgs() -> Response:
    return _json({"organizations": stand_in().store.all("", "organizations")})


@bp.post("/users")
def create_user() -> Response:
    """{email, dc}"""
    wanted, store = _body(), stand_in().store
    with store.transaction():
        user = _user(store, wanted["email"], wanted["dc"]) or _add_user(store, wanted["email"], wanted["dc"])
    return _json(user, 201)


@bp.post("/clients")
def create_client() -> Response:
    """{client_id, client_secret, redirect_uris: [], multi_dc, dc}"""
    usual: Record = {"redirect_uris": [], "multi_dc": True, "dc": "us", "name": "Client"}
    client, store = usual | _body(), stand_in().store
    with store.transaction():
        store.put("", "clients", client["client_id"], client)
    return _json(client, 201)


@bp.get("/orgs/<organization_id>/records")
def list_records(organization_id: str) -> Response:
    """?module=invoices, or every module; the documents as they are stored."""
    books = _books(stand_in(), organization_id)
    from_all = ("contacts", "items", "invoices", "customerpayments", "creditnotes", "taxes", "currencies",
                "applications", "paymentrefunds", "creditnoterefunds", "customfields")  # fmt: skip
    asked = [request.args["module"]] if "module" in request.args else list(from_all)
    return _json({module: books.all(module) for module in asked})


@bp.post("/orgs/<organization_id>/settings")
def change_settings(organization_id: str) -> Response:
    """Any of state, sales_tax, auto_number, tax_rounding, rounding_type, rounding_increment, locked_until (a day),
    stopped_at (a stamp: the clock stands there; "" and it goes on); `listed` too."""
    wanted, store = _body(), stand_in().store
    with store.transaction():
        organization = _organization(store, organization_id)
        organization["listed"] |= wanted.pop("listed", {})
        organization["settings"] |= wanted
        store.put("", "organizations", organization_id, organization)
    return _json(organization["settings"])


@bp.post("/orgs/<organization_id>/customfields")
def add_custom_field(organization_id: str) -> Response:
    """{entity: invoices, label, api_name, is_unique}: what an administrator does in Zoho's settings."""
    usual = {"data_type": "string", "is_unique": False, "index": 1}
    books = _books(stand_in(), organization_id)
    with books.store.transaction():
        added = books.add("customfields", usual | _body())
    return _json(added, 201)


@bp.post("/orgs/<organization_id>/act")
def act_as_bookkeeper(organization_id: str) -> Response:
    """{do: "PUT /contacts/123", body, query, product}: as a person in Zoho's own pages, outside every limit."""
    wanted, here = _body(), stand_in()
    method, path = wanted["do"].split(" ")
    operation, arguments = registry.match(here.paths, method, path)
    product = wanted.get("product", "books")
    organization = _organization(here.store, organization_id)
    call = Call(here.store, organization["dc"], product, MultiDict(wanted.get("query", {})), wanted.get("body", {}),
                ledger=Ledger(here.store, organization, product))  # fmt: skip
    answer = run(call, operation, arguments)
    return _json({"code": 0, "message": answer.message, **answer.payload}, answer.status)


@bp.post("/orgs/<organization_id>/invoices/<invoice_id>/viewed")
def mark_viewed(organization_id: str, invoice_id: str) -> Response:
    """The customer opened the invoice's page."""
    books = _books(stand_in(), organization_id)
    with books.store.transaction():
        invoice = books.take("invoices", invoice_id) | {"is_viewed_by_client": True, "stage": "viewed"}
        if invoice["status"] == "sent":
            invoice["status"] = "viewed"
        books.keep("invoices", invoice)
    return _json({"status": invoice["status"]})


@bp.post("/tokens")
def issue_tokens() -> Response:
    """{user, dc, client_id, scope}: a refresh and an access token without the consent page."""
    wanted, store = _body(), stand_in().store
    user = _user(store, wanted["user"], wanted.get("dc", ""))
    if user is None:
        raise errors.gone("User")
    asked = scopes.parse(wanted["scope"]) if wanted.get("scope") else FULL
    client_id = wanted.get("client_id", "1000.PORTALDEMO")
    grant = {"client_id": client_id, "user_id": user["user_id"], "dc": user["dc"], "scope": asked}
    with store.transaction():
        grant["refresh_token"] = tokens.issue_refresh_token(store, **grant)
        access_token = tokens.issue_access_token(store, grant)
    dc = user["dc"]
    base = request.host_url.rstrip("/")
    return _json({"refresh_token": grant["refresh_token"], "access_token": access_token, "location": dc,
                  "scope": " ".join(asked or []), "expires_in": tokens.ACCESS_S,
                  "api_domain": f"{base}/{dc}/api", "accounts_server": f"{base}/{dc}/accounts"}, 201)  # fmt: skip


@bp.post("/tokens/expire")
def expire_tokens() -> Response:
    """{user, dc}, or nothing for everybody: access tokens end now, refresh tokens stay."""
    wanted, store = _body(), stand_in().store
    user = _user(store, wanted["user"], wanted.get("dc", "")) if "user" in wanted else None
    with store.transaction():
        ended = tokens.expire_access_tokens(store, user["user_id"] if user else None)
    return _json({"expired": ended})


@bp.post("/tokens/revoke")
def revoke_token() -> Response:
    """{refresh_token}: the user withdraws the consent in Zoho."""
    store = stand_in().store
    with store.transaction():
        return _json({"revoked": tokens.revoke(store, _body()["refresh_token"])})


@bp.post("/limits")
def set_limits() -> Response:
    """{org, per_minute, per_day, concurrency}, null switches one off; {token_requests: N | null} for the throttle."""
    wanted, here = _body(), stand_in()
    if "token_requests" in wanted:
        here.throttle.reset(wanted.pop("token_requests"))
    if "org" not in wanted:
        return _json({})
    organization_id = str(wanted.pop("org"))
    with here.store.transaction():
        organization = _organization(here.store, organization_id)
        organization["settings"]["limits"] |= wanted
        here.store.put("", "organizations", organization_id, organization)
        here.store.remove("", "usage", organization_id)
    here.meter.forget(organization_id)
    return _json(organization["settings"]["limits"])


@bp.get("/requests")
def list_requests() -> Response:
    """?org=…: every call with method, path, query, org, dc, status, code, at, monotonic, seconds."""
    return _json({"requests": stand_in().log.entries(request.args.get("org"))})


@bp.delete("/requests")
def clear_requests() -> Response:
    stand_in().log.clear()
    return _json({})


@bp.route("/faults", methods=["GET", "POST", "DELETE"])
def faults() -> Response:
    """POST {match: {method, path_contains, org}, kind, times, …}; GET lists those not used up; DELETE clears."""
    here = stand_in()
    if request.method == "POST":
        return _json(here.faults.plan(_body()), 201)
    if request.method == "DELETE":
        here.faults.clear()
    return _json({"faults": here.faults.waiting()})


def _body() -> Record:
    text = request.get_data(as_text=True)
    body: Record = parse(text) if text.strip() else {}
    return body


def _json(value: Any, status: int = 200) -> Response:
    return Response(dump(value), status=status, content_type="application/json")


def _user(store: Store, name: str, dc: str) -> Record | None:
    """By user id, or by e-mail address (of the data centre when one is given)."""
    for user in store.all("", "users"):
        if name == user["user_id"] or (name == user["email"] and dc in ("", user["dc"])):
            return user
    return None


def _add_user(store: Store, email: str, dc: str) -> Record:
    user = user_record(email=email, dc=dc)
    store.put("", "users", user["user_id"], user)
    return user


def _organization(store: Store, organization_id: str) -> Record:
    organization = store.get("", "organizations", organization_id)
    if organization is None:
        raise errors.gone("Organization")
    return organization


def _books(here: StandIn, organization_id: str) -> Ledger:
    return Ledger(here.store, _organization(here.store, organization_id))

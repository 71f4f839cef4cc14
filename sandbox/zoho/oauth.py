"""Zoho Accounts: the consent page, tokens, revocation, the list of data centres."""

import base64
import binascii
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, current_app, jsonify, redirect, render_template, request

from . import scopes, tokens
from .gate import StandIn, watched
from .store import Store
from .tokens import OAuthError
from .wire import Record

LOCATIONS = ("us", "eu", "in", "au", "jp", "ca", "sa", "uk")
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
bp = Blueprint("accounts", __name__)


def stand_in() -> StandIn:
    found: StandIn = current_app.extensions["zoho"]
    return found


def base() -> str:
    return request.host_url.rstrip("/")


@bp.get("/us/accounts/oauth/serverinfo")
def server_info() -> Response:
    return jsonify({"result": "success", "locations": {dc: f"{base()}/{dc}/accounts" for dc in LOCATIONS}})


@bp.get("/<dc>/accounts/oauth/v2/auth")
def show_consent(dc: str) -> Response | tuple[str, int]:
    problem = _consent_problem(stand_in().store)
    if problem:
        return render_template("refused.html", problem=problem), 400
    users = stand_in().store.all("", "users")
    asked = scopes.parse(request.args["scope"]) or []
    client = stand_in().store.peek("", "clients", request.args["client_id"])
    return Response(render_template("consent.html", users=users, scopes=asked, dc=dc, client=client))


@bp.post("/<dc>/accounts/oauth/v2/auth")
def decide_consent(dc: str) -> Response | tuple[str, int]:
    """Accept or reject; a user of another data centre is sent to their own first."""
    store = stand_in().store
    user = store.peek("", "users", request.form.get("user_id", ""))
    problem = _consent_problem(store) or ("Unknown user" if user is None else "")
    if problem or user is None:
        return render_template("refused.html", problem=problem), 400
    if user["dc"] != dc:
        there = f"{base()}/{user['dc']}/accounts/oauth/v2/auth?{request.query_string.decode()}"
        return redirect(there, 307)  # type: ignore[return-value]
    answer = _accepted(store, user, dc) if request.form.get("decision") == "accept" else {"error": "access_denied"}
    state = {"state": request.args["state"]} if "state" in request.args else {}
    target = request.args["redirect_uri"]
    joint = "&" if "?" in target else "?"
    return redirect(target + joint + urlencode(state | answer), 302)  # type: ignore[return-value]


@bp.route("/<dc>/accounts/oauth/v2/token", methods=["GET", "POST"])
def token(dc: str) -> Response:
    return watched(stand_in(), dc=dc, org="", act=lambda: _token(dc))


@bp.post("/<dc>/accounts/oauth/v2/token/revoke")
def revoke(dc: str) -> Response:
    return watched(stand_in(), dc=dc, org="", act=_revoke)


@bp.post("/<dc>/accounts/oauth/v2/revoke/token")
def revoke_as_client(dc: str) -> Response:
    """The Accounts page's form: Basic credentials of the client."""
    if not _basic_credentials_fit(stand_in().store):
        return jsonify({"error": "invalid_client"})
    return watched(stand_in(), dc=dc, org="", act=_revoke)


def _consent_problem(store: Store) -> str:
    client = store.peek("", "clients", request.args.get("client_id", ""))
    if client is None:
        return "ERROR_invalid_client"
    if request.args.get("response_type") != "code":
        return "ERROR_invalid_response_type"
    if not _redirect_allowed(client, request.args.get("redirect_uri", "")):
        return "ERROR_invalid_redirect_uri"
    if scopes.parse(request.args.get("scope", "")) is None:
        return "ERROR_invalid_scope: scopes are separated by commas"
    return ""


def _redirect_allowed(client: Record, redirect_uri: str) -> bool:
    """Registered addresses only; a client without any may use every loopback address."""
    if client["redirect_uris"]:
        return redirect_uri in client["redirect_uris"]
    return urlsplit(redirect_uri).hostname in LOOPBACK


def _accepted(store: Store, user: Record, dc: str) -> Record:
    client_id = request.args["client_id"]
    consented = any(row["client_id"] == client_id and row["user_id"] == user["user_id"]
                    for row in store.all("", tokens.REFRESH))  # fmt: skip
    forced = "consent" in request.args.get("prompt", "")
    asked = {"redirect_uri": request.args["redirect_uri"],
             "offline": request.args.get("access_type") == "offline" and (forced or not consented)}  # fmt: skip
    with store.transaction():
        code = tokens.issue_code(store, client_id=client_id, user=user,
                                 scope=scopes.parse(request.args["scope"]) or [], asked=asked)  # fmt: skip
    return {"code": code, "location": dc, "accounts-server": f"{base()}/{dc}/accounts"}


def _token(dc: str) -> Response:
    if request.method != "POST" or "grant_type" not in request.values:
        return Response("", status=400)
    store = stand_in().store
    try:
        with store.transaction():
            client = _client(store, dc)
            grant = _grant(store, client, dc)
            counted = grant.get("refresh_token") or f"{client['client_id']} {grant['user_id']}"
            if not stand_in().throttle.allows(counted):
                raise OAuthError("throttled")
            return jsonify(_tokens(store, grant, dc))
    except OAuthError as problem:
        return _token_refusal(str(problem))


def _client(store: Store, dc: str) -> Record:
    client = store.peek("", "clients", request.values.get("client_id", ""))
    if client is None or (client["dc"] != dc and not client["multi_dc"]):
        raise OAuthError("invalid_client")
    if client["client_secret"] != request.values.get("client_secret"):
        raise OAuthError("invalid_client_secret")
    return client


def _grant(store: Store, client: Record, dc: str) -> Record:
    if request.values["grant_type"] == "authorization_code":
        return tokens.redeem_code(store, request.values.get("code", ""), client_id=client["client_id"], dc=dc,
                                  redirect_uri=request.values.get("redirect_uri", ""))  # fmt: skip
    if request.values["grant_type"] != "refresh_token":
        raise OAuthError("unsupported_grant_type")
    found = store.peek("", tokens.REFRESH, request.values.get("refresh_token", ""))
    if found is None or found["client_id"] != client["client_id"] or found["dc"] != dc:
        raise OAuthError("invalid_code")
    return found


def _tokens(store: Store, grant: Record, dc: str) -> Record:
    """The answer of a success; a refresh gives no new refresh token."""
    answer = {"scope": " ".join(grant["scope"]), "api_domain": f"{base()}/{dc}/api", "token_type": "Bearer",
              "expires_in": tokens.ACCESS_S}  # fmt: skip
    if grant.get("offline"):
        fresh = tokens.issue_refresh_token(store, client_id=grant["client_id"], user_id=grant["user_id"], dc=dc,
                                           scope=grant["scope"])  # fmt: skip
        answer["refresh_token"] = fresh
        grant = grant | {"refresh_token": fresh}
    return {"access_token": tokens.issue_access_token(store, grant), **answer}


def _token_refusal(problem: str) -> Response:
    """Most refusals are HTTP 200; the throttle is a 400."""
    if problem != "throttled":
        return jsonify({"error": problem})
    body = {"error_description": "You have made too many requests continuously. Please try again after some time.",
            "error": "Access Denied", "status": "failure"}  # fmt: skip
    response = jsonify(body)
    response.status_code = 400
    return response


def _revoke() -> Response:
    store = stand_in().store
    with store.transaction():
        known = tokens.revoke(store, request.values.get("token", ""))
    if known:
        return jsonify({"status": "success"})
    response = jsonify({"error": "invalid_code"})
    response.status_code = 400
    return response


def _basic_credentials_fit(store: Store) -> bool:
    kind, _, encoded = request.headers.get("Authorization", "").partition(" ")
    try:
        client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return False
    client = store.peek("", "clients", client_id)
    return kind == "Basic" and client is not None and client["client_secret"] == secret

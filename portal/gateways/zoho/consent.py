"""OAuth with Zoho's accounts servers: asking for consent, tokens, giving them back. A 200 can be a failure."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import requests

from portal.gateways.errors import GatewayError
from portal.gateways.zoho.calls import PRODUCTS, not_delivered
from portal.gateways.zoho.data_centres import DataCentre
from portal.gateways.zoho.errors import ConsentLost, Misconfigured, Throttled, Unanswered

_PATIENCE_S = (3, 8)  # people wait for these, and the refresh holds a row lock
_THROTTLE_S = 600

_RIGHTS = {
    "settings": ("CREATE", "READ", "UPDATE"),
    "contacts": ("CREATE", "READ", "UPDATE"),
    "invoices": ("CREATE", "READ", "UPDATE", "DELETE"),
    "customerpayments": ("CREATE", "READ", "UPDATE", "DELETE"),
    "creditnotes": ("CREATE", "READ", "UPDATE"),
}


@dataclass(frozen=True)
class Client:
    """This installation, as Zoho's API console knows it."""

    id: str
    secret: str
    redirect_uri: str


@dataclass(frozen=True)
class Tokens:
    access: str
    refresh: str  # empty when refreshed: the old one goes on
    scope: str
    lives_s: int


def scopes() -> str:
    """Both products at once, because the person chooses the organisation afterwards. Zoho wants commas."""
    return ",".join(
        f"{product.scope_prefix}.{name}.{right}"
        for product in PRODUCTS.values() for name, rights in _RIGHTS.items() for right in rights
    )  # fmt: skip


def consent_url(centre: DataCentre, client: Client, state: str) -> str:
    """Where the browser goes to be asked. `offline` and `consent` make sure that a refresh token comes back."""
    return f"{centre.accounts}/oauth/v2/auth?" + urlencode({
        "response_type": "code", "client_id": client.id, "scope": scopes(), "redirect_uri": client.redirect_uri,
        "access_type": "offline", "prompt": "consent", "state": state,
    })  # fmt: skip


def exchange_code(centre: DataCentre, client: Client, code: str) -> Tokens:
    """Tokens for the code of a callback; it lives a minute and works once."""
    tokens = _ask(centre, client, grant_type="authorization_code", code=code, redirect_uri=client.redirect_uri)
    if not tokens.refresh:
        raise Misconfigured("no refresh token")
    return tokens


def refresh(centre: DataCentre, client: Client, refresh_token: str) -> Tokens:
    """A fresh access token. Raises ConsentLost, Throttled, Misconfigured, Unreachable, Unanswered."""
    return _ask(centre, client, grant_type="refresh_token", refresh_token=refresh_token)


def revoke(centre: DataCentre, refresh_token: str) -> None:
    """Give the consent back; its access tokens die with it."""
    _post(f"{centre.accounts}/oauth/v2/token/revoke", {"token": refresh_token})


def _ask(centre: DataCentre, client: Client, **grant: str) -> Tokens:
    form = {"client_id": client.id, "client_secret": client.secret} | grant
    response = _post(f"{centre.accounts}/oauth/v2/token", form)
    try:
        body: dict[str, Any] = response.json()
        if "error" not in body:
            return _tokens(body)
        problem = str(body["error"])
    except (ValueError, KeyError, TypeError) as wrong:
        raise Unanswered(f"HTTP {response.status_code} from the accounts server") from wrong
    raise _token_error(problem)


def _tokens(body: dict[str, Any]) -> Tokens:
    """`api_domain` is left unread: the data centre's own entry in our table says where to call."""
    return Tokens(
        access=str(body["access_token"]), refresh=str(body.get("refresh_token", "")),
        scope=str(body.get("scope", "")), lives_s=int(body.get("expires_in", 3600)),
    )  # fmt: skip


def _token_error(problem: str) -> GatewayError:
    if problem == "Access Denied":
        return Throttled(
            "Zoho gives ten tokens within ten minutes at most, and these are used up.", _THROTTLE_S, problem
        )
    if problem in ("invalid_code", "invalid_grant"):
        return ConsentLost()
    return Misconfigured(problem)


def _post(url: str, form: dict[str, str]) -> requests.Response:
    """As a form body, never in the address, so that secrets stay out of logs."""
    try:
        return requests.post(url, data=form, timeout=_PATIENCE_S, allow_redirects=False)
    except requests.RequestException as problem:
        raise not_delivered(problem) from problem

"""Accounts and their keys: who is asking, in which mode, and what the key may do."""

import re
import time
from typing import Any

from sandbox.stripe.errors import StripeProblem
from sandbox.stripe.store import Document, Scope, Store

DEFAULT_ACCOUNTS: list[dict[str, Any]] = [
    {"id": "acct_northgate", "name": "Northgate Heating", "country": "GB", "currency": "gbp"},
    {"id": "acct_lakeside", "name": "Lakeside Air & Electric", "country": "US", "currency": "usd"},
]
_KEY = re.compile(r"^(sk|rk)_(test|live)_\w+$")


def seed_accounts(store: Store) -> None:
    for account in DEFAULT_ACCOUNTS:
        if store.get("account", account["id"]) is None:
            word = account["id"].removeprefix("acct_")
            open_account(store, **account, keys=[{"key": f"rk_test_{word}"}, {"key": f"sk_test_{word}"}])


def open_account(
    store: Store,
    *,
    id: str,
    name: str,
    country: str = "GB",
    currency: str = "gbp",
    livemode: bool = False,
    keys: list[dict[str, Any]] | None = None,
    switched_off: list[str] | None = None,
) -> Document:
    """Create or replace an account and add its keys.

    switched_off  payment methods that nobody has activated in the dashboard
    keys  each {"key": "rk_test_…", "missing": ["refunds:write", …]}; without any, one restricted key is made
    """
    word = id.removeprefix("acct_")
    keys = keys or [{"key": f"rk_{'live' if livemode else 'test'}_{word}"}]
    account = {
        "id": id, "name": name, "country": country, "currency": currency, "created": int(time.time()),
        "switched_off": switched_off or [],
    }  # fmt: skip
    with store.transaction():
        store.save("account", account, Scope(id))
        for key in keys:
            _add_key(store, id, key["key"], key.get("missing", []))
    return account | {"keys": [key["key"] for key in keys]}


def _add_key(store: Store, account_id: str, key: str, missing: list[str]) -> None:
    if not _KEY.match(key):
        raise StripeProblem(f"A key looks like rk_test_… or sk_live_…, not {key!r}")
    scope = Scope(account_id, "_live_" in key)
    store.save("key", {"id": key, "account": account_id, "missing": missing}, scope)


def key_of(authorization: str | None) -> str:
    """The key in a Bearer or (as curl -u sends it) Basic header. Raises StripeProblem without one."""
    scheme, _, value = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not value.strip():
        raise StripeProblem("You did not provide an API key.", status=401, stored=False)
    return value.strip()


def scope_of(store: Store, key: str, stripe_account: str | None) -> Scope:
    """Whose objects this key sees. Raises StripeProblem 401 for an unknown key, 403 for somebody else's account."""
    found = store.get_with_scope("key", key)
    if found is None:
        raise StripeProblem(f"Invalid API Key provided: {mask(key)}", status=401, stored=False)
    scope = found[1]
    if stripe_account in (None, "", scope.account):
        return scope
    message = (
        f"The provided key '{mask(key)}' does not have access to account '{stripe_account}' "
        "(or that account does not exist). Application access may have been revoked."
    )
    raise StripeProblem(message, status=403, code="account_invalid", stored=False)


def check_permission(store: Store, key: str, resource: str, *, writes: bool) -> None:
    """Raise StripeProblem 403 when the restricted key lacks the right."""
    found = store.get("key", key)
    lacks = set(found["missing"]) if found else set()
    right = "write" if writes else "read"
    if lacks & {f"{resource}:{right}", f"{resource}:read"}:
        message = (
            f"The provided key '{mask(key)}' does not have the required permissions for this endpoint. "
            f"Having the 'rak_{resource}_{right}' permission would allow this request to continue."
        )
        raise StripeProblem(message, status=403, stored=False)


def mask(key: str) -> str:
    return f"{key[:8]}{'*' * 8}{key[-4:]}" if len(key) > 12 else "*" * 8


def account_object(account: Document) -> Document:
    """The account as `GET /v1/account` answers it."""
    return {
        "id": account["id"],
        "object": "account",
        "business_profile": {"name": account["name"], "mcc": "1711", "url": None, "support_email": None},
        "business_type": "company",
        "capabilities": {"card_payments": "active", "transfers": "active"},
        "charges_enabled": True,
        "controller": {"type": "account"},
        "country": account["country"],
        "created": account["created"],
        "default_currency": account["currency"],
        "details_submitted": True,
        "email": f"office@{account['id'].removeprefix('acct_').replace('_', '-')}.example",
        "payouts_enabled": True,
        "settings": {
            "branding": {"icon": None, "logo": None, "primary_color": None, "secondary_color": None},
            "card_payments": {"statement_descriptor_prefix": None},
            "dashboard": {"display_name": account["name"], "timezone": "Etc/UTC"},
            "payments": {"statement_descriptor": None},
        },
        "type": "standard",
    }

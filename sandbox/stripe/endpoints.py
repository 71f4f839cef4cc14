"""Webhook endpoints: where events go."""

import secrets
from typing import Any

from sandbox.stripe import parameters
from sandbox.stripe.desk import Desk, new_id, now
from sandbox.stripe.errors import StripeProblem
from sandbox.stripe.store import Document

_MOST_ENDPOINTS = 16


def create(desk: Desk, params: dict[str, Any]) -> Document:
    """A new endpoint. Only this answer shows its secret."""
    if len(desk.store.oldest_first("webhook_endpoint", desk.scope)) >= _MOST_ENDPOINTS:
        raise StripeProblem(f"You have reached the maximum of {_MOST_ENDPOINTS} test webhook endpoints.")
    secret = f"whsec_{secrets.token_urlsafe(24)}"
    endpoint = desk.save({
        "id": new_id("we"),
        "object": "webhook_endpoint",
        "api_version": params.get("api_version") or None,
        "application": None,
        "created": now(),
        "description": params.get("description") or None,
        "enabled_events": params["enabled_events"],
        "livemode": desk.scope.livemode,
        "metadata": parameters.check_metadata(params),
        "status": "enabled",
        "url": _checked_url(desk, params["url"]),
        "_secret": secret,
    })  # fmt: skip
    return endpoint | {"secret": secret}


def update(desk: Desk, params: dict[str, Any], endpoint_id: str) -> Document:
    endpoint = desk.find("webhook_endpoint", endpoint_id)
    for name in ("description", "enabled_events"):
        if name in params:
            endpoint[name] = params[name] or None
    if "url" in params:
        endpoint["url"] = _checked_url(desk, params["url"])
    if "disabled" in params:
        endpoint["status"] = "disabled" if params["disabled"] == "true" else "enabled"
    if "metadata" in params:
        endpoint["metadata"] = parameters.merged_metadata(endpoint, params)
    return desk.save(endpoint)


def remove(desk: Desk, params: dict[str, Any], endpoint_id: str) -> Document:
    desk.find("webhook_endpoint", endpoint_id)
    desk.store.remove("webhook_endpoint", endpoint_id)
    return {"id": endpoint_id, "object": "webhook_endpoint", "deleted": True}


def roll(desk: Desk, endpoint_id: str) -> Document:
    """Another secret, as the dashboard's button makes it, the old one over at once; only the dashboard shows it."""
    endpoint = desk.find("webhook_endpoint", endpoint_id)
    return desk.save(endpoint | {"_secret": f"whsec_{secrets.token_urlsafe(24)}"})


def _checked_url(desk: Desk, url: str) -> str:
    """The real service refuses addresses of one's own machine; the stand-in lives on it, so it takes them."""
    if not url.startswith(("http://", "https://")):
        raise StripeProblem("Invalid URL: An explicit scheme (such as https) must be provided.", code="url_invalid",
                            param="url")  # fmt: skip
    if desk.scope.livemode and url.startswith("http://") and "//127.0.0.1" not in url:
        raise StripeProblem("Invalid URL: live mode needs https.", code="url_invalid", param="url")
    return url

"""Proof that a form came from our own page.

Signed-in forms carry a token bound to the sign-in session; forms before sign-in one bound to a random cookie. Each page
shows the token under a fresh mask, so that compressing the page tells nothing about it.
"""

import base64
import hashlib
import hmac
import os
from typing import TypeVar

from flask import Flask, Response, current_app, g, request

from portal.shared.errors import RuleBroken

COOKIE = "portal_form"
F = TypeVar("F")
_SAFE = ("GET", "HEAD", "OPTIONS")


class ForgedForm(RuleBroken):
    """The form's proof is missing, old, or somebody else's."""


def install(app: Flask) -> None:
    app.jinja_env.globals["csrf_token"] = csrf_token
    app.after_request(_set_cookie)


def exempt(view: F) -> F:
    """For routes that prove themselves another way: a signature, or the secret in the link."""
    view.csrf_exempt = True  # type: ignore[attr-defined]
    return view


def check(binding: str | None) -> None:
    """Raises ForgedForm unless the request is a safe one or proves where it came from.

    binding  the sign-in session's own id, or None before sign-in
    """
    g.csrf_binding = binding or request.cookies.get(COOKIE) or ""
    if request.method in _SAFE:
        return
    view = current_app.view_functions.get(request.endpoint or "")
    if getattr(view, "csrf_exempt", False):
        return
    sent = request.headers.get("X-CSRF-Token") or request.form.get("csrf_token", "")
    if not g.csrf_binding or not comes_from_us() or not hmac.compare_digest(_unmask(sent), _token(g.csrf_binding)):
        raise ForgedForm(
            "This page was open for too long, or the sign-in has changed. Go back, reload the page, and send it again."
        )


def comes_from_us() -> bool:
    """False when the browser says that another site sent this request."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = request.headers.get("Origin")
    # Compared as text: what comes in this header may be no address at all, and parsing would then fail.
    return origin is None or origin.partition("://")[2] == request.host


def csrf_token() -> str:
    """The token for this page's forms, masked afresh."""
    if not g.get("csrf_binding"):
        g.csrf_binding = g.csrf_new_cookie = base64.urlsafe_b64encode(os.urandom(18)).decode()
    mask = os.urandom(32)
    hidden = bytes(a ^ b for a, b in zip(mask, _token(g.csrf_binding), strict=True))
    return base64.urlsafe_b64encode(mask + hidden).decode()


def _token(binding: str) -> bytes:
    secret: str = current_app.config["SECRET_KEY"]
    return hmac.new(secret.encode(), b"form:" + binding.encode(), hashlib.sha256).digest()


def _unmask(sent: str) -> bytes:
    try:
        raw = base64.urlsafe_b64decode(sent.encode("ascii", "replace"))
    except ValueError:
        return b""
    return bytes(a ^ b for a, b in zip(raw[:32], raw[32:64], strict=True)) if len(raw) == 64 else b""


def _set_cookie(response: Response) -> Response:
    fresh = g.get("csrf_new_cookie")
    if fresh:
        response.set_cookie(
            COOKIE, fresh, httponly=True, samesite="Lax", secure=current_app.config["SESSION_COOKIE_SECURE"], path="/"
        )
    return response

"""Headers on every answer: a strict content policy, nothing cached that is somebody's, nothing framed."""

from flask import Flask, Response, g, request

from portal.shared import web

_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_ON_PUBLIC_PAGES = _ALWAYS | {"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow, noarchive"}


def install(app: Flask) -> None:
    app.after_request(_set)


def _set(response: Response) -> Response:
    for name, value in (_ON_PUBLIC_PAGES if g.get("public_page") else _ALWAYS).items():
        response.headers.setdefault(name, value)
    response.headers["Content-Security-Policy"] = _content_policy()
    if request.endpoint != "static_files":
        response.headers.setdefault("Cache-Control", "no-store")
    if web.settings().is_secure:
        response.headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    return response


def _content_policy() -> str:
    # Chromium blocks a form's redirect to another origin unless form-action names it, so pages whose forms lead to
    # Stripe or to Zoho's consent say so; others may only post to us.
    targets = " ".join(("'self'", *web.settings().checkout_origins, *g.get("form_targets", ())))
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; manifest-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action {targets}"
    )

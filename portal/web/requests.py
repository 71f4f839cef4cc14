"""Before and after every request: an id, who is behind it, whether they may, and one log line."""

import logging
import time
import uuid

from flask import Flask, Response, abort, current_app, g, redirect, request, url_for
from flask_login import current_user

from portal.organisations import audit
from portal.shared import access, csrf, web
from portal.shared.htmx import see_other, wants_fragment
from portal.shared.logs import mask, trace
from portal.shared.text import decimal_mark

log = logging.getLogger("portal.web")


def install(app: Flask) -> None:
    app.before_request(_begin)
    app.before_request(_admit)
    app.after_request(_end)


def _begin() -> None:
    g.started_at = time.perf_counter()
    trace.set(uuid.uuid4().hex[:16])
    decimal_mark.set(".")  # until the viewer's firm is known: the thread may have served another one before
    audit.actor.set(audit.Actor("customer", address=web.client_address()))


def _admit() -> Response | None:
    """Who may use this route? The same answer for everybody who may not: sign in, or a plain no."""
    if request.endpoint is None:
        return None  # 404 and 405 come from the routing itself
    route = access.access_of(current_app, request.endpoint)
    if route.everyone:
        csrf.check(None)
        return None
    viewer = current_user if current_user.is_authenticated else None
    if viewer is None:
        return _ask_to_sign_in()
    g.viewer = viewer
    g.sign_in_digest = viewer.digest
    audit.actor.set(audit.Actor("person", viewer.id, viewer.name, web.client_address()))
    if not route.admits(viewer):
        abort(403)
    view = current_app.view_functions[request.endpoint]
    request.max_content_length = getattr(view, "largest_form", current_app.config["MAX_CONTENT_LENGTH"])
    csrf.check(viewer.digest.hex())
    return None


def _ask_to_sign_in() -> Response:
    wanted = request.full_path.rstrip("?") if request.method == "GET" and not wants_fragment() else None
    if wants_fragment():
        return see_other(url_for("people.new_sign_in"))
    return redirect(url_for("people.new_sign_in", next=wanted), code=303)  # type: ignore[return-value]


def _end(response: Response) -> Response:
    response.headers["X-Request-ID"] = trace.get()
    if request.endpoint != "static_files":
        log.info(
            "%s %s %s", request.method, mask(request.path), response.status_code,
            extra={
                "endpoint": request.endpoint, "status": response.status_code,
                "ms": round((time.perf_counter() - g.get("started_at", time.perf_counter())) * 1000, 1),
                "organisation": getattr(g.get("viewer"), "organisation_id", None),
                "person": getattr(g.get("viewer"), "id", None),
            },
        )  # fmt: skip
    return response

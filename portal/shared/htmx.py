"""The only place that reads and writes HX-* headers. htmx-flask's quirks stay inside."""

from flask import Response, redirect, render_template
from htmx_flask import make_response, request

_VARY = ["HX-Request", "HX-Boosted", "HX-History-Restore-Request"]


def wants_fragment() -> bool:
    """True when htmx asked for part of a page (not a boosted link, not a history restore)."""
    asked = request.htmx
    return bool(asked) and not asked.boosted and not asked.history_restore_request


def page_or_fragment(page: str, fragment: str, /, *, status: int = 200, **values: object) -> Response:
    """Render `fragment` for htmx and `page` for everyone else, with the same values."""
    response: Response = make_response(render_template(fragment if wants_fragment() else page, **values), status)
    response.vary.update(_VARY)
    return response


def see_other(url: str) -> Response:
    """Send the browser to `url` after a successful write: 303, or HX-Redirect with 204 for htmx."""
    if wants_fragment():
        answer: Response = make_response("", 204, redirect=url)
        return answer
    return redirect(url, code=303)  # type: ignore[return-value]

"""Static files under an address that changes with their content, so that a phone keeps them for ever."""

import hashlib
from functools import cache
from pathlib import Path

from flask import Flask, Response, abort, send_from_directory
from flask.sessions import SecureCookieSessionInterface, SessionMixin

from portal.shared.access import everyone

_A_YEAR_S = 31_536_000


class _SessionOfPages(SecureCookieSessionInterface):
    """Files are the same for everybody, but flask-login looks into every answer's session, which says they vary."""

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if not response.cache_control.public:
            super().save_session(app, session, response)


def install(app: Flask) -> None:
    app.session_interface = _SessionOfPages()
    folder = Path(app.root_path) / "static"

    @cache
    def fingerprint(name: str) -> str:
        return hashlib.sha256((folder / name).read_bytes()).hexdigest()[:12]

    def asset(name: str) -> str:
        """The address of one static file, for templates."""
        return f"/static/{fingerprint(name)}/{name}"

    @everyone
    def static_files(print_: str, name: str) -> Response:
        if not (folder / name).is_file() or print_ != fingerprint(name):
            abort(404)
        response = send_from_directory(folder, name, max_age=_A_YEAR_S)
        response.cache_control.public = True
        response.cache_control.immutable = True
        response.cache_control.no_cache = None
        return response

    app.jinja_env.globals["asset"] = asset
    app.add_url_rule("/static/<print_>/<path:name>", "static_files", static_files)

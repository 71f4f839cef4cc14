"""One server for all data centres of Zoho Books and Zoho Invoice, by path: /{dc}/accounts, /{dc}/api, /{dc}/app."""

from pathlib import Path
from typing import Any

from flask import Flask, Response, abort
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from . import control, oauth, pages, seed
from .gate import StandIn, answer_api_call
from .registry import build_map
from .store import Store

METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH"]
PRODUCTS = ("books", "invoice")


def create_app(state_dir: Path | None = None) -> Flask:
    """The stand-in as an application. Without a folder it forgets everything when it stops."""
    app = Flask("sandbox.zoho", root_path=str(Path(__file__).parent))
    app.json.sort_keys = False  # type: ignore[attr-defined]
    store = Store(state_dir)
    if not store.all("", "organizations"):
        seed.plant(store)
    app.extensions["zoho"] = StandIn(store, build_map())
    for blueprint in (oauth.bp, control.bp, pages.bp):
        app.register_blueprint(blueprint)
    app.add_url_rule("/<dc>/api/<product>/v3/<path:rest>", "api", _api(app), methods=METHODS)
    app.url_value_preprocessor(_only_known)
    return app


def serve(port: int, state_dir: Path | None = None, host: str = "127.0.0.1") -> BaseWSGIServer:
    """A server that is listening (port 0: any free one, then see `.port`); the caller runs `serve_forever`."""
    return make_server(host, port, create_app(state_dir), threaded=True, request_handler=_Quiet)


class _Quiet(WSGIRequestHandler):
    """Names itself as Zoho's servers do; the request log of /_control replaces lines on the terminal."""

    def version_string(self) -> str:
        return "ZGS"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        return None


def _api(app: Flask) -> Any:
    def api(dc: str, product: str, rest: str) -> Response:
        return answer_api_call(app.extensions["zoho"], dc, product, rest)

    return api


def _only_known(endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Data centres and products that exist; anything else is no page at all."""
    if values and (values.get("dc", "us") not in oauth.LOCATIONS or values.get("product", "books") not in PRODUCTS):
        abort(404)

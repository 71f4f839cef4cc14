"""The stand-in as a web application, and as a server on a port."""

from pathlib import Path

from flask import Flask, render_template, request
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from sandbox.stripe.control import fault_controls, general_controls
from sandbox.stripe.control_delivery import delivery_controls, event_controls
from sandbox.stripe.control_money import aftermath_controls, payout_controls, saved_card_controls, session_controls
from sandbox.stripe.dashboard import dashboard
from sandbox.stripe.errors import StripeProblem
from sandbox.stripe.gate import answer_call
from sandbox.stripe.hosted_page import hosted_page
from sandbox.stripe.wire import with_cuts
from sandbox.stripe.world import World, build_world

_CONTROLS = (
    general_controls,
    fault_controls,
    session_controls,
    aftermath_controls,
    payout_controls,
    saved_card_controls,
    delivery_controls,
    event_controls,
)
_PARTS = (*_CONTROLS, hosted_page, dashboard)


def create_app(state_dir: Path | None) -> Flask:
    """The whole stand-in. With a state folder its state outlives it, without one it is kept in memory."""
    world = build_world(state_dir)
    app = Flask(__name__, static_folder=None)
    app.extensions["stripe_world"] = world
    for part in _PARTS:
        app.register_blueprint(part(world))
    app.register_error_handler(StripeProblem, _say)
    app.add_url_rule(
        "/v1/<path:_>", "api", lambda _: answer_call(world), methods=["GET", "POST", "DELETE"]
    )  # fmt: skip
    app.wsgi_app = with_cuts(app.wsgi_app)  # type: ignore[method-assign, assignment]
    return app


def _say(problem: StripeProblem) -> tuple[dict[str, object], int] | tuple[str, int]:
    if request.path.startswith("/_control"):
        return problem.body(), problem.status
    return render_template("closed.html", session=None, problem=problem), problem.status


class QuietHandler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: object) -> None:
        """Say nothing: the journal has it all, and a demo's terminal is for people."""


def make_stand_in(port: int, state_dir: Path | None, host: str = "127.0.0.1") -> BaseWSGIServer:
    """A server ready to `serve_forever`; port 0 takes a free one (see its `server_port`)."""
    return make_server(host, port, create_app(state_dir), threaded=True, request_handler=QuietHandler)


def serve(port: int, state_dir: Path | None, host: str = "127.0.0.1") -> None:
    """Serve until the process ends."""
    make_stand_in(port, state_dir, host).serve_forever()


def world_of(app: Flask) -> World:
    world: World = app.extensions["stripe_world"]
    return world

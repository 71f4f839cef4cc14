"""The part of Twilio's REST API that sends text messages, as its public documentation of 2010-04-01 tells it."""

import secrets
from email.utils import formatdate
from pathlib import Path
from typing import Any

from flask import Flask, Response, jsonify, render_template, request
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from sandbox.twilio.telling import tell_all, tell_in_the_background
from sandbox.twilio.world import World

Answer = tuple[Response, int]


class QuietHandler(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        """Say nothing: a demo's terminal is for people."""


def open_twilio(port: int, state_dir: Path | None, host: str = "127.0.0.1") -> tuple[BaseWSGIServer, World]:
    """The server, which answers once its `serve_forever()` runs, and what it knows."""
    world = World(state_dir)
    return make_server(host, port, make_app(world), threaded=True, request_handler=QuietHandler), world


def serve(port: int, state_dir: Path | None, host: str = "127.0.0.1") -> None:
    """Serve until the process ends."""
    server, world = open_twilio(port, state_dir, host)
    tell_in_the_background(world)
    server.serve_forever()


def make_app(world: World) -> Flask:
    app = Flask(__name__, static_folder=None)
    _api(app, world)

    @app.get("/")
    def index() -> str:
        return render_template("texts.html", messages=list(reversed(world.messages)))

    @app.post("/_control/world")
    def control() -> Response:
        """{"accounts": {sid: token}, "outcome": "delivered", "faults": ["lost"]}; what is left out stays."""
        wish = request.get_json(silent=True) or {}
        with world.lock:
            world.accounts |= wish.get("accounts", {})
            world.outcome, world.faults = wish.get("outcome", world.outcome), list(wish.get("faults", world.faults))
            world.keep()
        return jsonify(ok=True)

    @app.post("/_control/callbacks")
    def callbacks() -> Response:
        return jsonify(tell_all(world))

    return app


def _api(app: Flask, world: World) -> None:
    @app.get("/2010-04-01/Accounts/<sid>.json")
    def show_account(sid: str) -> Answer:
        return _unless_known(world, sid) or (jsonify(sid=sid, friendly_name="A firm", status="active"), 200)

    @app.get("/2010-04-01/Accounts/<sid>/Messages.json")
    def list_messages(sid: str) -> Answer:
        to, size = request.args.get("To"), int(request.args.get("PageSize", "50"))
        theirs = [each for each in reversed(world.messages) if each["account_sid"] == sid and to in (None, each["to"])]
        shown = [_shown(each) for each in theirs[:size]]
        return _unless_known(world, sid) or (jsonify(messages=shown, page_size=size, page=0), 200)

    @app.post("/2010-04-01/Accounts/<sid>/Messages.json")
    def create_message(sid: str) -> Answer:
        problem = _unless_known(world, sid) or _wrong(request.form)
        if problem is not None:
            return problem
        fault = world.next_fault()
        if fault == "busy":
            return _error(429, 20429, "Too Many Requests")
        if fault == "refused":
            return _error(400, 21211, "The 'To' number is not a valid phone number.")
        message = _keep(world, sid)
        if fault == "lost":
            return _error(503, 20503, "Service unavailable")  # and yet it was taken
        return jsonify(_shown(message)), 201


def _keep(world: World, sid: str) -> dict[str, Any]:
    sender = request.form.get("From") or request.form.get("MessagingServiceSid", "")
    message = {
        "sid": "SM" + secrets.token_hex(16), "account_sid": sid, "to": request.form["To"], "from": sender,
        "body": request.form["Body"], "status": "queued", "date_created": formatdate(), "error_code": None,
        "callback": request.form.get("StatusCallback", ""),
    }  # fmt: skip
    with world.lock:
        world.messages.append(message)
        world.keep()
    return message


def _shown(message: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in message.items() if name != "callback"}


def _unless_known(world: World, sid: str) -> Answer | None:
    given, token = request.authorization, world.accounts.get(sid)
    if given is None or token is None or (given.username, given.password) != (sid, token):
        return _error(401, 20003, "Authenticate")
    return None


def _wrong(form: Any) -> Answer | None:
    if not form.get("To", "").startswith("+"):
        return _error(400, 21211, f"Invalid 'To' Phone Number: {form.get('To', '')[:6]}XXXX")
    if not form.get("Body"):
        return _error(400, 21602, "Message body is required.")
    if len(form["Body"]) > 1600:
        return _error(400, 21617, "The concatenated message body exceeds the 1600 character limit.")
    if not form.get("From") and not form.get("MessagingServiceSid"):
        return _error(400, 21603, "A 'From' phone number is required.")
    return None


def _error(status: int, code: int, words: str) -> Answer:
    more = f"https://www.twilio.com/docs/errors/{code}"
    return jsonify(code=code, message=words, more_info=more, status=status), status

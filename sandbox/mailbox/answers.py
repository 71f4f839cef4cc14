"""The web side for tests: messages as JSON, and refusals on order."""

from flask import Blueprint, Response, jsonify, request

from sandbox.mailbox.counter import Refusals
from sandbox.mailbox.pages import find_reading
from sandbox.mailbox.post_box import PostBox
from sandbox.mailbox.reading import Reading


def answers(post_box: PostBox, refusals: Refusals) -> Blueprint:
    bp = Blueprint("mailbox_json", __name__)

    @bp.get("/messages.json")
    def index_json() -> Response:
        """?to= narrows to one recipient."""
        to = request.args.get("to")
        chosen = [received for received in post_box.newest_first() if to is None or to in received.recipients]
        return jsonify([Reading(received).summary() for received in chosen])

    @bp.get("/messages/<message_id>.json")
    def show_json(message_id: str) -> Response:
        return jsonify(find_reading(post_box, message_id).details())

    @bp.delete("/messages.json")
    def clear() -> tuple[str, int]:
        post_box.clear()
        return "", 204

    @bp.post("/_control/refusals")
    def refuse() -> Response:
        """{"times": 2, "answer": "550 5.1.1 No such mailbox", "at": "rcpt" or "data"}; times 0 ends it."""
        wish = request.get_json(silent=True) or {}
        answer = wish.get("answer", Refusals.answer)
        refusals.order(int(wish.get("times", 1)), answer, wish.get("at", "data"))
        return jsonify(times=refusals.times, answer=refusals.answer, at=refusals.at)

    return bp

"""The web side: what came, newest first, for people."""

from flask import Blueprint, Response, abort, redirect, render_template
from werkzeug.wrappers import Response as BaseResponse

from sandbox.mailbox.post_box import PostBox
from sandbox.mailbox.reading import Reading


def pages(post_box: PostBox) -> Blueprint:
    bp = Blueprint("mailbox", __name__, template_folder="templates")

    @bp.get("/")
    def index() -> str:
        return render_template("index.html", messages=[Reading(received) for received in post_box.newest_first()])

    @bp.get("/messages/<message_id>")
    def show(message_id: str) -> str:
        return render_template("show.html", message=find_reading(post_box, message_id))

    @bp.get("/messages/<message_id>/attachments/<int:number>")
    def attachment(message_id: str, number: int) -> Response:
        """Always a download: what strangers attach is not shown as a page of ours."""
        attachments = find_reading(post_box, message_id).attachments
        if number >= len(attachments):
            abort(404)
        wanted = attachments[number]
        response = Response(wanted.content, content_type="application/octet-stream")
        response.headers.set("Content-Disposition", "attachment", filename=wanted.name)
        return response

    @bp.get("/messages/<message_id>.eml")
    def raw(message_id: str) -> Response:
        return Response(find_reading(post_box, message_id).received.content, content_type="text/plain; charset=utf-8")

    @bp.post("/messages/clear")
    def clear_from_page() -> BaseResponse:
        post_box.clear()
        return redirect("/", 303)

    return bp


def find_reading(post_box: PostBox, message_id: str) -> Reading:
    received = post_box.get(message_id)
    return Reading(received) if received is not None else abort(404)

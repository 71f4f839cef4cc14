"""What a person sees when something is wrong: one sentence, the next step, and an id for whoever helps."""

import logging

from flask import Flask, Response, g, make_response, render_template
from sqlalchemy import inspect
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException, InternalServerError

from portal.shared.errors import NotFound, RuleBroken
from portal.shared.logs import trace

log = logging.getLogger("portal.web")

_WORDS = {
    400: ("That did not work", "The request was not one of ours. Go back, reload the page and try again."),
    403: ("Not yours to do", "Your role does not include this. Ask an administrator of your firm."),
    404: ("Not here", "There is no such page, or it is not yours to see. Check the address, or go back."),
    405: ("That did not work", "This address cannot be used that way. Go back and use the buttons of the page."),
    413: ("Too large", "What you sent is too large. Send less at once."),
    429: ("One moment", "Too many tries in a short time. Wait a few minutes, then try again."),
    500: ("Our fault", "Something went wrong on our side and nothing was saved. Try again in a minute."),
    503: ("Back in a moment", "The portal cannot reach its database. Try again in a minute: nothing was lost."),
}


def install(app: Flask) -> None:
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(NotFound, lambda _problem: _page(404))
    app.register_error_handler(RuleBroken, _rule)
    app.register_error_handler(OperationalError, _database)
    app.register_error_handler(InternalServerError, _ours)


def _http(problem: HTTPException) -> Response:
    if problem.code is None or problem.code < 400:
        return problem.get_response()  # type: ignore[return-value]
    return _page(problem.code)


def _rule(problem: RuleBroken) -> Response:
    return _page(422 if problem.field else 400, sentence=problem.sentence)


def _database(problem: OperationalError) -> Response:
    log.error("database not reachable", exc_info=problem)
    return _page(503)


def _ours(problem: InternalServerError) -> Response:
    log.error("unforeseen", exc_info=problem.original_exception)
    return _page(500)


def _page(code: int, sentence: str | None = None) -> Response:
    title, words = _WORDS.get(code, _WORDS[400 if code < 500 else 500])
    session = g.pop("session", None)
    if session is not None:
        session.close()
    organisation = g.get("organisation")
    if organisation is not None and inspect(organisation).expired_attributes:
        g.organisation = None  # rolled back: reading it would ask a database that has just refused, and fail once more
    values = {"title": title, "sentence": sentence or words, "trace": trace.get(), "code": code}
    return make_response(render_template("error.html", **values), code)

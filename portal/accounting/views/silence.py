"""Zoho was silent just when somebody had sent a form: all that was typed is kept on a page with the same button."""

from datetime import timedelta

from flask import Response, g, make_response, render_template, request

from portal.gateways.errors import GatewayError
from portal.gateways.zoho.errors import Throttled
from portal.shared import clock

_MOST_FIELDS = 500


def words_of(problem: GatewayError) -> str:
    """With the time of day from which on it can be tried again, where Zoho asks for a pause."""
    if not isinstance(problem, Throttled):
        return problem.words
    at = clock.local(clock.now() + timedelta(seconds=problem.pause_s + 59), g.time_zone)
    return f"{problem.words} Nothing is lost: try again from {at:%H:%M} on."


def ask_again(problem: GatewayError, *, title: str, back: str) -> Response:
    """What was sent may be sent once more, to the same address. back: a page of ours that needs no Zoho."""
    fields = [(name, value) for name, value in request.form.items(multi=True) if name != "csrf_token"][:_MOST_FIELDS]
    page = render_template(
        "accounting/silent.html", words=words_of(problem), title=title, back=back, fields=fields, address=request.path
    )
    return make_response(page, 502)

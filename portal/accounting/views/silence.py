"""Zoho was silent just when somebody had sent a form: all that was typed is kept on a page with the same button."""

from flask import Response, make_response, render_template, request

from portal.gateways.errors import GatewayError

_MOST_FIELDS = 500


def ask_again(problem: GatewayError, *, title: str, back: str) -> Response:
    """What was sent may be sent once more, to the same address. back: a page of ours that needs no Zoho."""
    fields = [(name, value) for name, value in request.form.items(multi=True) if name != "csrf_token"][:_MOST_FIELDS]
    page = render_template(
        "accounting/silent.html", words=problem.words, title=title, back=back, fields=fields, address=request.path
    )
    return make_response(page, 502)

"""The second confirmation of what changes much: a page that says what will happen, with the form to send once more."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import Response, make_response, render_template, request

IS_SURE = "is_sure"


@dataclass(frozen=True)
class Asked:
    """What is about to be done.

    points  one sentence each: what happens, and what does not
    yes     words of the button that does it
    no      where somebody goes who does not want it
    kind    of the button, as components/actions.html knows it
    """

    title: str
    points: list[str]
    yes: str
    no: str
    kind: str = field(default="main")


def is_sure() -> bool:
    """Has the page that tells what will happen been seen, and its button pressed?"""
    return bool(request.form.get(IS_SURE))


def ask(asked: Asked, named: Mapping[str, str], address: str = "") -> Response:
    """The page, of an address of its own: it can be reloaded and come back to. The yes sends what is `named` to
    `address`, or to the page's own."""
    fields = [*named.items(), (IS_SURE, "1")]
    return make_response(
        render_template("accounting/sure.html", asked=asked, fields=fields, address=address or request.path)
    )

"""Words of a mail from its two templates, plain text and HTML. Works outside of a web request, too."""

from datetime import date
from functools import cache
from pathlib import Path

from babel.dates import format_date
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

_TEMPLATES = Path(__file__).resolve().parents[2] / "templates"


def render_mail(name: str, **values: object) -> tuple[str, str]:
    """(text, html) of templates/messages/`name`. Amounts and dates come in as text, in the reader's own form."""
    environment = _environment()
    text = environment.get_template(f"messages/{name}.txt").render(**values)
    return text, environment.get_template(f"messages/{name}.html").render(**values)


def long_date(value: date, locale: str) -> str:
    """7 December 2026, in the reader's order."""
    return str(format_date(value, "long", locale=locale))


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=select_autoescape(["html"]), undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip

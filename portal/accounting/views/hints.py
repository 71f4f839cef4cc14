"""Zoho's webhooks: a hint that something changed there. What is in it is never believed; it is only time to look."""

import json
from datetime import timedelta
from typing import Any

from flask import abort, request
from sqlalchemy import text

from portal.accounting.models import Link
from portal.accounting.pull import cursors
from portal.accounting.pull.lists import LISTS
from portal.accounting.views.pages import bp
from portal.shared import throttle
from portal.shared.access import everyone
from portal.shared.csrf import exempt
from portal.shared.db import enter
from portal.shared.text import clean
from portal.shared.web import request_session

# The key of the record in Zoho's default body → what to look for. A payment touches the invoices it pays.
_ABOUT = {
    "contact": ("customer",), "item": ("item",), "invoice": ("payment", "invoice"),
    "payment": ("payment", "invoice"), "customerpayment": ("payment", "invoice"),
    "creditnote": ("credit_note", "invoice"),
}  # fmt: skip
_LARGEST = 1_000_000
_MOST, _WINDOW = 60, timedelta(minutes=1)


@bp.post("/webhooks/zoho/<hint_key>")
@everyone
@exempt
def receive_hint(hint_key: str) -> tuple[str, int]:
    """The unguessable address is the proof: Books and Invoice sign nothing that could be checked (zoho/API.md §9)."""
    session = request_session()
    row = session.execute(
        text("SELECT organisation_id, link_id FROM gate.hinted_link(:key)"), {"key": clean(hint_key)}
    ).one_or_none()
    if row is None:
        abort(404)
    enter(session, row.organisation_id)
    if throttle.hit(session, "zoho hint", str(row.link_id), window=_WINDOW) <= _MOST:
        cursors.hurry(session, session.get_one(Link, row.link_id), _modules())
    session.commit()
    return "heard", 200


def _modules() -> tuple[str, ...]:
    """Which lists to look at; all of them where the hint does not say."""
    if (request.content_length or 0) > _LARGEST:
        return tuple(LISTS)
    told = request.form.get("JSONString") or request.get_data(as_text=True)
    try:
        body: Any = json.loads(told)
    except (ValueError, RecursionError):
        return tuple(LISTS)
    keys = body.keys() if isinstance(body, dict) else ()
    return next((_ABOUT[key] for key in keys if key in _ABOUT), tuple(LISTS))

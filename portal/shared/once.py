"""A form that was sent twice is acted on once: a double press, a reload, a line that broke before the answer came.

Each form carries an id that was made with its page, so that whoever looks at the page again and presses again means it.
"""

import uuid
from datetime import timedelta

from sqlalchemy.orm import Session

from portal.shared import throttle

ALREADY = "That has gone out already. Press again to send it once more."
_KEPT = timedelta(days=1)


def new_form_id() -> str:
    """For templates."""
    return uuid.uuid4().hex


def is_repeat(session: Session, what: str, organisation_id: int, form_id: str | None) -> bool:
    """Whether this very form was acted on before. It waits for one that is just being acted on.

    what  kind of form, and the record it is about
    Counts with the caller's transaction: what is rolled back was not acted on. Does not commit.
    """
    if not form_id:
        return False
    return throttle.hit(session, "form sent", f"{organisation_id}:{what}:{form_id[:40]}", window=_KEPT) > 1

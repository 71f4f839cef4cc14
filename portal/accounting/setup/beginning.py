"""What follows once an organisation is tied: its set-up, or the comparison of what was added since it was left."""

from sqlalchemy.orm import Session

from portal.accounting import link
from portal.accounting.models import Link
from portal.accounting.setup import importing, steps


def begin(session: Session, tied: Link, *, is_new: bool) -> None:
    """is_new: it was made for the firm and is empty, so that there is nothing to compare. Does not commit."""
    if tied.setup_steps or link.has_records(session, tied):
        importing.compare_again(session, tied)
        return
    steps.begin(session, tied, is_new=is_new)
    if is_new:
        importing.go(session, tied, importing.REHEARSE)

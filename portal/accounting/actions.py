"""Verbs on the mirror that people press."""

from sqlalchemy import Update, func, update
from sqlalchemy.orm import Session

from portal.accounting import rules
from portal.accounting.link import live_link
from portal.accounting.models import MirrorRecord
from portal.shared import outbox

_AGAIN = (*rules.TROUBLED, "waiting")


def try_again(session: Session, record_id: int) -> bool:
    """Send one record once more. False when there is nothing to do about it any more. Safe to press ten times."""
    return _reopen(session, update(MirrorRecord).where(MirrorRecord.id == record_id)) > 0


def try_all_again(session: Session) -> int:
    """Send whatever is stuck once more; how many that are."""
    return _reopen(session, update(MirrorRecord))


def _reopen(session: Session, chosen: Update) -> int:
    """Whether an earlier try may have succeeded is remembered in sending_since, and stays."""
    link = live_link(session)
    if link is None:
        return 0
    reopened = session.execute(
        chosen.where(MirrorRecord.link_id == link.id, MirrorRecord.state.in_(_AGAIN))
        .values(state="pending", attempts=0, next_try_at=func.clock_timestamp(), waits_for="")
        .returning(MirrorRecord.module, MirrorRecord.local_id)
    ).all()
    for module, local_id in reopened:
        outbox.record(session, link.organisation_id, module, local_id)
    return len(reopened)

"""What became of the mails about a record."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.messages.models import Message


def mails_about(session: Session, record: str, record_id: int) -> Sequence[Message]:
    """Newest first. `state` is waiting, sent or failed; `last_error` says why in words for staff."""
    return session.scalars(
        select(Message)
        .where(Message.record == record, Message.record_id == record_id)
        .order_by(Message.id.desc())
        .limit(50)
    ).all()

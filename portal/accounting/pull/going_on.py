"""What every answer to a question needs: the record that it is about, and setting it going again."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.accounting.models import Link, MirrorRecord
from portal.accounting.pull.models import Question
from portal.gateways.zoho.calls import PRODUCTS
from portal.shared import outbox


def record_of(session: Session, question: Question) -> MirrorRecord:
    """Its row locked."""
    return session.scalars(
        select(MirrorRecord)
        .where(MirrorRecord.link_id == question.link_id, MirrorRecord.module == question.module)
        .where(MirrorRecord.local_id == question.local_id)
        .with_for_update()
    ).one()


def product_of(session: Session, question: Question) -> str:
    """The product's name, for people."""
    return PRODUCTS[session.scalars(select(Link.product).where(Link.id == question.link_id)).one()].name


def go_on(session: Session, record: MirrorRecord) -> None:
    """It is worked on at once. Does not commit."""
    record.state, record.attempts, record.next_try_at = "pending", 0, func.clock_timestamp()
    record.last_error = record.last_error_code = ""
    outbox.record(session, record.organisation_id, record.module, record.local_id)

"""Money that left Stripe although it had gone back another way: how that was settled is a person's word."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.organisations import audit
from portal.organisations.models import Organisation
from portal.payments.refunds.models import Refund
from portal.shared import clock, formats
from portal.shared.errors import NotFound


def settle_given_twice(session: Session, payment_id: int, refund_id: int, how: str) -> None:
    """Take it off the list of what waits. What was said first stands. Raises NotFound. Does not commit."""
    refund = session.scalars(
        select(Refund)
        .where(Refund.id == refund_id, Refund.payment_id == payment_id, Refund.beyond_minor > 0)
        .with_for_update()
    ).one_or_none()
    if refund is None:
        raise NotFound
    if refund.settled_at is not None:
        return
    refund.settled_at, refund.settled_how = clock.now(), how
    shown = formats.money(refund.beyond, session.get_one(Organisation, refund.organisation_id).locale)
    words = f"{shown} that went back twice is settled: {how}"
    audit.note(session, refund.organisation_id, "given twice settled", "payment", payment_id, words=words)

"""An organisation is linked again: what was still to be entered there goes by itself, and what was entered does not."""

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from portal.accounting import rules
from portal.accounting.by_hand.models import ByHand
from portal.accounting.models import Link, MirrorRecord
from portal.organisations.models import Organisation
from portal.shared import clock

_WHY = "Entered by hand in {name} on {day}, by {who}. If it is taken back, it goes there once more."


def take_up(session: Session, link: Link) -> None:
    """Whatever a person entered there is left out of this link, as it would be there twice. What is for another
    organisation stays with that (accounting.belonging). Does not commit."""
    ties = select(Link.id).where(Link.remote_organisation_id == link.remote_organisation_id)
    session.execute(delete(ByHand).where(ByHand.link_id.in_(ties), ByHand.entered_at.is_(None)))
    entered = select(ByHand).where(ByHand.link_id.in_(ties), ByHand.entered_at.is_not(None)).order_by(ByHand.id)
    zone = session.scalars(select(Organisation.time_zone)).one()
    for row in session.scalars(entered).all():
        day = clock.local(row.entered_at, zone) if row.entered_at else None
        why = _WHY.format(name=link.remote_name[:60], day=f"{day:%-d %b %Y}", who=row.entered_by[:60])
        left_out = {"state": rules.LEFT_OUT_STATE, "left_out_why": why}
        kept = insert(MirrorRecord).values(
            organisation_id=link.organisation_id, link_id=link.id, module=row.module, local_id=row.local_id, **left_out
        )
        keys = ["link_id", "module", "local_id"]
        session.execute(kept.on_conflict_do_update(index_elements=keys, set_=left_out))

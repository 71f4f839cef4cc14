"""In an organisation that was there before, a tax of ours goes over once something that goes over needs it. In one made
for the firm all go at once."""

from collections.abc import Iterable

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from portal.accounting.models import Link, MirrorRecord
from portal.accounting.setup.steps import GOES_WHEN_NEEDED
from portal.shared.outbox import Change


def settle_unneeded(session: Session, link_id: int) -> None:
    """Taxes without a twin that nothing has asked for yet: there is nothing to do about them."""
    waits = select(Link.id).where(Link.id == link_id, GOES_WHEN_NEEDED).exists()
    is_known = exists().where(
        MirrorRecord.link_id == link_id, MirrorRecord.module == "tax", MirrorRecord.local_id == Change.subject_id
    )
    session.execute(
        update(Change)
        .where(Change.subject == "tax", ~Change.is_settled, waits, ~is_known)
        .values(is_settled=True)
        .execution_options(synchronize_session=False)
    )


def reopen(session: Session, needed: Iterable[tuple[str, int]]) -> None:
    """Of these (module, our id) the taxes are tried like all else until they are there."""
    asked = [local_id for module, local_id in needed if module == "tax"]
    if asked:
        opened = update(Change).where(Change.subject == "tax", Change.subject_id.in_(asked)).values(is_settled=False)
        session.execute(opened.execution_options(synchronize_session=False))

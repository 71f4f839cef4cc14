"""One drainer per organisation at a time. Each holder gets a higher fence; an older one cannot write any more.

The clock is the database's, the same for all machines.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select, update
from sqlalchemy.orm import Session

from portal.accounting.models import Consent, Link, MirrorRecord
from portal.gateways.zoho.calls import PRODUCTS
from portal.gateways.zoho.data_centres import DataCentre, data_centres
from portal.shared.running import here, job_session

_MARK = func.gate.database_mark()
_IS_COPY = and_(Link.database_mark != "", Link.database_mark != _MARK)
_IS_LOST = select(Consent.lost_at.is_not(None)).where(Consent.id == Link.consent_id).scalar_subquery()
LENGTH = timedelta(seconds=60)  # longer than any one call; renewed before each


class LeaseLost(Exception):
    """Somebody else drains this organisation now, or the link was ended. What this drainer knows is out of date."""


@dataclass(frozen=True)
class Turn:
    """The right to drain one organisation for a while."""

    organisation_id: int
    link_id: int
    consent_id: int
    fence: int
    product: str
    remote_organisation: str
    centre: DataCentre
    is_restored: bool = False  # the database is an older copy: compare both sides before anything is sent

    @property
    def product_name(self) -> str:
        return PRODUCTS[self.product].name

    def record_url(self, module: str, remote_id: str) -> str:
        return self.centre.record_url(self.product, self.remote_organisation, module, remote_id)


def take(organisation_id: int) -> Turn | None:
    """The lease, or None when somebody holds it, the link is to keep quiet, or there is no link."""
    with job_session(organisation_id) as session:
        row = session.execute(
            update(Link)
            .where(Link.archived_at.is_(None), _past(Link.lease_until), _past(Link.quiet_until))
            .values(
                lease_holder=f"{socket.gethostname()}:{os.getpid()}"[:64], lease_fence=Link.lease_fence + 1,
                lease_until=func.clock_timestamp() + LENGTH, quiet_until=None, quiet_why="",
                database_mark=_MARK, restored_at=case((_IS_COPY, func.clock_timestamp()), else_=Link.restored_at),
            )
            .returning(
                Link.id, Link.consent_id, Link.lease_fence, Link.product, Link.remote_organisation_id, Link.restored_at
            )
        ).one_or_none()  # fmt: skip
        if row is None:
            return None
        code = session.scalars(select(Consent.data_centre).where(Consent.id == row.consent_id)).one()
    centre = data_centres(here().settings.zoho_base_address)[code]
    return Turn(
        organisation_id, row.id, row.consent_id, row.lease_fence, row.product, row.remote_organisation_id, centre,
        is_restored=row.restored_at is not None,
    )  # fmt: skip


def release(turn: Turn) -> None:
    with job_session(turn.organisation_id) as session:
        session.execute(update(Link).where(_held_by(turn)).values(lease_until=None, lease_holder=""))


@contextmanager
def held(turn: Turn) -> Iterator[Session]:
    """A transaction for whoever still holds the lease. Raises LeaseLost."""
    with job_session(turn.organisation_id) as session:
        lock(session, turn)
        yield session


@contextmanager
def held_record(turn: Turn, record_id: int) -> Iterator[tuple[Session, MirrorRecord, datetime]]:
    """The same for work on one record, with the record locked and the database's time, in one statement. Raises
    LeaseLost."""
    with job_session(turn.organisation_id) as session:
        row = session.execute(
            select(MirrorRecord, func.clock_timestamp())
            .select_from(Link)  # locked first, as everywhere: two who lock in another order wait for each other
            .join(MirrorRecord, MirrorRecord.link_id == Link.id)
            .where(MirrorRecord.id == record_id, _held_by(turn), Link.archived_at.is_(None))
            .with_for_update()
        ).one_or_none()
        if row is None:
            raise LeaseLost(turn.link_id)
        yield session, row[0], row[1]


def lock(session: Session, turn: Turn) -> Any:
    """The link's budget columns, whether its consent is lost, and the database's time, locked. Raises LeaseLost."""
    row = session.execute(
        select(Link.recent_calls, Link.quota_limit, _IS_LOST.label("is_lost"), func.clock_timestamp().label("now"))
        .where(_held_by(turn), Link.archived_at.is_(None))
        .with_for_update()
    ).one_or_none()
    if row is None:
        raise LeaseLost(turn.link_id)
    return row


def keep_quiet(turn: Turn, seconds: float, why: str) -> None:
    """Nobody calls this organisation for a while, a little spread; people read why."""
    spread = func.random() * timedelta(seconds=min(seconds / 4, 10))
    with job_session(turn.organisation_id) as session:
        session.execute(
            update(Link)
            .where(_held_by(turn))
            .values(quiet_until=func.clock_timestamp() + timedelta(seconds=seconds) + spread, quiet_why=why[:200])
        )


def _held_by(turn: Turn) -> ColumnElement[bool]:
    return (Link.id == turn.link_id) & (Link.lease_fence == turn.fence)


def _past(column: Any) -> ColumnElement[bool]:
    return or_(column.is_(None), column <= func.clock_timestamp())

"""The organisation's calls to Zoho: so many a minute, shared by all workers in the link's row, and so many a day."""

from datetime import datetime, timedelta

from sqlalchemy import func, select, update

from portal.accounting import rules
from portal.accounting.mirror.lease import LENGTH, Turn, held, lock
from portal.accounting.models import Link
from portal.gateways.zoho.calls import Quota
from portal.gateways.zoho.errors import ConsentLost
from portal.shared.running import here, job_session

EMPTY = "The minute's calls to Zoho are used up; the rest follows in a moment."


class BudgetEmpty(Exception):
    """No call may be made now. The link keeps quiet until there is room again."""


def take(turn: Turn) -> None:
    """Pay for one call, just before it is made, and renew the lease. Raises BudgetEmpty, LeaseLost, and ConsentLost
    where another process has found out meanwhile: the token in hand is kept for a while."""
    limit = here().settings.zoho_calls_per_minute
    with job_session(turn.organisation_id) as session:
        row = lock(session, turn)
        if row.is_lost:
            raise ConsentLost
        budget = rules.spend(row.recent_calls, row.now, limit, rules.WINDOW)
        values: dict[str, object] = {"recent_calls": budget.recent, "lease_until": row.now + LENGTH}
        if budget.quiet_until is not None:
            values |= {"quiet_until": budget.quiet_until, "quiet_why": EMPTY}
        session.execute(update(Link).where(Link.id == turn.link_id).values(**values))
    if budget.quiet_until is not None:
        raise BudgetEmpty


def remember_quota(turn: Turn, quota: Quota) -> None:
    """What Zoho's headers said of the day."""
    with held(turn) as session:
        session.execute(
            update(Link)
            .where(Link.id == turn.link_id)
            .values(
                quota_limit=quota.limit, quota_left=quota.left,
                quota_resets_at=func.clock_timestamp() + timedelta(seconds=quota.resets_in_s),
            )
        )  # fmt: skip


def day_is_over(turn: Turn, seconds: float) -> float:
    """Zoho refuses for want of the day's calls, which others use, too. How long to rest: until it counts anew.

    seconds  what the refusal told of that, for when no answer has told it better
    """
    with held(turn) as session:
        now: datetime = session.scalars(select(func.clock_timestamp())).one()
        link = session.get_one(Link, turn.link_id, populate_existing=True)
        if link.quota_resets_at is None or link.quota_resets_at <= now:
            link.quota_resets_at = now + timedelta(seconds=seconds)
        link.quota_left = 0
        rest: timedelta = link.quota_resets_at - now
        return rest.total_seconds()

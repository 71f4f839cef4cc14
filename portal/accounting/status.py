"""Reads of the status page: how each module of a link is kept, what it waits for, and what of the day is used."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from portal.accounting import directions, rules
from portal.accounting.mirror.modules import called
from portal.accounting.models import MODULES, Link, MirrorRecord, ModuleSetting
from portal.accounting.pull import rules as pulling
from portal.accounting.pull.models import PullCursor
from portal.accounting.queries import Tied, names_of
from portal.gateways.zoho.calls import PRODUCTS
from portal.shared import clock
from portal.shared.outbox import Change
from portal.shared.running import here


@dataclass(frozen=True)
class ModuleState:
    """One module in figures. state as `mirror_state` words it."""

    module: str
    called: str
    direction: str
    is_paused: bool
    in_step: int
    open: int
    troubled: int
    looked_at: datetime | None = None
    next_look_at: datetime | None = None
    problem: str = ""

    @property
    def state(self) -> str:
        if self.is_paused:
            return "paused"
        if self.troubled:
            return "failed"
        return "waiting" if self.open else "in_step"


@dataclass(frozen=True)
class Status:
    """What the page of the link shows."""

    product_name: str
    data_centre: str
    consent_days: int
    meter: "Meter | None"
    oldest: "Oldest | None"
    time_left: str  # until all that is on its way has arrived; "" where that is soon
    modules: list[ModuleState]

    @property
    def may_all_go_both_ways(self) -> bool:
        return any(module.direction == directions.PUSH for module in self.modules)

    @property
    def may_all_go_one_way(self) -> bool:
        return any(module.direction == directions.BOTH for module in self.modules)

    @property
    def may_all_rest(self) -> bool:
        return any(not module.is_paused for module in self.modules)

    @property
    def is_any_resting(self) -> bool:
        return any(module.is_paused for module in self.modules)

    @property
    def do_all_rest(self) -> bool:
        return all(module.is_paused for module in self.modules)

    @property
    def why_so_often(self) -> str:
        """How fresh what comes back is, and why it is not fresher; empty while nothing comes back."""
        read = sum(module.next_look_at is not None for module in self.modules if module.module != "tax")
        if not read:
            return ""
        told = self.meter.limit if self.meter else None
        limit, busy = pulling.calls_a_day(told), pulling.pause(told, 1, read, 0)
        minutes = -(-int(busy.total_seconds()) // 60)
        return (
            f"Zoho allows {limit:,} calls a day, and a quarter of them may be spent on looking for changes there: each"
            f" kind about every {minutes} minutes, less often while nothing happens."
        )


@dataclass(frozen=True)
class Oldest:
    """What waits the longest: for example "Invoice INV-00318", and since when."""

    label: str
    since: datetime


@dataclass(frozen=True)
class Meter:
    """Calls to Zoho, which counts them for the whole organisation, whoever makes them.

    kept  of the day's, for invoices and payments; room: rules.ALL, SALES or PAYMENTS
    """

    used: int
    limit: int
    kept: int
    room: str
    resets_at: datetime | None
    last_minute: int
    a_minute: int


def status_of(session: Session, tied: Tied) -> Status:
    """Four statements, however much there is."""
    link, consent = tied.link, tied.consent
    open_ = _open_changes(session)
    modules = _modules(session, link, {module: count for module, (count, _, _) in open_.items()})
    return Status(
        PRODUCTS[link.product].name, consent.data_centre.upper(), (clock.now() - consent.created_at).days,
        _meter(link), _oldest(session, open_), _time_left(link, modules), modules,
    )  # fmt: skip


def time_left(link: Link, calls: int) -> str:
    """How long so many calls take from now, in words."""
    limit = pulling.calls_a_day(link.quota_limit)
    left = link.quota_left if _is_of_today(link) and link.quota_left is not None else limit
    return rules.time_for(calls, a_minute=here().settings.zoho_calls_per_minute, a_day=limit, left_today=left)


def _time_left(link: Link, modules: list[ModuleState]) -> str:
    """An invoice is made and marked as sent; all else takes one call."""
    calls = sum(each.open * (2 if each.module == "invoice" else 1) for each in modules if not each.is_paused)
    return time_left(link, calls) if calls > here().settings.zoho_calls_per_minute else ""


def _is_of_today(link: Link) -> bool:
    return link.quota_resets_at is not None and link.quota_resets_at > clock.now()


def _meter(link: Link) -> Meter | None:
    """None before any answer has told of the day's calls."""
    if link.quota_limit is None or link.quota_left is None:
        return None
    is_today = _is_of_today(link)
    left = link.quota_left if is_today else link.quota_limit
    kept = max(rules.SMALLEST_RESERVE, link.quota_limit // rules.RESERVE_SHARE)
    return Meter(
        link.quota_limit - left, link.quota_limit, kept, rules.room_in(link.quota_limit, left),
        to_the_minute(link.quota_resets_at) if is_today and link.quota_resets_at else None,
        sum(at > clock.now() - rules.WINDOW for at in link.recent_calls), here().settings.zoho_calls_per_minute,
    )  # fmt: skip


def to_the_minute(at: datetime) -> datetime:
    """Zoho tells how many seconds are left, and an answer takes its time: midnight is midnight, not 23:59."""
    return (at + timedelta(seconds=30)).replace(second=0, microsecond=0)


def _open_changes(session: Session) -> dict[str, tuple[int, datetime, int]]:
    """module → how many wait, since when the longest, and our id of that one."""
    first = func.array_agg(aggregate_order_by(Change.subject_id, Change.changed_at))[1]
    rows = session.execute(
        select(Change.subject, func.count(), func.min(Change.changed_at), first)
        .where(~Change.is_settled, Change.subject.in_(MODULES))
        .group_by(Change.subject)
    )
    return {module: (count, since, local_id) for module, count, since, local_id in rows}


def _oldest(session: Session, waiting: Mapping[str, tuple[int, datetime, int]]) -> Oldest | None:
    if not waiting:
        return None
    since, module, local_id = min((since, module, local_id) for module, (_, since, local_id) in waiting.items())
    name = names_of(session, [(module, local_id)]).get((module, local_id), local_id)
    return Oldest(f"{called(module)} {name}", since)


def _modules(session: Session, link: Link, open_: Mapping[str, int]) -> list[ModuleState]:
    kept, read = _kept_and_read(session, link)
    of_link = MirrorRecord.link_id == link.id
    counted = session.execute(
        select(MirrorRecord.module, _count(MirrorRecord.state == "in_step"), _count(_is_troubled()))
        .where(of_link)
        .group_by(MirrorRecord.module)
    )
    reached = {module: (in_step, troubled) for module, in_step, troubled in counted}
    return [
        ModuleState(
            module, directions.CALLED[module], kept[module].direction if module in kept else directions.PUSH,
            module in kept and kept[module].is_paused,
            reached.get(module, (0, 0))[0], open_.get(module, 0), reached.get(module, (0, 0))[1],
            *_freshness(read.get(module)),
        )
        for module in MODULES
    ]  # fmt: skip


def _kept_and_read(session: Session, link: Link) -> tuple[dict[str, ModuleSetting], dict[str, PullCursor]]:
    """module → how it is kept, and how far it was read; one statement."""
    same = and_(ModuleSetting.link_id == PullCursor.link_id, ModuleSetting.module == PullCursor.module)
    rows = session.execute(
        select(ModuleSetting, PullCursor)
        .join(PullCursor, same, full=True)
        .where(func.coalesce(ModuleSetting.link_id, PullCursor.link_id) == link.id)
    ).all()
    return {row[0].module: row[0] for row in rows if row[0]}, {row[1].module: row[1] for row in rows if row[1]}


def _freshness(cursor: PullCursor | None) -> tuple[datetime | None, datetime | None, str]:
    if cursor is None or cursor.next_look_at is None:
        return None, None, ""
    return cursor.looked_at, cursor.next_look_at, cursor.problem


def _is_troubled() -> ColumnElement[bool]:
    return and_(MirrorRecord.state.in_(rules.TROUBLED))


def _count(fact: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count().filter(fact)

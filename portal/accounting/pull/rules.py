"""Decisions about reading Zoho's changes, on plain values: where a reading goes on, and when the next one is due."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

# Zoho's stamps have whole seconds, and what it stored late may carry an earlier one: each reading begins a little
# before the last one ended. What is met again changes nothing.
OVERLAP = timedelta(seconds=60)
# A list that cannot be sorted by change is read page by page while records go on changing on pages already read. So
# much earlier than its own begin (by our clock) the next reading starts, however far this one saw.
CLOCKS_DIFFER = timedelta(minutes=5)
_SHARE = 4  # at most a quarter of the day's calls is spent on looking
_USUAL_LIMIT = 1_000  # calls a day, until Zoho has told its own figure
_SHORTEST, _LONGEST_IDLE = timedelta(minutes=2), timedelta(hours=1)
_MOST_DOUBLINGS = 2
# However often Zoho says that something changed: not sooner than this after the last look, and not while less than half
# of the day's calls is left.
AFTER_HINT = timedelta(seconds=60)
AFTER_PROBLEM = timedelta(minutes=15)


@dataclass(frozen=True)
class Place:
    """Where a reading stands: changes from `lower` on, and which page of them comes next."""

    lower: datetime
    page: int = 1


def begin(since: datetime) -> Place:
    return Place(since - OVERLAP)


def go_on(place: Place, stamps: Sequence[datetime], *, is_sorted: bool) -> Place:
    """After a page whose rows carry `stamps`, when there are more.

    A list sorted by change goes on from the last stamp seen, whatever was inserted or deleted before it; only where one
    stamp fills a whole page is the next page of it asked for.
    """
    if is_sorted and stamps and stamps[-1] > place.lower:
        return Place(stamps[-1])
    return Place(place.lower, place.page + 1)


def known_until(
    since: datetime, sure: datetime | None, highest: datetime | None, began_at: datetime, *, pages: int, is_sorted: bool
) -> tuple[datetime, datetime | None]:
    """Up to when changes are known once a reading is through, and up to when once the next one confirms it.

    sure  what the reading before this one left to be confirmed
    In a list that is not sorted by change, a record deleted between two pages moves another one to a page that was read
    already. So what took several pages is read a second time before it counts as known. Never earlier than before.
    """
    reached = max(since, highest or since)
    if pages <= 1 or is_sorted:
        return reached, None
    return max(since, sure or since), max(since, min(reached, began_at - CLOCKS_DIFFER))


def calls_a_day(limit: int | None) -> int:
    return limit or _USUAL_LIMIT


def pause(limit: int | None, calls: int, modules: int, idle_looks: int) -> timedelta:
    """How long to wait before a module is read again: within its share of the day, longer while nothing happens.

    limit    calls a day that Zoho allows, None while it has not said
    calls    what one reading of this module takes
    modules  how many are read in all
    """
    least = timedelta(days=1) * max(calls, 1) * max(modules, 1) * _SHARE / calls_a_day(limit)
    busy = max(least, _SHORTEST)
    doublings: int = min(idle_looks, _MOST_DOUBLINGS)
    return min(busy * (1 << doublings), max(busy, _LONGEST_IDLE))


def may_hurry(limit: int | None, left: int | None) -> bool:
    """May a hint shorten the wait?"""
    return limit is None or left is None or left * 2 >= limit

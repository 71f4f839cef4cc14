"""One run: a storm of so many seconds, then calm, then the laws."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from random import Random

from tests.chaos.acts import Actor
from tests.chaos.acts_there import Bookkeeper
from tests.chaos.invariants import compare, first_broken, unsettled
from tests.chaos.nemesis import Nemesis
from tests.chaos.stage import Stage

STUCK_AFTER_S = 90  # in which nothing that was left has got on; on a busy machine all of it takes far longer


@dataclass(frozen=True)
class Outcome:
    """broken: the first broken law, or nothing. told: what people did and what broke, in order. is_settled: nothing
    was left when it was looked."""

    seed: int
    broken: str
    deeds: int
    strikes: int
    settled_in_s: float
    is_settled: bool
    told: list[str]


@dataclass
class Watch:
    """Tells slow from stuck: by what is left, not by the clock alone.

    left  what is still to do; moved_at: when something of it was last done. What is tried again and again stays in it.
    """

    moved_at: float
    left: frozenset[str] = frozenset()

    def is_stuck(self, left: Iterable[str], now: float) -> bool:
        now_left = frozenset(left)
        if self.left - now_left or not self.left:
            self.moved_at = now
        self.left = now_left
        return now - self.moved_at >= STUCK_AFTER_S


def storm(stage: Stage, seed: int, *, seconds: float = 0, deeds: int = 0) -> Outcome:
    """It lasts until so many seconds have passed and so many deeds are done; something breaks every few deeds."""
    random = Random(seed)
    bookkeepers = [Bookkeeper(firm, Random(random.random())) for firm in stage.firms]
    actors = [Actor(each.firm, Random(random.random()), each) for each in bookkeepers]
    people: list[Actor | Bookkeeper] = [*actors, *actors, *bookkeepers]  # two deeds here for each one there
    nemesis = Nemesis(stage, Random(random.random()))
    ends, until_strike = time.monotonic() + seconds, 2
    while time.monotonic() < ends or sum(each.deeds for each in (*actors, *bookkeepers)) < deeds:
        nemesis.told.append(random.choice(people).act())
        time.sleep(random.uniform(0.0, 0.15))
        until_strike -= 1
        if until_strike == 0:
            nemesis.strike()
            until_strike = random.randint(1, 5)
    nemesis.rest()
    strikes, (settled_in_s, is_settled) = nemesis.strikes, _settle(stage, bookkeepers)
    return Outcome(
        seed,
        first_broken(actors),
        sum(each.deeds for each in (*actors, *bookkeepers)),
        strikes,
        settled_in_s,
        is_settled,
        nemesis.told,
    )


def _settle(stage: Stage, bookkeepers: list[Bookkeeper]) -> tuple[float, bool]:
    """Time is made to pass, so that what rests until Zoho's midnight need not be waited for. The nightly comparison
    comes once, as only it finds what was deleted there; and somebody answers whatever is asked. How long it took, and
    whether all was done: it ends, too, once nothing gets on any more."""
    began, is_compared = time.monotonic(), False
    watch = Watch(began)
    while True:
        stage.let_time_pass()
        time.sleep(5)  # so long that what does not wait has its turn, too
        left = [one for each in bookkeepers for one in (*each.answer_all(), *unsettled(each.firm))]
        if watch.is_stuck(left, time.monotonic()):
            return time.monotonic() - began, False
        if left:
            continue
        if is_compared:
            return time.monotonic() - began, True
        is_compared = True
        for firm in stage.firms:
            compare(firm)

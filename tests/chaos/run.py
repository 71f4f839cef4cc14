"""One run: a storm of so many seconds, then calm, then the laws."""

import time
from dataclasses import dataclass
from random import Random

from tests.chaos.acts import Actor
from tests.chaos.acts_there import Bookkeeper
from tests.chaos.invariants import compare, first_broken, unsettled
from tests.chaos.nemesis import Nemesis
from tests.chaos.stage import Stage

SETTLES_WITHIN_S = 90


@dataclass(frozen=True)
class Outcome:
    """broken: the first broken law, or nothing. told: what people did and what broke, in order."""

    seed: int
    broken: str
    deeds: int
    strikes: int
    settled_in_s: float
    told: list[str]


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
    strikes, settled_in_s = nemesis.strikes, _settle(stage, bookkeepers)
    return Outcome(
        seed,
        first_broken(actors),
        sum(each.deeds for each in (*actors, *bookkeepers)),
        strikes,
        settled_in_s,
        nemesis.told,
    )


def _settle(stage: Stage, bookkeepers: list[Bookkeeper]) -> float:
    """Time is made to pass, so that what rests until Zoho's midnight need not be waited for. The nightly comparison
    comes once, as only it finds what was deleted there; and somebody answers whatever is asked."""
    began, is_compared = time.monotonic(), False
    while time.monotonic() - began < SETTLES_WITHIN_S:
        stage.let_time_pass()
        time.sleep(5)  # so long that what does not wait has its turn, too
        is_asked = [each.answer_all() for each in bookkeepers]
        if any(is_asked) or any(unsettled(firm) for firm in stage.firms):
            continue
        if is_compared:
            break
        is_compared = True
        for firm in stage.firms:
            compare(firm)
    return time.monotonic() - began

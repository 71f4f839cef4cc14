"""One run: a storm of so many seconds, then calm, then the laws."""

import time
from dataclasses import dataclass
from random import Random

from tests.chaos.acts import Actor
from tests.chaos.invariants import first_broken, unsettled
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
    actors = [Actor(firm, Random(random.random())) for firm in stage.firms]
    nemesis = Nemesis(stage, Random(random.random()))
    ends, until_strike = time.monotonic() + seconds, 2
    while time.monotonic() < ends or sum(actor.deeds for actor in actors) < deeds:
        random.choice(actors).act()
        time.sleep(random.uniform(0.0, 0.15))
        until_strike -= 1
        if until_strike == 0:
            nemesis.strike()
            until_strike = random.randint(1, 5)
    nemesis.rest()
    settled_in_s = _settle(stage)
    return Outcome(
        seed, first_broken(actors), sum(actor.deeds for actor in actors), len(nemesis.told), settled_in_s, nemesis.told
    )


def _settle(stage: Stage) -> float:
    """Time is made to pass, so that what rests until Zoho's midnight need not be waited for."""
    began = time.monotonic()
    while time.monotonic() - began < SETTLES_WITHIN_S and any(unsettled(firm) for firm in stage.firms):
        stage.let_time_pass()
        time.sleep(5)  # so long that what does not wait has its turn, too
    return time.monotonic() - began

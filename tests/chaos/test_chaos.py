"""A short storm in the suite; `make chaos` is the long one."""

from tests.chaos.run import storm
from tests.chaos.stage import stage_in
from tests.conftest import World


def test_after_a_short_storm_both_sides_hold_the_same(world: World) -> None:
    with stage_in(world) as stage:
        outcome = storm(stage, seed=20261126, deeds=16)
    assert outcome.strikes > 3
    assert outcome.broken == "", f"seed {outcome.seed}\n" + "\n".join(outcome.told)

"""`python -m tests.chaos [--seconds N] [--seed N]`: prints the seed and the first broken law, and then fails."""

import argparse
import secrets
import signal
import sys
from typing import Any

from tests.chaos.run import storm
from tests.chaos.stage import own_world, stage_in

ENDS_WITHIN_S = 900  # after the storm: settling, which ends when nothing gets on, two comparisons and the laws


def _end(*_: Any) -> None:
    raise TimeoutError("BROKEN: the run ends by itself. Where it stood is above.")


def main() -> int:
    parser = argparse.ArgumentParser(prog="chaos", description="Breaks everything for a while, then checks the laws.")
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    options = parser.parse_args()
    print(f"seed {options.seed}, {options.seconds:.0f} s", flush=True)
    signal.signal(signal.SIGALRM, _end)
    signal.alarm(int(options.seconds) + ENDS_WITHIN_S)
    with own_world() as world, stage_in(world) as stage:
        outcome = storm(stage, options.seed, seconds=options.seconds)
    signal.alarm(0)
    settled = "settled" if outcome.is_settled else "stuck"
    print(f"{outcome.deeds} deeds, {outcome.strikes} strikes, {settled} after {outcome.settled_in_s:.0f} s")
    if outcome.broken:
        print("\n".join(f"  {one}" for one in outcome.told[-20:]))
        print(f"seed {outcome.seed}\n{outcome.broken}")
        return 1
    print("All laws hold.")
    return 0


if __name__ == "__main__":
    sys.exit(main())

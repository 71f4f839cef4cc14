"""`python -m tests.chaos [--seconds N] [--seed N]`: prints the seed and the first broken law, and then fails."""

import argparse
import secrets
import sys

from tests.chaos.run import storm
from tests.chaos.stage import own_world, stage_in


def main() -> int:
    parser = argparse.ArgumentParser(prog="chaos", description="Breaks everything for a while, then checks the laws.")
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    options = parser.parse_args()
    print(f"seed {options.seed}, {options.seconds:.0f} s", flush=True)
    with own_world() as world, stage_in(world) as stage:
        outcome = storm(stage, options.seed, seconds=options.seconds)
    print(f"{outcome.deeds} deeds, {outcome.strikes} strikes, settled in {outcome.settled_in_s:.0f} s")
    if outcome.broken:
        print("\n".join(f"  {one}" for one in outcome.told[-20:]))
        print(f"seed {outcome.seed}\n{outcome.broken}")
        return 1
    print("All laws hold.")
    return 0


if __name__ == "__main__":
    sys.exit(main())

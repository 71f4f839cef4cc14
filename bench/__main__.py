"""`python -m bench [NAME…]`: measures the promised figures, all or the named ones, and says which are not met."""

import argparse
import importlib
import time

from bench.figures import Figure, summary
from bench.stage import Stage

# Times first, while this process and its tables are small; then what only counts; the demo beside it last.
NAMES = (
    "pay_page_time", "billing_rate", "statements", "zoho_calls", "zoho_reading", "mirror_rate", "jobs_and_memory",
    "page_weight", "papers", "poor_line", "crowd",
)  # fmt: skip
# Only by name: they take minutes to an hour.
LONG = ("backfill", "backfill_longer")


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="bench", description="Measures what was promised. It informs, it never fails."
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of: {', '.join(NAMES + LONG)}")
    names = parser.parse_args().names
    unknown = set(names) - set(NAMES + LONG)
    if unknown:
        parser.error(f"no such figure: {', '.join(sorted(unknown))}; choose from {', '.join(NAMES + LONG)}")
    with Stage() as stage:
        figures = [figure for name in names or NAMES for figure in _measure(name, stage)]
    print("\n" + summary(figures))
    missed = [each for each in figures if each.is_met is False]
    print(f"\nNOT MET: {'; '.join(each.promise for each in missed)}" if missed else "\nAll that was promised is met.")


def _measure(name: str, stage: Stage) -> list[Figure]:
    began = time.monotonic()
    print(f"\n{name}", flush=True)
    figures: list[Figure] = importlib.import_module(f"bench.{name}").measure(stage)
    for each in figures:
        print(f"  {each.promise}: {each.figure} {each.verdict}")
    print(f"  ({time.monotonic() - began:.0f} s)", flush=True)
    return figures


if __name__ == "__main__":
    main()

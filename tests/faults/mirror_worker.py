"""A process that looks after organisations until it is killed: what a worker does, without the queue.

    python -m tests.faults.mirror_worker [--window SECONDS] [--clock SECONDS] ORGANISATION…

It says "look" on standard output before each round. --window shortens the budget's minute. --clock: its machine's clock
is ahead by so much, or behind; it goes on at its own pace, and the database's is another machine's.
"""

import argparse
import os
import time
from datetime import UTC, datetime, timedelta

import time_machine

from portal.accounting import rules
from portal.config import read_settings
from portal.shared import queues, running
from workers.mirror_jobs import look


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--window", type=float)
    parser.add_argument("--clock", type=float, default=0)
    parser.add_argument("organisations", type=int, nargs="+")
    options = parser.parse_args()
    if options.window:
        rules.WINDOW = timedelta(seconds=options.window)
    if options.clock:
        time_machine.travel(datetime.now(UTC) + timedelta(seconds=options.clock), tick=True).start()
    running.start(read_settings(os.environ), pool_size=2)
    queues.use(None)
    while True:
        print("look", flush=True)
        for organisation_id in options.organisations:
            look(organisation_id)
        time.sleep(0.05)


if __name__ == "__main__":
    main()

"""Launchers in processes of their own, so that they can be killed or run by somebody else."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from portal.embedded import leftovers

CHECKOUT = Path(__file__).resolve().parents[3]

START_BOTH = """
import sys
from pathlib import Path
import portal.embedded.postgres, portal.embedded.redis
{first}
postgres = portal.embedded.postgres.start_postgres(Path(sys.argv[1]))
redis = portal.embedded.redis.start_redis(Path(sys.argv[1]))
print(postgres.pid, redis.pid, flush=True)
sys.stdin.read()
"""

START_ONE = """
import os, sys
from pathlib import Path
from portal.embedded.{server} import start_{server}
with start_{server}(Path(sys.argv[1])) as server:
    print(os.stat(f"/proc/{{server.pid}}").st_uid)
"""

# Death signal 0 is none: as where the kernel cannot tie a child to its parent.
UNTIED = """
for module in (portal.embedded.postgres, portal.embedded.redis):
    tie = module.tethered
    module.tethered = lambda argv, tie=tie, **options: tie(argv, **options | {"at_parents_death": 0})
"""


def environment() -> dict[str, str]:
    """Also the libraries of this Python, for one that is not in its virtualenv."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(CHECKOUT), *filter(None, sys.path)])}


class Launcher:
    """Has started PostgreSQL and Redis in `state_dir`, and waits to be killed."""

    def __init__(self, state_dir: Path, *, first: str = "") -> None:
        program = START_BOTH.format(first=first)
        self.process = subprocess.Popen(
            [sys.executable, "-c", program, str(state_dir)],
            env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        self.postgres_pid, self.redis_pid = (int(pid) for pid in self.process.stdout.readline().split())

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()

    @property
    def servers_run(self) -> bool:
        return leftovers.runs(self.postgres_pid, mentioning="postgres") or leftovers.runs(
            self.redis_pid, mentioning="redis"
        )


def wait_until(fact: Callable[[], bool], what: str, *, within_s: float = 20) -> None:
    deadline = time.monotonic() + within_s
    while not fact():
        assert time.monotonic() < deadline, f"not within {within_s} s: {what}"
        time.sleep(0.01)

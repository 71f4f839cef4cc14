"""The whole demo as its users run it: one command, everything real, in a folder of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[1]
START_WITHIN_S, STOP_WITHIN_S = 120, 20


@dataclass
class RunningDemo:
    """A demo that runs, and what it wrote down about itself."""

    process: subprocess.Popen[bytes]
    state: Path
    facts: dict[str, Any]

    @property
    def portal(self) -> str:
        return str(self.facts["addresses"]["portal"])

    def sign_in(self, role: str, firm: str = "Northgate Heating") -> dict[str, str]:
        found: dict[str, str] = self.facts["sign_ins"][firm][role]
        return found

    def books(self, firm: str = "Northgate Heating") -> str:
        return str(self.facts["stand_ins"]["zoho"][firm]["books"])


@contextmanager
def running_demo(state: Path) -> Iterator[RunningDemo]:
    """Starts `portal demo` in `state` and stops it as Ctrl-C does."""
    log = (state / "demo.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "portal", "demo"], cwd=ROOT, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
        env={**os.environ, "PORTAL_STATE": str(state), "PYTHONPATH": str(ROOT)}, start_new_session=True,
    )  # fmt: skip
    try:
        wait_until(lambda: (state / "demo.json").exists() or process.poll() is not None, START_WITHIN_S, "the demo")
        if process.poll() is not None:
            raise RuntimeError((state / "demo.log").read_text(errors="replace")[-3000:])
        yield RunningDemo(process, state, json.loads((state / "demo.json").read_text(encoding="utf-8")))
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(STOP_WITHIN_S)
        log.close()


def wait_until(question: Callable[[], T], within_s: float, what: str) -> T:
    """Asks until the answer is truthy. Raises TimeoutError naming what was waited for."""
    deadline = time.monotonic() + within_s
    while True:
        answer = question()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come within {within_s} s")
        time.sleep(0.05)  # between two questions, not instead of one

"""Real worker processes, as `portal worker` and `portal schedule` start them."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STOP_WITHIN_S = 15


@contextmanager
def running_processes(environ: dict[str, str], *verbs: str) -> Iterator[list[subprocess.Popen[bytes]]]:
    """One process for each of `verbs`, for example "worker mirror" or "schedule"; all are ended afterwards."""
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "portal", *verb.split()], cwd=ROOT, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, **environ, "PYTHONPATH": str(ROOT)},
        )
        for verb in verbs
    ]  # fmt: skip
    try:
        yield started
    finally:
        for process in started:
            process.send_signal(signal.SIGTERM)
        for process in started:
            try:
                process.wait(STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

"""Servers whose launcher died without stopping them, and the process ids they leave in files."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path


def pid_in(path: Path) -> int | None:
    """The process id on the first line of a pid file; None when there is no file or no number."""
    try:
        return int(path.read_text(encoding="utf-8").splitlines()[0])
    except (FileNotFoundError, IndexError, ValueError):
        return None


def runs(pid: int | None, *, mentioning: str) -> bool:
    """Whether the process lives and its command line holds `mentioning`: another may have got its id since."""
    return pid is not None and mentioning in _command_line(pid)


def _command_line(pid: int) -> str:
    if Path("/proc/self/cmdline").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            return ""
    if shutil.which("ps") is None:
        return ""
    asked = subprocess.run(["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return asked.stdout


def end(pid: int, signals: Sequence[signal.Signals], *, mentioning: str, patience_s: float = 5) -> None:
    """End a process that is not our child: one signal after the other until it is gone."""
    for number in (*signals, signal.SIGKILL):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + patience_s
        while runs(pid, mentioning=mentioning):
            if time.monotonic() > deadline:
                break
            time.sleep(0.02)
        else:
            return

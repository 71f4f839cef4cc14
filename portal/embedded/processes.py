"""Child processes that start together, are kept alive, and leave nothing behind."""

import contextlib
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

from portal.embedded.errors import CannotStart
from portal.embedded.interruption import ignore_stop_signals, say
from portal.embedded.tether import tethered

LONGEST_PAUSE_S = 30.0
SETTLED_AFTER_S = 60.0  # a child that lived this long starts again without a pause
POLL_S = 0.05

# Proxies are for the world outside, never for the loopback address.
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def answers(url: str) -> Callable[[], bool]:
    """A readiness test: somebody answers there, with anything but a server's error."""

    def ask() -> bool:
        try:
            with _direct.open(url, timeout=2):
                return True
        except urllib.error.HTTPError as refusal:
            return refusal.code < 500
        except OSError:
            return False

    return ask


@dataclass(frozen=True)
class Child:
    """How one child process is run.

    env               its whole environment
    is_ready          None when it is ready as soon as it runs
    at_parents_death  SIGTERM for one that has children of its own to end
    """

    name: str
    argv: list[str]
    env: Mapping[str, str]
    log_path: Path
    is_ready: Callable[[], bool] | None = None
    at_parents_death: signal.Signals = signal.SIGTERM


@dataclass
class _Running:
    child: Child
    process: subprocess.Popen[bytes]
    started_at: float
    crashes: int = 0
    restart_at: float | None = None


@dataclass
class Supervisor:
    """Starts children in groups, restarts what crashes, stops the groups in reverse order.

    Use it as a context manager, in the main thread and inside stop_signals(): on the way out every child is stopped.
    """

    grace_s: float = 5.0
    first_pause_s: float = 1.0
    _groups: list[list[_Running]] = field(default_factory=list)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        ignore_stop_signals()
        self.stop()

    def start(self, *children: Child) -> None:
        """Start the children as one group, without waiting for them."""
        group: list[_Running] = []
        self._groups.append(group)
        for child in children:
            running = _Running(child, _launch(child), time.monotonic())
            group.append(running)

    def wait_until_ready(self, within_s: float) -> None:
        """Wait for all children started so far. Raises CannotStart when one dies or is late."""
        deadline = time.monotonic() + within_s
        waiting = [running for running in self._all() if running.child.is_ready]
        while waiting:
            for running in waiting:
                _check_alive(running)
            waiting = [running for running in waiting if not _is_ready(running.child)]
            if waiting and time.monotonic() > deadline:
                late = waiting[0].child
                raise CannotStart(f"{late.name} did not answer within {within_s:.0f} s: see {late.log_path}.")
            time.sleep(POLL_S if waiting else 0)

    def attend(self) -> None:
        """Look at each child once: start again what has crashed."""
        for running in self._all():
            self._attend_to(running)

    def _attend_to(self, running: _Running) -> None:
        now = time.monotonic()
        if running.restart_at is not None:
            if now >= running.restart_at:
                running.process, running.started_at = _launch(running.child), now
                running.restart_at = None
            return
        if running.process.poll() is None:
            return
        _signal_group(running.process, signal.SIGKILL)  # children of its own may have stayed, on its port
        running.crashes = 0 if now - running.started_at > SETTLED_AFTER_S else running.crashes + 1
        pause_s = min(self.first_pause_s * 2 ** max(running.crashes - 1, 0), LONGEST_PAUSE_S)
        running.restart_at = now + pause_s
        say(f"{running.child.name} ended with {_ending(running.process)}; again in {pause_s:.0f} s.")

    def _all(self) -> Iterable[_Running]:
        return (running for group in self._groups for running in group)

    def stop(self) -> None:
        """Stop every child, the group that was started last first."""
        while self._groups:
            _end_group(self._groups.pop(), self.grace_s)


def watch(*supervisors: Supervisor) -> NoReturn:
    """Keep all their children alive until a signal raises StopRequested."""
    while True:
        for supervisor in supervisors:
            supervisor.attend()
        time.sleep(POLL_S)


def _launch(child: Child) -> subprocess.Popen[bytes]:
    child.log_path.parent.mkdir(parents=True, exist_ok=True)
    argv = tethered(child.argv, at_parents_death=child.at_parents_death)
    with child.log_path.open("ab") as log:
        # A session of its own: Ctrl-C reaches only us, and we decide in which order the children stop.
        return subprocess.Popen(
            argv,
            env=dict(child.env),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def _is_ready(child: Child) -> bool:
    return child.is_ready is None or child.is_ready()


def _check_alive(running: _Running) -> None:
    if running.process.poll() is not None:
        child = running.child
        raise CannotStart(f"{child.name} ended with {_ending(running.process)}: see {child.log_path}.")


def _ending(process: subprocess.Popen[bytes]) -> str:
    code = process.returncode
    return signal.Signals(-code).name if code < 0 else f"status {code}"


def _end_group(group: list[_Running], grace_s: float) -> None:
    for running in reversed(group):
        _signal_group(running.process, signal.SIGTERM)
    deadline = time.monotonic() + grace_s
    for running in reversed(group):
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.process.wait(max(deadline - time.monotonic(), 0))
        # Also when it ended by itself: children of its own may have stayed.
        _signal_group(running.process, signal.SIGKILL)
        running.process.wait()


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)

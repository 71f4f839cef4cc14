"""Children are real processes; what they do is said in one line of Python."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from portal.embedded import leftovers
from portal.embedded.errors import CannotStart
from portal.embedded.interruption import StopRequested, stop_signals
from portal.embedded.processes import Child, Supervisor, watch
from tests.portal.embedded.launching import wait_until

WAIT = "import signal; signal.pause()"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); signal.pause()"


def child(tmp_path: Path, name: str, program: str, **options: object) -> Child:
    argv = [sys.executable, "-c", f"import os; print(os.getpid(), flush=True)\n{program}"]
    return Child(name, argv, os.environ, tmp_path / f"{name}.log", **options)  # type: ignore[arg-type]


def lines(tmp_path: Path, name: str) -> list[str]:
    """Whole ones only: whoever is still writing a number must not be killed for it yet."""
    log = tmp_path / f"{name}.log"
    return log.read_text().split("\n")[:-1] if log.exists() else []


def pid_of(tmp_path: Path, name: str) -> int:
    wait_until(lambda: bool(lines(tmp_path, name)), f"{name} has said its process id")
    return int(lines(tmp_path, name)[-1])


def runs(pid: int) -> bool:
    return leftovers.runs(pid, mentioning="-c")


def test_all_children_are_gone_afterwards(tmp_path: Path) -> None:
    with stop_signals(), Supervisor() as supervisor:
        supervisor.start(child(tmp_path, "web", WAIT), child(tmp_path, "mail", WAIT))
        pids = [pid_of(tmp_path, "web"), pid_of(tmp_path, "mail")]
        assert all(runs(pid) for pid in pids)
    assert not any(runs(pid) for pid in pids)


def test_groups_stop_in_reverse_order(tmp_path: Path) -> None:
    farewell = f"""
import signal, sys
def leave(number, frame):
    open({str(tmp_path / "order")!r}, "a").write(sys.argv[1])
    sys.exit()
signal.signal(signal.SIGTERM, leave)
print(os.getpid(), flush=True)
signal.pause()
"""
    with stop_signals(), Supervisor() as supervisor:
        for name in "abc":
            started = child(tmp_path, name, farewell)
            supervisor.start(Child(name, [*started.argv, name], started.env, started.log_path))
            wait_until(lambda name=name: len(lines(tmp_path, name)) == 2, "it listens to signals")
    assert (tmp_path / "order").read_text() == "cba"


def test_one_that_does_not_listen_is_killed_with_its_own_children(tmp_path: Path) -> None:
    parent = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {STUBBORN!r}])\n{STUBBORN}"
    with stop_signals(), Supervisor(grace_s=0.1) as supervisor:
        supervisor.start(child(tmp_path, "web", parent))
        wait_until(lambda: lines(tmp_path, "web").count("deaf") == 2, "both ignore the polite signal")
        group = int(lines(tmp_path, "web")[0])
    wait_until(lambda: not _group_exists(group), "the whole group is gone")


def _group_exists(group: int) -> bool:
    return any(state != "Z" and int(pgrp) == group for state, _, pgrp, *_ in _stats())


def _stats() -> Iterator[list[str]]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(FileNotFoundError, ProcessLookupError):  # it may end while it is looked at
                yield (folder / "stat").read_text().rpartition(")")[2].split()


def test_a_crashed_child_is_started_again_and_said_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with stop_signals(), Supervisor(first_pause_s=0.01) as supervisor:
        supervisor.start(child(tmp_path, "mail", WAIT))
        pid = pid_of(tmp_path, "mail")
        os.kill(pid, signal.SIGKILL)
        _interrupt_when(lambda: len(lines(tmp_path, "mail")) == 2)
        with pytest.raises(StopRequested):
            watch(supervisor)
    assert "mail ended with SIGKILL" in capsys.readouterr().out
    assert pid_of(tmp_path, "mail") != pid


def _interrupt_when(fact: object) -> None:
    def interrupt() -> None:
        wait_until(fact, "time to interrupt")  # type: ignore[arg-type]
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()


def test_one_that_crashes_at_once_is_given_longer_and_longer_pauses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with stop_signals(), Supervisor(first_pause_s=0.02) as supervisor:
        supervisor.start(child(tmp_path, "mirror", "raise SystemExit(3)"))
        _interrupt_when(lambda: len(lines(tmp_path, "mirror")) == 4)
        with pytest.raises(StopRequested):
            watch(supervisor)
        (running,) = supervisor._all()
        assert running.crashes >= 3
    assert "mirror ended with status 3" in capsys.readouterr().out


def test_readiness_is_waited_for(tmp_path: Path) -> None:
    with stop_signals(), Supervisor() as supervisor:
        supervisor.start(child(tmp_path, "web", WAIT, is_ready=lambda: bool(lines(tmp_path, "web"))))
        supervisor.wait_until_ready(20)
        assert lines(tmp_path, "web")


def test_a_child_that_is_late_is_named(tmp_path: Path) -> None:
    with stop_signals(), Supervisor() as supervisor:
        supervisor.start(child(tmp_path, "web", WAIT, is_ready=lambda: False))
        with pytest.raises(CannotStart, match=r"web did not answer.*web\.log"):
            supervisor.wait_until_ready(0.1)


def test_a_child_that_dies_before_it_is_ready_is_named(tmp_path: Path) -> None:
    with stop_signals(), Supervisor() as supervisor:
        supervisor.start(child(tmp_path, "web", "raise SystemExit(1)", is_ready=lambda: False))
        with pytest.raises(CannotStart, match=r"web ended with status 1.*web\.log"):
            supervisor.wait_until_ready(20)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_each_way_of_saying_stop_is_heard_once(number: signal.Signals) -> None:
    with stop_signals():
        with pytest.raises(StopRequested):
            os.kill(os.getpid(), number)
        os.kill(os.getpid(), number)
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL

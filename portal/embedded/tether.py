"""Ties a child process to its parent's life, and gives up root on the way when asked to.

Run as a file it replaces itself by the program it is given, so the process id stays. It is not a `preexec_fn`, which is
unsafe once the parent has threads. It changes the user itself, because the kernel drops the tie at a change of user.

The kernel watches the *thread* that started the child: start children from one that lives as long as they should.
"""

import ctypes
import os
import signal
import sys
from pathlib import Path
from typing import NamedTuple

PR_SET_PDEATHSIG = 1  # linux/prctl.h
NOBODY_ELSE = -1


class Account(NamedTuple):
    """The system account a server runs as."""

    uid: int
    gid: int


def tethered(argv: list[str], *, at_parents_death: signal.Signals, account: Account | None = None) -> list[str]:
    """The command line that runs `argv` so that it gets the signal when the calling process dies."""
    uid, gid = account or Account(NOBODY_ELSE, NOBODY_ELSE)
    settings = [str(int(number)) for number in (at_parents_death, os.getpid(), uid, gid)]
    return [sys.executable, "-I", "-S", str(Path(__file__).resolve()), *settings, *argv]


def _become(account: Account) -> None:
    os.setgroups([account.gid])
    os.setgid(account.gid)
    os.setuid(account.uid)


def _tie_to(parent_pid: int, death_signal: int) -> None:
    """Ask the kernel for the signal; only Linux can. Elsewhere the next start clears away what was left."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    if os.getppid() != parent_pid:  # it died before we asked
        sys.exit(1)


def main(arguments: list[str]) -> None:
    death_signal, parent_pid, uid, gid = (int(number) for number in arguments[:4])
    argv = arguments[4:]
    if uid != NOBODY_ELSE:
        _become(Account(uid, gid))
    _tie_to(parent_pid, death_signal)
    os.execvp(argv[0], argv)  # noqa: S606  becoming the other program is the point


if __name__ == "__main__":
    main(sys.argv[1:])

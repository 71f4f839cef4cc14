"""PostgreSQL's files: where they lie, how they are made, and what a launcher that died left of itself."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from portal.embedded import leftovers
from portal.embedded.binaries import postgres_major
from portal.embedded.errors import CannotStart
from portal.embedded.folders import TEMPORARY_FOLDERS, TemporaryFolder, hand_over, is_usable, temporary_folder
from portal.embedded.roles import SUPERUSER
from portal.embedded.tether import Account, tethered

ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


class Cluster:
    """The folder of one PostgreSQL, in the state folder or where the server's account can reach it."""

    def __init__(self, state_dir: Path, name: str, account: Account | None) -> None:
        self._account = account
        self._elsewhere: TemporaryFolder | None = None
        self.home = state_dir / name
        self.home.mkdir(exist_ok=True)
        with contextlib.suppress(PermissionError):  # a file system that knows no owners
            hand_over(self.home, account)
        if not is_usable(self.home, account):
            parents = dict.fromkeys((*reversed(TEMPORARY_FOLDERS), tempfile.gettempdir()))
            self._elsewhere = temporary_folder(state_dir / f"{name}.elsewhere", parents, account)
            self.home = self._elsewhere.path
        self.data = self.home / "data"

    @property
    def major(self) -> int | None:
        """The PostgreSQL version that made it; None when there is no cluster yet."""
        made_by = self.data / "PG_VERSION"
        return int(made_by.read_text(encoding="ascii")) if made_by.exists() else None

    def make(self, bin_dir: Path, *, durable: bool) -> None:
        """initdb beside its final place, so that one cut short is never taken for a cluster."""
        unfinished = self.home / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        argv = [str(bin_dir / "initdb"), "-D", str(unfinished), "-U", SUPERUSER, "-E", "UTF8"]
        # Who may connect is decided by who may enter the socket's folder.
        argv += ["-A", "trust", "--no-instructions", *_locale_options(bin_dir)]
        argv += [] if durable else ["--no-sync"]
        argv = tethered(argv, at_parents_death=signal.SIGKILL, account=self._account)
        made = subprocess.run(argv, cwd="/", env=ENVIRONMENT, capture_output=True, text=True, check=False)
        if made.returncode != 0:
            raise CannotStart(f"PostgreSQL could not make its cluster: {made.stderr.strip()}")
        unfinished.rename(self.data)

    def clear_leftovers(self) -> None:
        """End a server whose launcher died, and forget one that died itself."""
        pid_file = self.data / "postmaster.pid"
        pid = leftovers.pid_in(pid_file)
        if pid is not None and leftovers.runs(pid, mentioning=str(self.data)):
            leftovers.end(pid, (signal.SIGINT, signal.SIGQUIT), mentioning=str(self.data))
        # PostgreSQL itself would refuse to start when the id now belongs to another of the account's processes.
        pid_file.unlink(missing_ok=True)

    def discard(self) -> None:
        """Remove everything, for a cluster that was only for a test."""
        shutil.rmtree(self.home, ignore_errors=True)
        if self._elsewhere:
            self._elsewhere.discard()


def _locale_options(bin_dir: Path) -> list[str]:
    """Code point order everywhere. From 17 on PostgreSQL brings that locale itself; before, the system must have it."""
    if postgres_major(bin_dir) >= 17:
        return ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return ["--locale=C" if sys.platform == "darwin" else "--locale=C.UTF-8"]

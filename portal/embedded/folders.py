"""Folders a server can really use: reachable for its account, and short enough for a socket's name."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from portal.embedded.errors import CannotStart
from portal.embedded.tether import Account

SOCKET_PATH_LIMIT = 103  # bytes: 107 on Linux, 103 on macOS
TEMPORARY_FOLDERS = ("/tmp", "/var/tmp")  # noqa: S108  what is made there has a random name and is closed to others
LONGEST_SOCKET_NAME = len("/.s.PGSQL.5432.lock")


def server_account() -> Account | None:
    """Who PostgreSQL runs as when we are root, which it refuses; None when we are an ordinary user already."""
    if os.geteuid() != 0:
        return None
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise CannotStart(
            "PostgreSQL will not run as root and this machine has no user `nobody`: run as another user."
        ) from None
    return Account(nobody.pw_uid, nobody.pw_gid)


def succeeds_as(account: Account | None, argv: list[str]) -> bool:
    """Whether the account can run the command; the only honest test of what it can reach."""
    uid, gid, groups = (account.uid, account.gid, [account.gid]) if account else (None, None, None)
    try:
        ran = subprocess.run(
            argv,
            user=uid,
            group=gid,
            extra_groups=groups,
            cwd="/",
            capture_output=True,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return ran.returncode == 0


def hand_over(folder: Path, account: Account | None) -> None:
    """Make the folder the account's alone."""
    folder.chmod(0o700)
    if account:
        os.chown(folder, account.uid, account.gid)


def is_usable(folder: Path, account: Account | None) -> bool:
    """Whether the account can enter the folder, owns it and may write there."""
    owner = account.uid if account else os.geteuid()
    if folder.is_symlink() or not folder.is_dir() or folder.stat().st_uid != owner:
        return False
    return succeeds_as(account, ["/bin/sh", "-c", 'cd "$1" && test -w .', "sh", str(folder)])


class TemporaryFolder(NamedTuple):
    """A folder outside the state folder, and the note in the state folder that tells the next start where it is."""

    path: Path
    note: Path

    def discard(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        self.note.unlink(missing_ok=True)


def temporary_folder(
    note: Path, parents: Iterable[str], account: Account | None, *, longest_path: int | None = None
) -> TemporaryFolder:
    """A folder of the account's own below one of `parents`, the same at each start.

    longest_path  bytes its path may have, when that matters
    """
    if note.exists():
        remembered = Path(note.read_text(encoding="utf-8").strip())
        if is_usable(remembered, account):
            return TemporaryFolder(remembered, note)
    for parent in parents:
        folder = _new_folder(parent, f"portal-{note.stem}-", account, longest_path)
        if folder:
            note.write_text(f"{folder}\n", encoding="utf-8")
            return TemporaryFolder(folder, note)
    raise CannotStart("No temporary folder is fit for the servers: set TMPDIR to one with a short path.")


def _new_folder(parent: str, prefix: str, account: Account | None, longest_path: int | None) -> Path | None:
    try:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    except OSError:
        return None
    hand_over(folder, account)
    fits = longest_path is None or len(os.fsencode(folder)) <= longest_path
    if fits and is_usable(folder, account):
        return folder
    folder.rmdir()
    return None


def socket_folder(state_dir: Path, server: str, account: Account | None = None) -> TemporaryFolder:
    """A folder for the server's socket whose path fits into a socket address, however long the state folder's is."""
    parents = dict.fromkeys((tempfile.gettempdir(), *TEMPORARY_FOLDERS))
    longest = SOCKET_PATH_LIMIT - LONGEST_SOCKET_NAME
    return temporary_folder(state_dir / f"{server}.sockets", parents, account, longest_path=longest)

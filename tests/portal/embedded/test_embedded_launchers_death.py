"""What is left when whoever started the servers dies, and who may start them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from portal.embedded.folders import server_account
from portal.embedded.postgres import start_postgres
from portal.embedded.redis import start_redis
from portal.embedded.tether import Account
from tests.portal.embedded.launching import START_ONE, UNTIED, Launcher, environment, wait_until

TIED = sys.platform == "linux"


@pytest.mark.skipif(not TIED, reason="only Linux ties a child to its parent's life")
def test_nothing_runs_on_when_the_launcher_is_killed(state_dir: Path) -> None:
    launcher = Launcher(state_dir)
    assert launcher.servers_run
    launcher.kill()
    wait_until(lambda: not launcher.servers_run, "both servers are gone")
    with start_postgres(state_dir), start_redis(state_dir):
        assert not launcher.servers_run


def test_servers_that_outlived_their_launcher_are_replaced(state_dir: Path) -> None:
    launcher = Launcher(state_dir, first=UNTIED)
    launcher.kill()
    assert launcher.servers_run
    with start_postgres(state_dir) as postgres, start_redis(state_dir) as redis:
        assert not launcher.servers_run
        assert (postgres.pid, redis.pid) != (launcher.postgres_pid, launcher.redis_pid)


@pytest.mark.parametrize("server", ["postgres", "redis"])
def test_an_ordinary_user_needs_no_rights_at_all(state_dir: Path, server: str) -> None:
    account = server_account()
    if account is None:
        pytest.skip("not root: every other test here runs as an ordinary user")
    os.chown(state_dir, account.uid, account.gid)
    python = _python_for(account, imports=f"portal.embedded.{server}")
    ran = _run_as(account, [python, "-c", START_ONE.format(server=server), str(state_dir)])
    assert ran.returncode == 0, ran.stderr
    assert int(ran.stdout) == account.uid


def _python_for(account: Account, *, imports: str) -> str:
    """This Python may lie below root's home; the system's can use the same libraries when it is of the same version."""
    question = f"import sys; assert sys.version_info[:2] == {sys.version_info[:2]}; import {imports}"
    for python in (sys.executable, "/usr/bin/python3"):
        if _run_as(account, [python, "-c", question]).returncode == 0:
            return python
    pytest.skip("no Python that could run this is open to other users here")


def _run_as(account: Account, argv: list[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            argv, user=account.uid, group=account.gid, extra_groups=[], cwd="/", env=environment(),
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    except PermissionError:
        return subprocess.CompletedProcess(argv, 126, "", "may not be run")

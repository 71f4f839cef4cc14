"""`make demo`: everything on this machine, from the database to the stand-ins, and nothing left behind afterwards."""

import contextlib
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from portal.demo.announcement import announce
from portal.demo.environment import Addresses, demo_environment, given_database, stand_in_environment
from portal.embedded.errors import CannotStart
from portal.embedded.interruption import StopRequested, say, stop_signals
from portal.embedded.locks import AlreadyHeld, FileLock
from portal.embedded.postgres import start_postgres
from portal.embedded.processes import Child, Supervisor, answers, watch
from portal.embedded.redis import start_redis

QUEUES = ("payments", "mirror", "mail", "reports")
READY_WITHIN_S = 60
CHECKOUT = Path(__file__).resolve().parents[2]


def run_demo(state_dir: Path) -> int:
    """Run the demo of a state folder until Ctrl-C. Returns the command's exit status."""
    state_dir = state_dir.resolve()
    state_dir.mkdir(parents=True, exist_ok=True)
    try:
        lock = FileLock(state_dir / "demo.lock")
    except AlreadyHeld as held:
        say(f"{state_dir} is already in use by {held.holder}.")
        return 1
    with stop_signals():
        return _run_until_stopped(state_dir, lock)


def _run_until_stopped(state_dir: Path, lock: FileLock) -> int:
    try:
        with contextlib.ExitStack() as stack:
            _run(state_dir, lock, stack)
    except StopRequested:
        say("Stopped; nothing is left running.")
        return 0
    except CannotStart as problem:
        say(str(problem))
        return 1
    finally:
        (state_dir / "demo.json").unlink(missing_ok=True)
        lock.release()
    return 0


def _run(state_dir: Path, lock: FileLock, stack: contextlib.ExitStack) -> None:
    """Start what takes longest first; what was started last is stopped first."""
    began = time.monotonic()
    (state_dir / "demo.json").unlink(missing_ok=True)  # of one that was killed
    addresses = Addresses.choose()
    lock.describe(f"the demo at {addresses.url('web')} (process {os.getpid()})")
    say("Starting the demo …")
    stand_ins = stack.enter_context(Supervisor())
    stand_ins.start(_stand_ins(state_dir, addresses))
    owner_url, database_url, redis_url = _servers(state_dir, stack)
    _migrate(owner_url)
    environment = demo_environment(state_dir, addresses, database_url=database_url, redis_url=redis_url)
    product = stack.enter_context(Supervisor())
    product.start(*_product(state_dir, addresses, environment))
    stand_ins.wait_until_ready(READY_WITHIN_S)
    facts = _seed(environment, addresses)
    product.wait_until_ready(READY_WITHIN_S)
    announce(state_dir, addresses, environment, facts, time.monotonic() - began)
    watch(stand_ins, product)


def _servers(state_dir: Path, stack: contextlib.ExitStack) -> tuple[str, str, str]:
    """Addresses for the tables' owner, for the product, and of Redis: those of the environment, else embedded ones."""
    redis_url = os.environ.get("REDIS_URL") or stack.enter_context(start_redis(state_dir)).url
    if os.environ.get("DATABASE_URL"):
        return (*given_database(os.environ), redis_url)
    postgres = stack.enter_context(start_postgres(state_dir))
    return postgres.owner_url(), postgres.runtime_url(), redis_url


def _migrate(owner_url: str) -> None:
    from portal.shared.migrate import upgrade_if_needed  # Alembic is slow to import: the servers start meanwhile

    upgrade_if_needed(owner_url)


def _seed(environment: Mapping[str, str], addresses: Addresses) -> dict[str, Any]:
    """Load the believable firms unless they are there. Returns sign-ins, a pay link and the stand-ins' credentials."""
    from portal.config import read_settings
    from portal.demo.seed import load

    return load(read_settings(environment), addresses.stand_ins)


def _stand_ins(state_dir: Path, addresses: Addresses) -> Child:
    argv = [sys.executable, "-m", "sandbox"]
    for name in ("zoho", "stripe", "mailbox", "smtp", "twilio"):
        argv += [f"--{name}-port", str(addresses.ports[name])]
    argv += ["--state", str(state_dir / "sandbox")]
    asked = [answers(url) for url in addresses.stand_ins.values()]
    return _child(state_dir, "stand-ins", argv, stand_in_environment(), is_ready=lambda: all(ask() for ask in asked))


def _product(state_dir: Path, addresses: Addresses, environment: Mapping[str, str]) -> list[Child]:
    web = [sys.executable, "-m", "granian", "--interface", "wsgi", "--workers", "2", "--blocking-threads", "2"]
    web += ["--host", "127.0.0.1", "--port", str(addresses.ports["web"]), "--respawn-failed-workers"]
    web += ["--workers-kill-timeout", "3", "--no-ws", "--log-level", "warning", "portal.wsgi:app"]
    portal = [sys.executable, "-m", "portal"]
    return [
        _child(state_dir, "web", web, environment, is_ready=answers(addresses.url("web"))),
        *(_child(state_dir, f"worker-{queue}", [*portal, "worker", queue], environment) for queue in QUEUES),
        _child(state_dir, "schedule", [*portal, "schedule"], environment),
    ]


def _child(
    state_dir: Path, name: str, argv: list[str], env: Mapping[str, str], *, is_ready: Callable[[], bool] | None = None
) -> Child:
    path = os.pathsep.join(filter(None, (str(CHECKOUT), env.get("PYTHONPATH"))))
    return Child(name, argv, {**env, "PYTHONPATH": path}, state_dir / "logs" / f"{name}.log", is_ready)

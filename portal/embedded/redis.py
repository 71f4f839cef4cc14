"""A Redis of our own in a state folder: unix socket only, because the bundled version is too old to show a network."""

import contextlib
import shutil
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import redis

from portal.embedded import leftovers
from portal.embedded.binaries import redis_server
from portal.embedded.errors import CannotStart
from portal.embedded.folders import socket_folder
from portal.embedded.locks import AlreadyHeld, FileLock
from portal.embedded.tether import tethered

READY_WITHIN_S = 20
STOPPED_WITHIN_S = 5


class EmbeddedRedis:
    """A running server. Use it as a context manager, or call stop(). After kill(), start() brings it back."""

    def __init__(self, state_dir: Path, name: str, lock: FileLock, *, durable: bool) -> None:
        self._program = redis_server()
        self._lock = lock
        self._durable = durable
        self._folder = state_dir / name
        self._log_path = state_dir / f"{name}.log"
        self._pid_path = state_dir / f"{name}.pid"
        self._socket_folder = socket_folder(state_dir, name)
        self._socket = str(self._socket_folder.path / "redis.sock")
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """What REDIS_URL should be."""
        return f"unix://{quote(self._socket)}?db=0"

    @property
    def pid(self) -> int:
        """The server's process id."""
        if self._server is None:
            raise CannotStart("This Redis was stopped.")
        return self._server.pid

    def start(self) -> None:
        """Start the server and wait until it answers. Wake-up calls it cannot read any more are thrown away."""
        self._clear_leftovers()
        if self._launch():
            return
        # What Redis holds may be lost at any moment: files of another version or cut by a power loss are no loss.
        shutil.rmtree(self._folder, ignore_errors=True)
        if not self._launch():
            raise CannotStart(f"Redis did not start, see {self._log_path}.")

    def flush(self) -> None:
        """Forget every key."""
        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    def kill(self) -> None:
        """End the server as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Stop the server and give the state folder free; nothing happens the second time."""
        self._end(signal.SIGTERM)
        self._socket_folder.discard()
        self._lock.release()

    def _clear_leftovers(self) -> None:
        pid = leftovers.pid_in(self._pid_path)
        if pid is not None and leftovers.runs(pid, mentioning=self._socket):
            leftovers.end(pid, (signal.SIGTERM,), mentioning=self._socket)
        self._pid_path.unlink(missing_ok=True)
        Path(self._socket).unlink(missing_ok=True)

    def _launch(self) -> bool:
        self._folder.mkdir(exist_ok=True)
        argv = tethered([str(self._program), *self._settings()], at_parents_death=signal.SIGTERM)
        with self._log_path.open("ab") as log:
            self._server = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", start_new_session=True
            )
        self._pid_path.write_text(str(self._server.pid), encoding="ascii")
        return self._becomes_ready(self._server)

    def _settings(self) -> list[str]:
        settings = {
            "port": "0",
            "unixsocket": self._socket,
            "unixsocketperm": "600",
            "dir": str(self._folder),
            "save": "",
            "appendonly": "yes" if self._durable else "no",
            "appendfsync": "everysec",
            "maxmemory-policy": "noeviction",  # a key dropped in silence would be a job lost in silence
        }
        return [word for name, value in settings.items() for word in (f"--{name}", value)]

    def _becomes_ready(self, server: subprocess.Popen[bytes]) -> bool:
        deadline = time.monotonic() + READY_WITHIN_S
        with redis.Redis.from_url(self.url) as client:
            while server.poll() is None and time.monotonic() < deadline:
                # Not there yet, or still reading its file.
                with contextlib.suppress(redis.ConnectionError):
                    return bool(client.ping())
                time.sleep(0.005)
        self._end(signal.SIGKILL)
        return False

    def _end(self, number: signal.Signals) -> None:
        if self._server is None:
            return
        self._server.send_signal(number)
        try:
            self._server.wait(STOPPED_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()
        self._server = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start_redis(state_dir: Path, *, durable: bool = True) -> EmbeddedRedis:
    """Start the Redis of a state folder and wait until it answers. Raises CannotStart.

    durable  False for tests: nothing is written to disk
    """
    state_dir = state_dir.resolve()
    state_dir.mkdir(parents=True, exist_ok=True)
    name = "redis" if durable else "redis-throwaway"
    try:
        lock = FileLock(state_dir / f"{name}.lock")
    except AlreadyHeld as held:
        raise CannotStart(f"The Redis in {state_dir} is in use by {held.holder}.") from None
    try:
        server = EmbeddedRedis(state_dir, name, lock, durable=durable)
    except BaseException:
        lock.release()
        raise
    try:
        server.start()
    except BaseException:
        server.stop()
        raise
    return server

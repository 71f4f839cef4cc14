"""A PostgreSQL of our own in a state folder: unix socket only, no installation, as a user or as root."""

import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import psycopg

from portal.embedded import roles
from portal.embedded.binaries import postgres_binaries
from portal.embedded.cluster import ENVIRONMENT, Cluster
from portal.embedded.errors import CannotStart
from portal.embedded.folders import server_account, socket_folder
from portal.embedded.locks import AlreadyHeld, FileLock
from portal.embedded.tether import tethered

READY_WITHIN_S = 60  # a start after a power loss replays the log first
STOPPED_WITHIN_S = 10

_SETTINGS = {"timezone": "UTC", "log_timezone": "UTC", "listen_addresses": "", "port": "5432", "jit": "off"}
# A test's cluster is thrown away with its folder: nothing in it has to survive a power loss.
_THROWAWAY_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
}


class EmbeddedPostgres:
    """A running server. Use it as a context manager, or call stop()."""

    def __init__(self, state_dir: Path, name: str, lock: FileLock, *, durable: bool) -> None:
        self._lock = lock
        self._durable = durable
        self._account = server_account()
        self._cluster = Cluster(state_dir, name, self._account)
        self._socket_folder = socket_folder(state_dir, name, self._account)
        self._sockets = str(self._socket_folder.path)
        self._log_path = state_dir / f"{name}.log"
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The postmaster's process id."""
        if self._server is None:
            raise CannotStart("This PostgreSQL was stopped.")
        return self._server.pid

    def owner_url(self, database: str = roles.MAIN_DATABASE) -> str:
        """For migrations: the role that owns the tables."""
        return self._url(roles.OWNER, database)

    def runtime_url(self, database: str = roles.MAIN_DATABASE) -> str:
        """For the running product: row-level security applies to this role."""
        return self._url(roles.RUNTIME, database)

    def superuser_url(self, database: str = roles.MAIN_DATABASE) -> str:
        """For looking into the cluster from outside the product."""
        return self._url(roles.SUPERUSER, database)

    def _url(self, role: str, database: str) -> str:
        # The port is named because PGPORT in somebody's environment would otherwise change the socket's name.
        return f"postgresql+psycopg://{role}@/{quote(database)}?host={quote(self._sockets)}&port=5432"

    def create_database(self, name: str, template: str | None = None) -> None:
        """A new database of portal_owner's, empty or a copy of `template` (to which nobody may be connected)."""
        with roles.connect(self._sockets, roles.SUPERUSER) as connection:
            roles.create_database(connection, name, template=template)

    def drop_database(self, name: str) -> None:
        """Drop the database, even while somebody is connected to it; nothing happens when there is none."""
        with roles.connect(self._sockets, roles.SUPERUSER) as connection:
            roles.drop_database(connection, name)

    def start(self) -> None:
        """Start the server, making its cluster the first time, and wait until it answers."""
        cluster = self._cluster
        cluster.clear_leftovers()
        bin_dir = postgres_binaries(cluster.home, self._account, major=cluster.major)
        if cluster.major is None:
            cluster.make(bin_dir, durable=self._durable)
        argv = [str(bin_dir / "postgres"), "-D", str(cluster.data), *self._settings()]
        # SIGINT is PostgreSQL's fast shutdown: sessions are cut, the files are left in order.
        argv = tethered(argv, at_parents_death=signal.SIGINT, account=self._account)
        with self._log_path.open("ab") as log:
            self._server = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", env=ENVIRONMENT,
                start_new_session=True,
            )  # fmt: skip
        self._wait_until_ready(self._server)
        roles.prepare_cluster(self._sockets)

    def _settings(self) -> list[str]:
        settings = {**_SETTINGS, "unix_socket_directories": self._sockets}
        if not self._durable:
            settings |= _THROWAWAY_SETTINGS
        return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]

    def _wait_until_ready(self, server: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + READY_WITHIN_S
        while True:
            try:
                roles.connect(self._sockets, roles.SUPERUSER).close()
                return
            except psycopg.OperationalError as problem:
                if server.poll() is not None or time.monotonic() > deadline:
                    raise CannotStart(f"PostgreSQL did not start, see {self._log_path}: {problem}") from None
            time.sleep(0.005)

    def stop(self) -> None:
        """Stop the server and give the state folder free; nothing happens the second time."""
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            if self._ended_by(number):
                break
        self._server = None
        self._socket_folder.discard()
        if not self._durable:
            self._cluster.discard()
        self._lock.release()

    def _ended_by(self, number: signal.Signals) -> bool:
        if self._server is None:
            return True
        self._server.send_signal(number)
        try:
            self._server.wait(STOPPED_WITHIN_S)
        except subprocess.TimeoutExpired:
            return False
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start_postgres(state_dir: Path, *, durable: bool = True) -> EmbeddedPostgres:
    """Start the PostgreSQL of a state folder and wait until it answers.

    durable  False for tests: faster, always a new cluster, gone when stopped
    Raises CannotStart, with one sentence for the person at the keyboard. Call it from a thread that lives as
    long as the server should (see tether).
    """
    state_dir = state_dir.resolve()
    state_dir.mkdir(parents=True, exist_ok=True)
    name = "postgres" if durable else "postgres-throwaway"
    try:
        lock = FileLock(state_dir / f"{name}.lock")
    except AlreadyHeld as held:
        raise CannotStart(f"The PostgreSQL in {state_dir} is in use by {held.holder}.") from None
    try:
        server = EmbeddedPostgres(state_dir, name, lock, durable=durable)
    except BaseException:
        lock.release()
        raise
    try:
        server.start()
    except BaseException:
        server.stop()
        raise
    return server

"""What the run stands on: real servers, a stand-in, two firms linked to it, and the worker processes."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from portal.accounting import directions
from portal.config import read_settings
from portal.embedded.postgres import start_postgres
from portal.embedded.redis import start_redis
from portal.shared import queues, running
from portal.shared.migrate import upgrade
from portal.shared.running import job_session
from tests.builders import make_firm
from tests.conftest import KEYS, World
from tests.portal.accounting.both_ways import look_soon
from tests.portal.accounting.stand_in import LinkedFirm, ZohoStandIn, connect, zoho_of

ROOT = Path(__file__).resolve().parents[2]
VERBS = ("worker mirror", "worker mirror", "schedule")


@contextmanager
def own_world() -> Iterator[World]:
    """Servers of one's own, for a run outside the suite."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="portal-chaos-")))
        postgres = stack.enter_context(start_postgres(folder, durable=False))
        redis = stack.enter_context(start_redis(folder, durable=False))
        upgrade(postgres.owner_url("portal"))
        postgres.create_database("chaos", template="portal")
        environ = KEYS | {
            "DATABASE_URL": postgres.runtime_url("chaos"), "REDIS_URL": redis.url, "PUBLIC_URL": "http://portal.test",
            "PORTAL_ENV": "test", "SMTP_URL": "smtp://127.0.0.1:9",
        }  # fmt: skip
        here = running.start(read_settings(environ))
        yield World(postgres, redis, "chaos", environ)
        here.engine.dispose()
        here.redis.close()


@dataclass
class Stage:
    """Two firms, one in each product, kept from both sides in all, and the processes that look after them."""

    world: World
    zoho: ZohoStandIn
    firms: list[LinkedFirm]
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, at: int) -> None:
        """The worker of this place, again."""
        argv = [sys.executable, "-m", "tests.chaos.process", *VERBS[at].split()]
        environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **self.world.environ}
        process = subprocess.Popen(
            argv, cwd=ROOT, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        if at < len(self.workers):
            self.workers[at] = process
        else:
            self.workers.append(process)

    def kill(self, at: int) -> None:
        self.workers[at].send_signal(signal.SIGKILL)
        self.workers[at].wait()

    def let_time_pass(self) -> None:
        """What rests or is put off is due now. Leases run out by themselves, as people's locks do."""
        for firm in self.firms:
            firm.change("UPDATE mirror_records SET next_try_at = clock_timestamp()")
            firm.change("UPDATE links SET quiet_until = NULL")
            look_soon(firm)


@contextmanager
def stage_in(world: World) -> Iterator[Stage]:
    with zoho_of(world) as zoho:
        queues.use(running.here().redis)
        firms = [connect(zoho, make_firm()), connect(zoho, make_firm(name="Rival Plumbing"), product="invoice")]
        for firm in firms:
            with job_session(firm.organisation_id) as session:
                for module in directions.modules():
                    directions.keep(session, firm.link(), module, directions.BOTH)
        stage = Stage(world, zoho, firms)
        try:
            for at in range(len(VERBS)):
                stage.start(at)
            yield stage
        finally:
            for process in stage.workers:
                process.kill()
                process.wait()

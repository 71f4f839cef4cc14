"""What breaks: workers die and freeze, Redis forgets, the database hangs up, Zoho answers wrongly or not at all."""

import signal
from contextlib import ExitStack
from dataclasses import dataclass, field
from random import Random

from sqlalchemy import create_engine, text

from tests.chaos.stage import VERBS, Stage

FAULTS = (
    "error_500_after", "cut_after", "garbage", "error_500_before", "hang", "slow", "unauthorized_57", "code_44",
    "code_45", "code_1070",
)  # fmt: skip
PATHS = ("/invoices", "/customerpayments", "/contacts", "/items", "/settings/taxes", "/status/", "")


@dataclass
class Nemesis:
    """Breaks one thing after another; told: what it did, for whoever reads of a find."""

    stage: Stage
    random: Random
    told: list[str] = field(default_factory=list)
    strikes: int = 0
    _frozen: set[int] = field(default_factory=set)

    def strike(self) -> None:
        deed = self.random.choices(
            (self._fault, self._kill, self._freeze, self._thaw, self._forget, self._power_cut, self._hang_up,
             self._time),
            weights=(8, 3, 2, 3, 2, 1, 2, 4),
        )[0]  # fmt: skip
        self.strikes += 1
        self.told.append(f"{deed.__name__[1:]} {deed()}".strip())

    def rest(self) -> None:
        """All is well again; whoever died is started again."""
        self.stage.zoho.mend()
        for at in list(self._frozen):
            self._wake(at)
        for at, process in enumerate(self.stage.workers):
            if process.poll() is not None:
                self.stage.start(at)

    def _fault(self) -> str:
        kind, path = self.random.choice(FAULTS), self.random.choice(PATHS)
        method, times = self.random.choice(("POST", "POST", "PUT", "GET")), self.random.randint(1, 3)
        self.stage.zoho.break_down(kind, method=method, path=path, times=times, seconds=self.random.choice((1, 2)))
        return f"{kind} {method} {path} x{times}"

    def _kill(self) -> str:
        at = self.random.randrange(len(VERBS))
        self._frozen.discard(at)
        self.stage.kill(at)
        self.stage.start(at)
        return VERBS[at]

    def _freeze(self) -> str:
        """Until it is woken, often later than its lease lasts."""
        at = self.random.randrange(2)
        self.stage.workers[at].send_signal(signal.SIGSTOP)
        self._frozen.add(at)
        return VERBS[at]

    def _thaw(self) -> str:
        for at in list(self._frozen):
            self._wake(at)
        return ""

    def _wake(self, at: int) -> None:
        self._frozen.discard(at)
        self.stage.workers[at].send_signal(signal.SIGCONT)

    def _forget(self) -> str:
        self.stage.world.redis.flush()
        return ""

    def _power_cut(self) -> str:
        self.stage.world.redis.kill()
        self.stage.world.redis.start()
        return ""

    def _hang_up(self) -> str:
        """Only on the workers: nobody answered this process with success in the middle of something."""
        engine = create_engine(self.stage.world.superuser_url)
        try:
            with engine.connect() as connection:
                pids = connection.execute(
                    text("SELECT pid FROM pg_stat_activity WHERE datname = :name AND usename = 'portal_runtime'"
                         " AND pid <> ALL (:ours)"),
                    {"name": self.stage.world.database, "ours": self._own_pids()},
                ).scalars().all()  # fmt: skip
                ended = self.random.sample(pids, min(len(pids), 2))
                for pid in ended:
                    connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        finally:
            engine.dispose()
        return f"{len(ended)} sessions"

    def _own_pids(self) -> list[int]:
        from portal.shared.running import here

        engine = here().engine
        with ExitStack() as stack:
            idle = [stack.enter_context(engine.connect()) for _ in range(max(1, engine.pool.checkedin()))]
            return [each.execute(text("SELECT pg_backend_pid()")).scalar_one() for each in idle]

    def _time(self) -> str:
        self.stage.let_time_pass()
        return ""

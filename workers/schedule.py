"""The sweeper: asks PostgreSQL what is due and rings for it. With it, a lost wake-up is only a late one."""

import logging
import signal
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from portal.config import read_settings
from portal.shared import clock, queues, running
from portal.shared.logs import write_json_lines

log = logging.getLogger("portal.schedule")

SWEEP_EVERY_S = 2.0
RING_AGAIN_AFTER = timedelta(seconds=8)
# queue → how often it is rung, whatever is due; organisation 0 stands for all of them
REGULAR = {"reports": timedelta(minutes=10)}


_DUE = text(
    "SELECT * FROM gate.due_work(:at) UNION SELECT * FROM gate.due_refunds(:at)"
    " UNION SELECT * FROM gate.due_sweeps(:at)"
    " UNION SELECT * FROM gate.due_cards(:at)"
    " UNION SELECT * FROM gate.due_autopays(:at)"
    " UNION SELECT * FROM gate.due_payouts(:at)"
    " UNION SELECT * FROM gate.due_reminders(:at)"
    " UNION SELECT * FROM gate.due_reconciliations(clock_timestamp())"  # as the worker judges that it is night
    " UNION SELECT * FROM gate.due_pulls(:at)"
    " UNION SELECT * FROM gate.due_imports(:at)"
    " UNION SELECT * FROM gate.due_consents(:at)"
    " UNION SELECT * FROM gate.due_switches(:at)"
)
# First of all, before a person's first edit: whose database is a copy restored from a backup.
_NOTICE = text("SELECT gate.notice_restored(:at)")


@dataclass
class Sweeper:
    """Remembers whom it has rung a moment ago, so that slow work does not pile up calls."""

    rung_at: dict[tuple[str, int], datetime] = field(default_factory=dict)

    def sweep(self) -> int:
        """Ring for everything that is due; returns for how many. A database that is away is tried again next time."""
        now = clock.now()
        with running.here().sessions() as session:
            session.execute(_NOTICE, {"at": now})
            rows = session.execute(_DUE, {"at": now}).all()
            session.commit()
        due = [(row.queue, row.organisation_id) for row in rows]
        calls = [call for call in due if self._is_silent(call, now, RING_AGAIN_AFTER)]
        calls += [(queue, 0) for queue, every in REGULAR.items() if self._is_silent((queue, 0), now, every)]
        for call in calls:
            if queues.ring(*call):
                self.rung_at[call] = now
        self.rung_at = {call: at for call, at in self.rung_at.items() if now - at < max(REGULAR.values())}
        return len(calls)

    def _is_silent(self, call: tuple[str, int], now: datetime, at_least: timedelta) -> bool:
        last = self.rung_at.get(call)
        return last is None or now - last >= at_least


def run_schedule() -> None:
    """Sweep until told to stop."""
    write_json_lines()
    running.start(read_settings(), pool_size=1)
    stopped = threading.Event()
    for signal_ in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signal_, lambda *_: stopped.set())
    sweeper = Sweeper()
    while not stopped.wait(SWEEP_EVERY_S):
        try:
            sweeper.sweep()
        except SQLAlchemyError as problem:
            log.warning("sweep not possible", extra={"reason": type(problem).__name__})

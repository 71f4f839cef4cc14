"""A record that our own program cannot handle, or that kills its worker, stops nobody else and is shown to people."""

import os
import signal
import subprocess
import sys

import pytest

from portal.accounting import rules
from portal.accounting.inbox import stuck_records
from portal.accounting.mirror import sources
from portal.accounting.mirror.drain import drain
from portal.accounting.queries import tied_now
from portal.shared.running import job_session
from tests.conftest import World
from tests.faults.test_mirror_never_twice import ROOT, environment
from tests.portal.accounting.stand_in import LinkedFirm, linked, zoho

__all__ = ["linked", "zoho"]


def test_an_exception_while_planning_is_shown_after_a_few_tries_and_the_rest_flows(
    linked: LinkedFirm, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = sources.read

    def stumble(session: object, module: str, local_id: int) -> object:
        if module == "customer":
            raise ZeroDivisionError
        return read(session, module, local_id)  # type: ignore[arg-type]

    monkeypatch.setattr(sources, "read", stumble)
    drain(linked.organisation_id)
    assert len(linked.there("items")) == 3
    for _ in range(rules.MOST_FAULTS):
        linked.make_due()
        drain(linked.organisation_id)
    with job_session(linked.organisation_id) as session:
        (stuck,) = stuck_records(session, tied_now(session))
    assert (stuck.module, stuck.state) == ("customer", "failed") and "fault is the portal's" in stuck.why


def test_a_record_that_kills_its_worker_comes_back_later_and_later_and_the_others_flow(
    world: World, linked: LinkedFirm
) -> None:
    """The worker's own program is made to die while it plans the customer."""
    code = (
        "import os, signal\n"
        "from portal.accounting.mirror import sources\n"
        "sources._READERS['customer'] = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "from tests.faults.mirror_worker import main\n"
        "main()\n"
    )
    argv = [sys.executable, "-c", code, str(linked.organisation_id)]
    for _ in range(2):
        died = subprocess.run(argv, cwd=ROOT, env=environment(world), check=False, timeout=20, capture_output=True)
        assert died.returncode == -signal.SIGKILL, died.stderr
        linked.change("UPDATE links SET lease_until = NULL")
        linked.change("UPDATE mirror_records SET next_try_at = clock_timestamp() WHERE module = 'customer'")
    (customer,) = linked.mirror("customer")
    assert customer.attempts == 2
    linked.change(
        "UPDATE mirror_records SET next_try_at = clock_timestamp() + interval '1 hour' WHERE module = 'customer'"
    )
    with subprocess.Popen(argv, cwd=ROOT, env=environment(world), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.readline()  # it has finished a whole round, alive
        os.kill(process.pid, signal.SIGKILL)
    assert len(linked.there("items")) == 3

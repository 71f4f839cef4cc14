"""A record that our own program cannot handle, or that kills its worker, stops nobody else and is shown to people."""

import os
import signal
import subprocess
import sys
from datetime import timedelta

import pytest

from portal.accounting import rules
from portal.accounting.inbox import stuck_records
from portal.accounting.mirror import sources
from portal.accounting.mirror.drain import drain
from portal.accounting.queries import tied_now
from portal.shared.running import job_session
from tests.conftest import World
from tests.faults.test_mirror_never_twice import ROOT, environment
from tests.portal.accounting.doings import pay, sent_invoice
from tests.portal.accounting.stand_in import LinkedFirm, zoho
from tests.portal.accounting.stand_in import linked_to_either as linked

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
    assert linked.zoho.faults and all("stumble" in each for each in linked.zoho.faults)
    linked.zoho.faults.clear()


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
        died = subprocess.run(argv, cwd=ROOT, env=environment(world), check=False, timeout=60, capture_output=True)
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


def test_a_create_that_gets_no_answer_comes_back_later_though_it_was_looked_for_first(
    linked: LinkedFirm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some seconds without answers must not use up a record's tries: then every one would need a person."""
    monkeypatch.setattr(rules, "pause_after", lambda tries: timedelta(hours=tries))
    invoice = sent_invoice(linked)
    drain(linked.organisation_id)
    pay(linked, invoice)
    linked.zoho.break_down("error_500_before", path="/customerpayments", times=99)
    for tries in (1, 2, 3):
        drain(linked.organisation_id)
        (payment,) = linked.mirror("payment")
        assert (payment.state, payment.attempts) == ("sending", tries)
        assert len(linked.zoho.requests(linked.remote, "POST", "/customerpayments")) == tries
        linked.make_due()
    linked.zoho.mend()
    drain(linked.organisation_id)
    assert [each.state for each in linked.mirror("payment")] == ["in_step"]

"""Whatever breaks between us and Zoho, each record is there once, and we know its id."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select

from portal.accounting import rules
from portal.accounting.mirror import budget
from portal.accounting.mirror import drain as draining
from portal.accounting.mirror.drain import drain
from portal.gateways.zoho import punctual
from portal.gateways.zoho.calls import Line
from portal.gateways.zoho.errors import Unanswered
from portal.shared.running import job_session
from portal.taxes.models import Tax
from tests.conftest import World
from tests.portal.accounting.doings import pay, rename, retry_all, sent_invoice
from tests.portal.accounting.stand_in import LinkedFirm, wait_until, zoho
from tests.portal.accounting.stand_in import linked_to_either as linked

__all__ = ["linked", "zoho"]
ROOT = Path(__file__).resolve().parents[2]

# module here, module there, part of the path of its create
KINDS = [
    ("tax", "taxes", "/settings/taxes"),
    ("customer", "contacts", "/contacts"),
    ("item", "items", "/items"),
    ("invoice", "invoices", "/invoices"),
    ("payment", "customerpayments", "/customerpayments"),
]  # fmt: skip
EACH = pytest.mark.parametrize(("module", "there", "path"), KINDS, ids=[kind[0] for kind in KINDS])


def environment(world: World) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], **world.environ}


@contextmanager
def worker(world: World, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    argv = [sys.executable, "-m", "tests.faults.mirror_worker", *map(str, arguments)]
    with subprocess.Popen(argv, cwd=ROOT, env=environment(world), stdout=subprocess.DEVNULL, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def expected(there: str) -> int:
    return {"taxes": 3, "items": 3}.get(there, 1)


def _staying(linked: LinkedFirm, module: str) -> set[int]:
    """Taxes that Zoho has no record for, such as a reverse charge."""
    with job_session(linked.organisation_id) as session:
        ids = session.scalars(select(Tax.id).where(Tax.kind.in_(rules.TAXES_THAT_STAY_HERE))).all()
    return set(ids) if module == "tax" else set()


def check_once_each(linked: LinkedFirm, module: str, there: str) -> None:
    """One there for each here, known by its id, and nothing under way."""
    ours = {record.remote_id for record in linked.mirror(module) if record.local_id not in _staying(linked, module)}
    theirs = [one_id(one) for one in linked.there(there)]
    assert len(theirs) == len(set(theirs)) == expected(there)
    assert ours == set(theirs)
    assert {record.state for record in linked.mirror()} == {"in_step"}


def one_id(record: dict[str, Any]) -> str:
    names = ("tax_id", "contact_id", "item_id", "invoice_id", "payment_id")
    keys = {"tax_name": "tax_id", "sku": "item_id", "invoice_number": "invoice_id", "payment_number": "payment_id"}
    key = next((id_key for mark, id_key in keys.items() if mark in record and id_key in record), "contact_id")
    return str(record[key if key in record else next(name for name in names if name in record)])


@EACH
def test_a_worker_killed_after_the_create_and_before_our_commit(
    world: World, linked: LinkedFirm, module: str, there: str, path: str
) -> None:
    pay(linked, sent_invoice(linked))
    linked.zoho.break_down("hang", path=path, seconds=30)
    with worker(world, linked.organisation_id) as process:
        wait_until(lambda: linked.there(there), what=f"{there} there")
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert any(record.state == "sending" and record.remote_id is None for record in linked.mirror(module))
    linked.zoho.mend()
    linked.make_due()
    drain(linked.organisation_id)
    check_once_each(linked, module, there)


@EACH
@pytest.mark.parametrize("kind", ["cut_after", "error_500_after", "garbage"])
@pytest.mark.failure_mode(30)
def test_an_answer_that_is_lost(linked: LinkedFirm, kind: str, module: str, there: str, path: str) -> None:
    pay(linked, sent_invoice(linked))
    linked.zoho.break_down(kind, path=path)
    drain(linked.organisation_id)
    assert any(record.sending_since is not None for record in linked.mirror(module))
    linked.make_due()
    drain(linked.organisation_id)
    check_once_each(linked, module, there)


@EACH
def test_an_answer_that_does_not_come_in_time(
    linked: LinkedFirm, monkeypatch: pytest.MonkeyPatch, module: str, there: str, path: str
) -> None:
    """Our patience is shortened for the one answer that is held back; Zoho did its part all the same."""

    class Impatient(Line):
        def call(self, target: Any, token: str, method: str, path_: str, *rest: Any, **more: Any) -> Any:
            if (method, path_, given_up) != ("POST", path, []):
                return super().call(target, token, method, path_, *rest, **more)
            with Line(answer_s=0.4) as line, pytest.raises(Unanswered) as unanswered:
                line.call(target, token, method, path_, *rest, **more)
            given_up.append(path_)
            raise unanswered.value

    given_up: list[str] = []
    pay(linked, sent_invoice(linked))
    linked.zoho.break_down("hang", path=path, seconds=30)
    monkeypatch.setattr(draining, "Line", Impatient)
    drain(linked.organisation_id)
    assert given_up == [path]
    wait_until(lambda: len(linked.there(there)) == expected(there), what="Zoho has done its part")
    monkeypatch.undo()
    linked.make_due()
    drain(linked.organisation_id)
    check_once_each(linked, module, there)


@pytest.mark.parametrize("kind", ["cut_after", "error_500_after"])
def test_a_lost_answer_to_the_bulk_sent(linked: LinkedFirm, kind: str) -> None:
    pay(linked, sent_invoice(linked))
    linked.zoho.break_down(kind, path="/invoices/status/sent")
    drain(linked.organisation_id)
    linked.make_due()
    drain(linked.organisation_id)
    check_once_each(linked, "invoice", "invoices")
    assert [one["status"] for one in linked.there("invoices")] == ["paid"]


def test_two_workers_at_once_make_nothing_twice(world: World, linked: LinkedFirm) -> None:
    for _ in range(3):
        pay(linked, sent_invoice(linked))
    linked.zoho.break_down("cut_after", times=6)
    with worker(world, linked.organisation_id), worker(world, linked.organisation_id):
        for _ in range(6):
            wait_until(lambda: any(record.state == "in_step" for record in linked.mirror()))
            linked.change("UPDATE mirror_records SET next_try_at = clock_timestamp() WHERE state <> 'in_step'")
        wait_until(lambda: {record.state for record in linked.mirror()} == {"in_step"}, within_s=30)
    assert [len(linked.there(there)) for there in ("contacts", "items", "invoices", "customerpayments")] == [1, 3, 3, 3]


def test_a_worker_stopped_for_longer_than_its_lease_writes_nothing_any_more(world: World, linked: LinkedFirm) -> None:
    """SIGSTOP in the middle of a call; somebody else takes over and finishes; the first one wakes up too late."""
    sent_invoice(linked)
    linked.zoho.break_down("hang", path="/invoices", seconds=1.5)
    with worker(world, linked.organisation_id) as process:
        wait_until(lambda: linked.there("invoices"), what="the invoice there")
        process.send_signal(signal.SIGSTOP)
        linked.make_due()
        drain(linked.organisation_id)
        check_once_each(linked, "invoice", "invoices")
        (before,) = linked.mirror("invoice")
        fence = linked.link().lease_fence
        linked.zoho.forget_requests()
        process.send_signal(signal.SIGCONT)
        wait_until(lambda: linked.link().lease_fence > fence, what="the first worker's next look")
    (after,) = linked.mirror("invoice")
    assert (after.pushed_at, after.remote_id, after.state) == (before.pushed_at, before.remote_id, "in_step")
    assert linked.zoho.requests(linked.remote, "POST") == []


@pytest.mark.parametrize(("where", "what"), [(budget, "take"), (punctual._Plain, "connect")])
def test_a_worker_that_froze_between_its_permit_and_its_call_does_not_make_the_call(
    linked: LinkedFirm, monkeypatch: pytest.MonkeyPatch, where: Any, what: str
) -> None:
    """Zoho knows no fences: a call that set out late would be made beside that of whoever took over, and a payment is
    the one record of which Zoho would take two."""
    pay(linked, sent_invoice(linked))
    clock, real = SimpleNamespace(monotonic=time.monotonic), getattr(where, what)

    def freezing(*given: Any) -> None:
        real(*given)
        clock.monotonic = lambda: time.monotonic() + 3600

    monkeypatch.setattr(punctual, "time", clock)
    monkeypatch.setattr(where, what, freezing)
    drain(linked.organisation_id)
    assert linked.zoho.requests(linked.remote) == []
    monkeypatch.undo()
    linked.make_due()
    drain(linked.organisation_id)
    check_once_each(linked, "payment", "customerpayments")


def test_a_payment_that_zoho_finds_too_large_because_it_has_it_already_is_found(linked: LinkedFirm) -> None:
    """As when the call of a frozen worker arrives after its successor has looked."""
    pay(linked, sent_invoice(linked))
    drain(linked.organisation_id)
    linked.change(
        "UPDATE mirror_records SET remote_id = NULL, snapshot = NULL, state = 'pending', version_pushed = 0"
        " WHERE module = 'payment'"
    )
    linked.change("UPDATE outbox SET is_settled = false WHERE subject = 'payment'")
    drain(linked.organisation_id)
    check_once_each(linked, "payment", "customerpayments")


def test_a_customer_renamed_while_its_create_was_open_is_still_found(linked: LinkedFirm) -> None:
    linked.zoho.break_down("cut_after", path="/contacts")
    drain(linked.organisation_id)
    rename(linked, "Oak Dental")
    linked.make_due()
    drain(linked.organisation_id)
    assert [one["contact_name"] for one in linked.there("contacts")] == ["Oak Dental"]


def test_trying_a_given_up_record_again_looks_first(linked: LinkedFirm) -> None:
    linked.zoho.break_down("error_500_after", path="/contacts")
    linked.zoho.break_down("error_500_before", method="GET", path="/contacts", times=100)
    drain(linked.organisation_id)
    linked.change("UPDATE mirror_records SET attempts = :most", most=rules.MOST_TRIES - 1)
    linked.make_due()
    drain(linked.organisation_id)
    assert [record.state for record in linked.mirror("customer")] == ["failed"]
    linked.zoho.mend()
    retry_all(linked)
    assert len(linked.there("contacts")) == 1
    assert [record.state for record in linked.mirror("customer")] == ["in_step"]

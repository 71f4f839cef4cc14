"""Edits come in their order, a worker told to stop hands back what it holds, and lost sessions lose nothing."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from random import Random

import pytest
from sqlalchemy import create_engine, select, text

from portal.accounting.mirror.drain import drain
from portal.accounting.mirror.history import MirrorStep
from portal.catalogue.models import Item
from portal.shared import outbox, queues
from portal.shared.running import here, job_session
from tests.conftest import World
from tests.faults.test_mirror_never_twice import ROOT, environment, worker
from tests.portal.accounting.doings import pay, sent_invoice
from tests.portal.accounting.stand_in import LinkedFirm, wait_until, zoho
from tests.portal.accounting.stand_in import linked_to_either as linked

__all__ = ["linked", "zoho"]
STOPS_WITHIN_S = 10


@pytest.fixture
def portal_worker(world: World, linked: LinkedFirm) -> Iterator[subprocess.Popen[bytes]]:
    """The real one, rung by each commit of this process."""
    argv = [sys.executable, "-m", "portal", "worker", "mirror"]
    with subprocess.Popen(argv, cwd=ROOT, env=environment(world), stderr=subprocess.DEVNULL) as process:
        queues.use(here().redis)
        yield process
        queues.use(None)
        process.kill()


def reprice(linked: LinkedFirm, price: int) -> None:
    with job_session(linked.organisation_id) as session:
        item = session.get_one(Item, linked.firm.item_ids[0], with_for_update=True)
        item.unit_price = Decimal(price)
        outbox.record(session, linked.organisation_id, "item", item.id)


def test_twenty_quick_edits_beside_two_workers_end_in_the_last_and_none_goes_out_after_a_newer_one(
    world: World, linked: LinkedFirm
) -> None:
    drain(linked.organisation_id)
    (record,) = [each for each in linked.mirror("item") if each.local_id == linked.firm.item_ids[0]]
    random = Random(20)
    with worker(world, linked.organisation_id), worker(world, linked.organisation_id):
        for price in range(1001, 1021):
            if price % 4 == 1:
                linked.zoho.break_down("slow", method="PUT", path="/items", seconds=random.uniform(0.1, 0.6))
            reprice(linked, price)
        wait_until(
            lambda: [each["rate"] for each in linked.there("items") if each["item_id"] == record.remote_id] == [1020]
        )
        wait_until(lambda: {each.state for each in linked.mirror()} == {"in_step"})
    with job_session(linked.organisation_id) as session:
        steps = session.scalars(
            select(MirrorStep.sent).where(MirrorStep.record_id == record.id).order_by(MirrorStep.id)
        )
        sent = [Decimal(value) for rows in steps for name, value in rows if name == "rate"]
    assert sent == sorted(sent) and sent[-1] == 1020


def test_a_worker_told_to_stop_in_the_middle_of_a_call_ends_soon_and_nothing_is_made_twice(
    linked: LinkedFirm, portal_worker: subprocess.Popen[bytes]
) -> None:
    linked.zoho.break_down("hang", path="/invoices", seconds=2)
    pay(linked, sent_invoice(linked))
    wait_until(lambda: linked.there("invoices"), within_s=30, what="the invoice there")
    portal_worker.send_signal(signal.SIGTERM)
    assert portal_worker.wait(STOPS_WITHIN_S) == 0
    linked.make_due()
    drain(linked.organisation_id)
    assert [len(linked.there(kind)) for kind in ("invoices", "customerpayments")] == [1, 1]
    assert {each.state for each in linked.mirror()} == {"in_step"}


def test_database_sessions_that_are_ended_lose_nothing_and_the_worker_goes_on(
    world: World, linked: LinkedFirm, portal_worker: subprocess.Popen[bytes]
) -> None:
    for _ in range(4):
        pay(linked, sent_invoice(linked))
    for kind in ("contacts", "invoices", "customerpayments"):
        wait_until(partial(linked.there, kind), within_s=30, what=kind)
        _end_sessions(world)
        linked.make_due()
        queues.ring("mirror", linked.organisation_id)
    wait_until(lambda: len(linked.there("customerpayments")) == 4, within_s=30)
    wait_until(lambda: {each.state for each in linked.mirror()} == {"in_step"}, within_s=30)
    assert portal_worker.poll() is None
    assert [len(linked.there(kind)) for kind in ("contacts", "items", "invoices")] == [1, 3, 4]


def _end_sessions(world: World) -> None:
    """Those of others on this database: what a restart of the server does to them."""
    with here().engine.connect() as own:
        mine = own.execute(text("SELECT pg_backend_pid()")).scalar_one()
        engine = create_engine(world.superuser_url)
        try:
            with engine.connect() as connection:
                connection.execute(
                    text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"
                         " AND usename = 'portal_runtime' AND pid <> :mine"),
                    {"name": world.database, "mine": mine},
                )  # fmt: skip
        finally:
            engine.dispose()

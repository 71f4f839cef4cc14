"""The real worker on the real queue: rung by a commit, and found again when nobody rang."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from portal.shared import queues
from portal.shared.running import here
from tests.conftest import World
from tests.faults.test_mirror_never_twice import ROOT
from tests.portal.accounting.doings import pay, sent_invoice
from tests.portal.accounting.stand_in import LinkedFirm, wait_until, zoho
from tests.portal.accounting.stand_in import linked_to_either as linked

__all__ = ["linked", "zoho"]


@pytest.fixture
def portal_worker(world: World, linked: LinkedFirm) -> Iterator[subprocess.Popen[bytes]]:
    environment = {"PATH": os.environ["PATH"], **world.environ}
    argv = [sys.executable, "-m", "portal", "worker", "mirror"]
    with subprocess.Popen(argv, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL) as process:
        yield process
        process.kill()


@pytest.mark.usefixtures("portal_worker")
def test_a_commit_rings_the_worker_and_ten_seconds_later_all_is_in_the_books(linked: LinkedFirm) -> None:
    queues.use(here().redis)
    try:
        invoice = sent_invoice(linked)
        pay(linked, invoice)
        wait_until(lambda: [one["status"] for one in linked.there("invoices")] == ["paid"], within_s=10)
    finally:
        queues.use(None)
    wait_until(lambda: {record.state for record in linked.mirror()} == {"in_step"})
    (there,) = linked.there("invoices")
    assert there["invoice_number"] == invoice.number

"""Redis is an alarm clock: it may be emptied, killed or absent, and nothing is lost."""

import time

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from bench.running import wait_until
from portal.invoices.models import Invoice
from portal.shared import queues, running
from portal.shared.running import job_session
from tests.builders import Firm, make_firm, make_invoice, make_work_order, post, sign_in
from tests.conftest import World
from tests.portal.accounting.stand_in import LinkedFirm, connect, linked, zoho
from tests.running_workers import running_processes

__all__ = ["linked", "zoho"]
INVOICES, MIRRORED_WITHIN_S, AT_MOST_SLOWER_S = 50, 60, 1.0


@pytest.mark.slow
def test_fifty_invoices_survive_an_emptied_redis(world: World, linked: LinkedFirm) -> None:
    """Half of them of a firm in Books, half of one in Zoho Invoice."""
    queues.use(running.here().redis)
    both = linked, connect(linked.zoho, make_firm(name="Rival Plumbing"), product="invoice")
    for each in both:
        with job_session(each.organisation_id) as session:
            for _ in range(INVOICES // 2):
                make_invoice(session, each.firm)
    assert queues.queue("mirror", running.here().redis).count > 0
    world.redis.flush()
    assert queues.queue("mirror", running.here().redis).count == 0
    environ = world.environ | {"ZOHO_CALLS_PER_MINUTE": "10000"}
    with running_processes(environ, "worker mirror", "schedule"):
        wait_until(lambda: sum(map(_sent, both)) == INVOICES, MIRRORED_WITHIN_S, "50 invoices in the books")
    for each in both:
        numbers = [record["invoice_number"] for record in each.there("invoices")]
        assert len(numbers) == len(set(numbers)) == INVOICES // 2


def _sent(linked: LinkedFirm) -> int:
    return sum(record["status"] == "sent" for record in linked.there("invoices"))


def test_a_request_succeeds_while_redis_is_down(world: World, client: FlaskClient, firm: Firm) -> None:
    sign_in(client, firm, "field_agent")
    queues.use(running.here().redis)
    up_s = _raise_one(client, firm, "while-up")
    world.redis.kill()
    try:
        down_s = _raise_one(client, firm, "while-down")
    finally:
        world.redis.start()
    assert down_s - up_s < AT_MOST_SLOWER_S
    with job_session(firm.organisation_id) as session:
        assert session.scalar(select(func.count()).select_from(Invoice).where(Invoice.status == "sent")) == 2


def _raise_one(client: FlaskClient, firm: Firm, form_id: str) -> float:
    """Bill a whole job through the form. Returns how long the request took."""
    with job_session(firm.organisation_id) as session:
        work_order = make_work_order(session, firm)
        lines = [line.id for line in work_order.lines]
    page = f"/work-orders/{work_order.id}/invoices/new"
    began = time.perf_counter()
    answer = post(
        client, f"/work-orders/{work_order.id}/invoices", {"line": lines, "form_id": form_id, "then": "send"}, page=page
    )
    assert answer.status_code == 303, answer.text
    return time.perf_counter() - began

"""Two machines work for one firm, and the clock of one is wrong, by minutes or by hours: tokens are renewed once, the
night's comparison begins once, and nothing is sent twice or given up."""

import pytest
from sqlalchemy import func, select

from portal.accounting.reconciliation.models import DONE, Reconciliation
from portal.shared.running import job_session
from tests.conftest import World
from tests.faults.test_mirror_never_twice import worker
from tests.portal.accounting.doings import pay, rename, sent_invoice
from tests.portal.accounting.stand_in import LinkedFirm, linked, wait_until, zoho

__all__ = ["linked", "zoho"]
MINUTES, HOURS = 300, 12 * 3600


def comparisons(linked: LinkedFirm, *which: object) -> int:
    with job_session(linked.organisation_id) as session:
        return session.scalar(select(func.count()).select_from(Reconciliation).where(*which)) or 0


def is_settled(linked: LinkedFirm) -> bool:
    with job_session(linked.organisation_id) as session:
        is_open = session.connection().exec_driver_sql("SELECT count(*) FROM outbox WHERE NOT is_settled").scalar_one()
    return not is_open and {each.state for each in linked.mirror()} == {"in_step"}


def lose_token(linked: LinkedFirm, *, ago: str) -> None:
    """It was given so long ago, and Zoho takes it no more."""
    linked.change(f"UPDATE zoho_consents SET refreshed_at = clock_timestamp() - interval '{ago}'")
    linked.zoho.control("POST", "/tokens/expire", {"user": linked.user, "dc": "eu"})


@pytest.mark.parametrize("is_beside", [True, False], ids=["beside a right one", "alone"])
@pytest.mark.parametrize("seconds", [MINUTES, -MINUTES, HOURS, -HOURS])
def test_a_worker_whose_clock_is_wrong_does_no_harm(
    linked: LinkedFirm, world: World, seconds: int, is_beside: bool
) -> None:
    linked.change("UPDATE links SET created_at = created_at - interval '3 days'")
    invoice = sent_invoice(linked)
    linked.zoho.forget_requests()
    with (
        worker(world, "--clock", seconds, linked.organisation_id),
        worker(world, "--clock", 0 if is_beside else seconds, linked.organisation_id),
    ):
        pay(linked, invoice)
        wait_until(lambda: is_settled(linked), what="all is there")
        wait_until(lambda: comparisons(linked, Reconciliation.stage == DONE), what="the night's comparison is done")
        assert linked.zoho.token_requests() == 0  # the one from linking lives
        for count in (1, 2):
            lose_token(linked, ago="50 minutes")
            rename(linked, f"Maple {count}")
            wait_until(lambda: is_settled(linked), what="the new name is there")
            assert linked.zoho.token_requests() == count
    assert linked.there("contacts")[0]["contact_name"] == "Maple 2"
    assert [len(linked.there(each)) for each in ("contacts", "invoices", "customerpayments")] == [1, 1, 1]
    assert linked.there("invoices")[0]["status"] == "paid" and comparisons(linked) == 1

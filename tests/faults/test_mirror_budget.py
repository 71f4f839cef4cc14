"""Never more calls than Zoho allows, however many workers there are, and nobody waits for somebody else's budget."""

import subprocess
import sys
import time
from contextlib import ExitStack

from sqlalchemy import text

from portal.accounting.mirror.drain import drain
from portal.invoices.models import Invoice
from portal.shared.running import job_session
from tests.builders import make_customer, make_firm
from tests.conftest import World
from tests.faults.test_mirror_never_twice import ROOT, environment
from tests.portal.accounting.doings import pay, sent_invoice
from tests.portal.accounting.stand_in import LinkedFirm, ZohoStandIn, connect, wait_until, zoho
from tests.portal.accounting.stand_in import linked_to_either as linked

__all__ = ["linked", "zoho"]
LIMIT, WINDOW_S = 30, 3.0


def test_four_workers_keep_to_the_limit_and_another_organisation_is_not_slowed(world: World, zoho: ZohoStandIn) -> None:
    """The minute is shortened to three seconds, so that the test need not last minutes; the law is the same."""
    zoho.mend()
    busy, quick = connect(zoho, make_firm()), connect(zoho, make_firm(name="Rival Plumbing"), product="invoice")
    add_customers(busy, 60)
    add_customers(quick, 5)
    zoho.forget_requests()
    changes = {"ZOHO_CALLS_PER_MINUTE": str(LIMIT)}
    with ExitStack() as stack:
        for _ in range(4):
            argv = [sys.executable, "-m", "tests.faults.mirror_worker", "--window", str(WINDOW_S),
                    str(busy.organisation_id), str(quick.organisation_id)]  # fmt: skip
            process = subprocess.Popen(
                argv, cwd=ROOT, env=environment(world) | changes, stdout=subprocess.DEVNULL
            )  # fmt: skip
            stack.callback(process.wait)
            stack.callback(process.kill)
        wait_until(
            lambda: zoho.requests(busy.remote) or zoho.requests(quick.remote), 60, what="a worker that has begun"
        )
        wait_until(lambda: is_done(quick), what="the quick organisation")
        assert not is_done(busy)  # it rests for want of calls, and nobody waited for it
        wait_until(lambda: is_done(busy), within_s=40, what="the busy organisation")
    # What the stand-in's clock saw may be a little closer together than when the calls set out.
    assert most_within(zoho, busy, WINDOW_S - 0.3) <= LIMIT
    assert len(busy.there("contacts")) == 61 and len(quick.there("contacts")) == 6


def test_the_limit_of_a_minute_is_no_failed_try_and_the_organisation_rests_for_a_minute(linked: LinkedFirm) -> None:
    for code in (44, 1070):
        linked.zoho.break_down("status", path="/contacts", status=429, code=code, message="Too many")
        add_customers(linked, 1)
        drain(linked.organisation_id)
        assert {record.attempts for record in linked.mirror("customer")} == {0}
        assert len(linked.zoho.requests(linked.remote, "POST", "/contacts")) == 1
        assert rests_for(linked) > (55 if code == 44 else 3)
        linked.make_due()
        drain(linked.organisation_id)
        assert {record.state for record in linked.mirror("customer")} == {"in_step"}
        linked.zoho.forget_requests()


def test_the_limit_of_the_day_lasts_until_zohos_midnight(linked: LinkedFirm) -> None:
    linked.zoho.control("POST", "/limits", {"org": linked.remote, "per_day": 3})
    drain(linked.organisation_id)
    assert len(linked.zoho.requests(linked.remote)) == 4
    refused = linked.zoho.requests(linked.remote)[-1]
    assert refused["code"] == 45
    assert 60 < rests_for(linked) <= 86_410
    assert all(record.attempts == 0 for record in linked.mirror() if record.state != "in_step")


def test_the_last_calls_of_a_day_are_kept_for_invoices(linked: LinkedFirm) -> None:
    linked.zoho.control("POST", "/limits", {"org": linked.remote, "per_day": 20})
    sent_invoice(linked)
    add_customers(linked, 3)
    drain(linked.organisation_id)
    assert [one["status"] for one in linked.there("invoices")] == ["sent"]
    waiting = [record for record in linked.mirror("customer") if record.state == "waiting"]
    assert len(waiting) == 3 and len(linked.there("contacts")) == 1
    assert "tomorrow" in waiting[0].waits_for


def test_the_very_last_calls_are_kept_for_payments_and_what_they_need(linked: LinkedFirm) -> None:
    drain(linked.organisation_id)
    set_quota(linked, left=25)
    sent_invoice(linked)
    paid = sent_invoice(linked)
    pay(linked, paid)
    drain(linked.organisation_id)
    assert [(one["invoice_number"], one["status"]) for one in linked.there("invoices")] == [(paid.number, "paid")]
    waiting = [record for record in linked.mirror("invoice") if record.state == "waiting"]
    assert len(waiting) == 1 and "tomorrow" in waiting[0].waits_for
    pay(linked, invoice_of(linked, waiting[0].local_id))
    drain(linked.organisation_id)
    assert len(linked.there("customerpayments")) == 2
    set_quota(linked, left=1000)
    linked.make_due()
    drain(linked.organisation_id)
    assert {record.state for record in linked.mirror()} == {"in_step"}


def test_what_is_held_back_goes_over_as_soon_as_the_days_limit_is_raised(linked: LinkedFirm) -> None:
    set_quota(linked, left=30)
    add_customers(linked, 1)
    drain(linked.organisation_id)
    assert "waiting" in {record.state for record in linked.mirror("customer")}
    set_quota(linked, left=900)  # as the answers to others' calls would have told
    drain(linked.organisation_id)
    assert {record.state for record in linked.mirror()} == {"in_step"}


def test_a_refusal_for_the_day_that_tells_no_end_lasts_until_the_end_told_before(linked: LinkedFirm) -> None:
    set_quota(linked, left=500)
    linked.zoho.break_down("status", path="/contacts", status=429, code=45, message="Used up")
    add_customers(linked, 1)
    drain(linked.organisation_id)
    assert 7100 < rests_for(linked) < 7220
    assert linked.link().quota_left == 0


def test_while_the_budget_is_empty_no_worker_waits_for_it(linked: LinkedFirm) -> None:
    linked.change(
        "UPDATE links SET recent_calls = (SELECT array_agg(clock_timestamp()) FROM generate_series(1, 10000))"
    )
    began = time.monotonic()
    drain(linked.organisation_id)
    assert time.monotonic() - began < 2
    assert linked.zoho.requests(linked.remote) == [] and rests_for(linked) > 50


def add_customers(linked: LinkedFirm, count: int) -> None:
    with job_session(linked.organisation_id) as session:
        for number in range(count):
            make_customer(session, linked.organisation_id, f"Customer {time.monotonic_ns()} {number}")


def set_quota(linked: LinkedFirm, *, left: int) -> None:
    """As Zoho's answers would have told: it counts anew in two hours. (This stand-in tells nothing of the day.)"""
    statement = "UPDATE links SET quota_limit = 1000, quota_left = :left, quota_resets_at = now() + interval '2 hours'"
    linked.change(statement, left=left)


def invoice_of(linked: LinkedFirm, invoice_id: int) -> Invoice:
    with job_session(linked.organisation_id) as session:
        return session.get_one(Invoice, invoice_id)


def is_done(linked: LinkedFirm) -> bool:
    with job_session(linked.organisation_id) as session:
        open_ = text("SELECT count(*) FROM outbox WHERE NOT is_settled")
        return bool(session.execute(open_).scalar_one() == 0)


def most_within(zoho: ZohoStandIn, linked: LinkedFirm, seconds: float) -> int:
    """The most calls of one organisation in any stretch of so many seconds, by the stand-in's own log."""
    at = [float(one["monotonic"]) for one in zoho.requests(linked.remote)]
    return max(sum(begin <= other < begin + seconds for other in at) for begin in at)


def rests_for(linked: LinkedFirm) -> float:
    with job_session(linked.organisation_id) as session:
        seconds = "SELECT extract(epoch FROM quiet_until - clock_timestamp()) FROM links WHERE archived_at IS NULL"
        return float(session.execute(text(seconds)).scalar_one() or 0)

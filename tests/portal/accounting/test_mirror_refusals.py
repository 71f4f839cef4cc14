"""What Zoho refuses or reckons otherwise: said in words, never in step, and no obstacle to anything else."""

from datetime import timedelta

import pytest

from portal.accounting import rules
from portal.accounting.actions import try_again
from portal.accounting.inbox import stuck_records
from portal.accounting.mirror.drain import drain
from portal.accounting.queries import books_states, count_not_in_books, link_state, tied_now
from portal.shared.running import job_session
from tests.portal.accounting.doings import offer, pay, rename, retry_all, sent_invoice
from tests.portal.accounting.stand_in import LinkedFirm, linked, zoho

__all__ = ["linked", "zoho"]


def test_a_cent_of_difference_is_never_in_step_and_its_payment_waits(linked: LinkedFirm) -> None:
    drain(linked.organisation_id)
    vat = linked.mirror("tax")[0].remote_id
    linked.zoho.act(linked.remote, f"PUT /settings/taxes/{vat}", {"tax_percentage": 20.01})
    invoice = sent_invoice(linked)
    pay(linked, invoice)
    drain(linked.organisation_id)
    (record,), (payment,) = linked.mirror("invoice"), linked.mirror("payment")
    assert record.state == "mismatch" and "235.8" in record.last_error
    assert (payment.state, payment.waits_for) == ("waiting", f"Invoice {invoice.number}")
    assert linked.there("customerpayments") == []
    with job_session(linked.organisation_id) as session:
        assert books_states(session, [invoice.id]) == {invoice.id: "needs a look"}
    linked.zoho.act(linked.remote, f"PUT /settings/taxes/{vat}", {"tax_percentage": 20})
    retry_all(linked)
    assert [one["status"] for one in linked.there("invoices")] == ["paid"]
    assert {each.state for each in linked.mirror()} == {"in_step"}


def test_a_refused_record_says_why_stops_nothing_else_and_goes_when_tried_again(linked: LinkedFirm) -> None:
    linked.zoho.break_down(
        "status", path="/contacts", times=50, status=400, code=15, message="Please shorten contact_name"
    )
    first = sent_invoice(linked)
    drain(linked.organisation_id)
    (customer,), (invoice,) = linked.mirror("customer"), linked.mirror("invoice")
    assert customer.state == "failed" and "Shorten" in customer.last_error
    assert (invoice.state, invoice.waits_for) == ("waiting", "Customer Maple Dental Practice")
    assert len(linked.there("items")) == 3
    with job_session(linked.organisation_id) as session:
        assert [(one.module, one.name) for one in stuck_records(session, tied_now(session))] == [
            ("customer", "Maple Dental Practice"), ("invoice", first.number)]  # fmt: skip
        assert (link_state(session).state, count_not_in_books(session)) == ("failed", 2)  # both of the inbox's lines
    linked.zoho.mend()
    retry_all(linked)
    assert {each.state for each in linked.mirror()} == {"in_step"}


def test_an_edit_sends_a_refused_record_again(linked: LinkedFirm) -> None:
    linked.zoho.break_down("status", path="/contacts", status=400, code=15, message="Too long")
    drain(linked.organisation_id)
    assert linked.mirror("customer")[0].state == "failed"
    rename(linked, "Shorter")
    drain(linked.organisation_id)
    assert [one["contact_name"] for one in linked.there("contacts")] == ["Shorter"]


def test_trying_again_ten_times_sends_once(linked: LinkedFirm) -> None:
    linked.zoho.break_down("status", path="/contacts", status=400, code=15, message="Too long")
    drain(linked.organisation_id)
    (record,) = linked.mirror("customer")
    with job_session(linked.organisation_id) as session:
        assert [try_again(session, record.id) for _ in range(10)] == [True] + [False] * 9
    drain(linked.organisation_id)
    assert len(linked.there("contacts")) == 1


def test_a_customer_who_is_out_of_use_is_so_there_though_the_call_that_says_it_fails_at_first(
    linked: LinkedFirm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "pause_after", lambda tries: timedelta(hours=tries))  # however busy the machine
    offer(linked, is_active=False)
    linked.zoho.break_down("error_500_before", path="/inactive")
    drain(linked.organisation_id)
    assert [each["status"] for each in linked.there("contacts")] == ["active"]  # made, but not marked yet
    linked.make_due()
    drain(linked.organisation_id)
    assert [each["status"] for each in linked.there("contacts")] == ["inactive"]
    assert [each.state for each in linked.mirror("customer")] == ["in_step"]

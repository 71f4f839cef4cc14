"""What happened to a record, and leaving it out of the books on purpose."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.accounting.mirror.drain import drain
from portal.accounting.mirror.history import KEPT, steps_of
from portal.accounting.queries import books_states, link_state
from portal.shared.running import job_session
from tests.builders import make_firm, post, sign_in
from tests.conftest import browser
from tests.portal.accounting.doings import rename, sent_invoice
from tests.portal.accounting.stand_in import LinkedFirm, linked, zoho

__all__ = ["linked", "zoho"]


@pytest.fixture
def admin(app: Flask, linked: LinkedFirm) -> FlaskClient:
    return sign_in(browser(app), linked.firm, "administrator")


def refuse_customers(linked: LinkedFirm) -> None:
    linked.zoho.break_down("status", path="/contacts", times=200, status=400, code=15, message="Please shorten it")


def test_each_step_is_told_without_what_is_personal(linked: LinkedFirm, admin: FlaskClient) -> None:
    sent_invoice(linked)
    drain(linked.organisation_id)
    (customer,), (invoice,) = linked.mirror("customer"), linked.mirror("invoice")
    page = admin.get(f"/books/records/{invoice.id}").text
    assert "Made · Done." in page and "line items 1 rate: 118.00" in page and "235.8" in page
    assert "contact persons: …" in admin.get(f"/books/records/{customer.id}").text
    with job_session(linked.organisation_id) as session:
        kept = str([(step.sent, step.came_back) for step in steps_of(session, customer.id)])
    assert "C-00001" in kept and not any(name in kept for name in ("Maple", "@", "Okafor", "LS"))


def test_a_refusal_is_told_and_only_the_latest_steps_are_kept(linked: LinkedFirm, admin: FlaskClient) -> None:
    refuse_customers(linked)
    for count in range(KEPT + 2):
        rename(linked, f"Name {count}")
        drain(linked.organisation_id)
    (record,) = linked.mirror("customer")
    page = admin.get(f"/books/records/{record.id}").text
    assert page.count("Please shorten it") == KEPT + 1  # and once as what is wrong now
    assert "Zoho does not accept a value" in page and "Open the record, correct what is named" in page


def test_what_is_left_out_rests_until_it_is_taken_back(linked: LinkedFirm, admin: FlaskClient) -> None:
    refuse_customers(linked)
    invoice = sent_invoice(linked)
    drain(linked.organisation_id)
    (record,) = linked.mirror("customer")
    address = f"/books/records/{record.id}"
    refused = post(admin, f"{address}/leaving-out", {"reason": ""}, page=address)
    assert refused.status_code == 422 and "Enter why it is left out" in refused.text
    assert post(admin, f"{address}/leaving-out", {"reason": "A test of ours"}, page=address).status_code == 303
    linked.zoho.mend()
    rename(linked, "Edited since")
    linked.make_due()
    drain(linked.organisation_id)
    assert linked.there("contacts") == [] and linked.mirror("customer")[0].state == "paused"
    with job_session(linked.organisation_id) as session:
        assert link_state(session).needs_a_look == 0
        assert books_states(session, [invoice.id]) == {invoice.id: "waiting"}
    inbox = admin.get("/books/inbox").text
    assert "Left out on purpose" in inbox and "A test of ours" in inbox and "On the way" not in inbox
    assert post(admin, f"{address}/leaving-out", {"reason": "Again"}, page=address).status_code == 422
    for _ in range(2):
        assert post(admin, f"{address}/taking-back", {}, page=address).status_code == 303
    linked.make_due()
    drain(linked.organisation_id)
    assert [one["contact_name"] for one in linked.there("contacts")] == ["Edited since"]
    assert {each.state for each in linked.mirror()} == {"in_step"}


def test_the_inbox_says_what_waits_for_what(linked: LinkedFirm, admin: FlaskClient) -> None:
    refuse_customers(linked)
    sent_invoice(linked)
    drain(linked.organisation_id)
    (customer,) = linked.mirror("customer")
    inbox = admin.get("/books/inbox").text
    assert f'<a href="#record-{customer.id}">Waits for Customer Maple Dental Practice</a>' in inbox
    assert f'id="record-{customer.id}"' in inbox and inbox.index("does not accept a value") < inbox.index("Waits for")


def test_records_of_others_are_not_there(app: Flask, linked: LinkedFirm) -> None:
    refuse_customers(linked)
    drain(linked.organisation_id)
    (record,) = linked.mirror("customer")
    stranger = sign_in(browser(app), make_firm(name="Rival Plumbing"), "administrator")
    assert stranger.get(f"/books/records/{record.id}").status_code == 404
    assert post(stranger, f"/books/records/{record.id}/leaving-out", {"reason": "x"}).status_code == 404
    assert linked.mirror("customer")[0].state == "failed"

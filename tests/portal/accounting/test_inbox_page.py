"""What is stuck, in plain words, and trying it again."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.accounting.mirror.drain import drain
from tests.builders import Firm, make_firm, post, sign_in
from tests.conftest import browser
from tests.portal.accounting.doings import sent_invoice
from tests.portal.accounting.stand_in import LinkedFirm, linked, zoho

__all__ = ["linked", "zoho"]


@pytest.fixture
def manager(app: Flask, linked: LinkedFirm) -> FlaskClient:
    return sign_in(browser(app), linked.firm, "manager")


@pytest.fixture
def stuck(linked: LinkedFirm) -> LinkedFirm:
    """A refused customer, and the invoice that waits for it."""
    linked.zoho.break_down(
        "status", path="/contacts", status=400, code=15, message="Please shorten <b>contact_name</b>"
    )
    sent_invoice(linked)
    drain(linked.organisation_id)
    return linked


def test_the_inbox_says_what_why_and_where(stuck: LinkedFirm, manager: FlaskClient) -> None:
    page = manager.get("/books/inbox").text
    assert "Customer Maple Dental Practice" in page and f"/customers/{stuck.firm.customer_id}" in page
    assert "Shorten the field it names" in page and "Waits for Customer Maple Dental Practice" in page
    assert "&lt;b&gt;contact_name" in page and "<b>contact_name" not in page


def test_one_record_is_tried_again(stuck: LinkedFirm, manager: FlaskClient) -> None:
    (record,) = stuck.mirror("customer")
    for _ in range(3):
        assert post(manager, f"/books/inbox/{record.id}/retry", {}, page="/books/inbox").status_code == 303
    drain(stuck.organisation_id)
    assert [one["status"] for one in stuck.there("invoices")] == ["sent"]
    assert "Everything is in the books" in manager.get("/books/inbox").text


def test_all_are_tried_again(stuck: LinkedFirm, manager: FlaskClient) -> None:
    assert post(manager, "/books/inbox/retry", {}, page="/books/inbox").status_code == 303
    drain(stuck.organisation_id)
    assert {record.state for record in stuck.mirror()} == {"in_step"}


def test_another_firms_record_is_not_touched(stuck: LinkedFirm, app: Flask) -> None:
    (record,) = stuck.mirror("customer")
    stranger = sign_in(browser(app), make_firm(name="Rival Plumbing"), "administrator")
    assert post(stranger, f"/books/inbox/{record.id}/retry", {}).status_code == 303
    assert stuck.mirror("customer")[0].state == "failed"


def test_without_a_link_the_page_says_so(zoho: object, app: Flask, firm: Firm) -> None:
    assert "No books are linked" in sign_in(browser(app), firm, "administrator").get("/books/inbox").text


def test_a_field_agent_has_no_inbox(stuck: LinkedFirm, app: Flask) -> None:
    agent = sign_in(browser(app), stuck.firm, "field_agent")
    (record,) = stuck.mirror("customer")
    assert agent.get("/books/inbox").status_code == 403
    assert post(agent, f"/books/inbox/{record.id}/retry", {}).status_code == 403


def test_what_rests_with_all_of_its_kind_says_so(linked: LinkedFirm, app: Flask) -> None:
    admin = sign_in(browser(app), linked.firm, "administrator")
    post(admin, "/books/modules", {"module": "customer", "do": "pause", "is_sure": "1"}, page="/books")
    sent_invoice(linked)
    page = admin.get("/books/inbox").text
    assert page.count("rests: this kind of record is paused") == 1 and "Invoice INV-" in page

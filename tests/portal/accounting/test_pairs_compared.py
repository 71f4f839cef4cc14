"""Customers and items that are one on both sides and not the same: told field by field, and mended either way."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.accounting.link import live_link
from portal.accounting.mirror.drain import drain
from portal.accounting.reconciliation import actions
from portal.accounting.reconciliation.models import DriftRow
from portal.accounting.reconciliation.queries import summary_of
from portal.catalogue.models import Item
from portal.customers.models import Customer
from portal.shared.errors import RuleBroken
from portal.shared.running import job_session
from tests.builders import post, sign_in
from tests.conftest import browser
from tests.portal.accounting.both_ways import both_ways, look, questions
from tests.portal.accounting.doings import rename, sent_invoice
from tests.portal.accounting.stand_in import LinkedFirm, linked, zoho
from tests.portal.accounting.test_reconciling import reconcile, told

__all__ = ["linked", "zoho"]


@pytest.fixture
def admin(app: Flask, linked: LinkedFirm) -> FlaskClient:
    return sign_in(browser(app), linked.firm, "administrator")


@pytest.fixture
def apart(linked: LinkedFirm) -> LinkedFirm:
    """Renamed in Zoho, with another address; the price of an item is another one there, too."""
    sent_invoice(linked)
    drain(linked.organisation_id)
    contact, item = linked.there("contacts")[0], linked.there("items")[0]
    act(linked, f"PUT /contacts/{contact['contact_id']}", {"contact_name": "Maple there"})
    act(linked, f"PUT /items/{item['item_id']}", {"rate": 33.5})
    return linked


def act(linked: LinkedFirm, do: str, body: dict[str, Any]) -> None:
    linked.zoho.act(linked.remote, do, body)


def fix(linked: LinkedFirm, drift: DriftRow, do: str) -> None:
    with job_session(linked.organisation_id) as session:
        actions.fix(session, drift.id, do, by="Ada Admin")
    drain(linked.organisation_id)


def our_name(linked: LinkedFirm) -> str:
    with job_session(linked.organisation_id) as session:
        return session.get_one(Customer, linked.firm.customer_id).name


def test_what_was_changed_there_is_told_with_both_values_and_counted(apart: LinkedFirm, admin: FlaskClient) -> None:
    found = told(reconcile(apart))
    (customer,) = [row for row in found if row[1] == "customer"]
    (item,) = [row for row in found if row[1] == "item"]
    assert customer[0] == item[0] == "other values"
    assert customer[3:] == (f"Name {our_name(apart)}", "Name Maple there")
    assert item[4] == "Price 33.5"
    shown = admin.get("/books/reconciliation").text
    assert "1 customer on both sides, 1 differs" in shown and "Not the same in Zoho" in shown
    assert all(words in shown for words in ("Send ours again", "Take theirs", "Leave it so"))


def test_ours_goes_over_where_ours_is_to_count(apart: LinkedFirm) -> None:
    for drift in reconcile(apart):
        fix(apart, drift, "push")
    assert apart.there("contacts")[0]["contact_name"] == our_name(apart)
    assert told(reconcile(apart)) == []


def test_theirs_is_taken_where_theirs_is_to_count(apart: LinkedFirm) -> None:
    for drift in reconcile(apart):
        fix(apart, drift, "take")
    assert our_name(apart) == "Maple there" == apart.there("contacts")[0]["contact_name"]
    assert told(reconcile(apart)) == []


@pytest.mark.parametrize("do", ["push", "take"])
def test_kept_both_ways_the_chosen_side_counts_too(apart: LinkedFirm, admin: FlaskClient, do: str) -> None:
    """The look that comes first takes their change over: made apart without its seeing, as at a match."""
    for drift in reconcile(apart):
        apart.change("UPDATE module_settings SET direction = 'both'")
        fix(apart, drift, do)
    wanted = "Maple there" if do == "take" else our_name(apart)
    assert our_name(apart) == wanted == apart.there("contacts")[0]["contact_name"]
    assert told(reconcile(apart)) == []


def test_what_is_left_on_purpose_is_told_and_no_difference_until_it_changes(
    apart: LinkedFirm, admin: FlaskClient
) -> None:
    for drift in reconcile(apart):
        post(admin, f"/books/reconciliation/drifts/{drift.id}/fix", {"do": "leave"}, page="/books/reconciliation")
    assert {row[0] for row in told(reconcile(apart))} == {"kept apart"}
    shown = admin.get("/books/reconciliation").text
    assert "1 customer on both sides, no difference, 1 left different on purpose" in shown
    contact = apart.there("contacts")[0]
    act(apart, f"PUT /contacts/{contact['contact_id']}", {"contact_name": "Maple once more"})
    causes = {(row[1], row[0]) for row in told(reconcile(apart))}
    assert causes == {("customer", "other values"), ("item", "kept apart")}


def test_what_was_left_is_asked_about_again_on_request(apart: LinkedFirm) -> None:
    for drift in reconcile(apart):
        fix(apart, drift, "leave")
    for drift in reconcile(apart):
        fix(apart, drift, "ask again")
    assert {row[0] for row in told(reconcile(apart))} == {"other values"}


def test_what_changes_meanwhile_here_is_compared_as_it_is_then(apart: LinkedFirm) -> None:
    reconcile(apart)
    rename(apart, "Maple there")
    drain(apart.organisation_id)
    assert [row[1] for row in told(reconcile(apart))] == ["item"]


def test_a_value_that_cannot_be_kept_here_is_refused_with_its_reason(apart: LinkedFirm) -> None:
    item = apart.there("items")[0]
    act(apart, f"PUT /items/{item['item_id']}", {"rate": 99_000_000})
    (drift,) = [drift for drift in reconcile(apart) if drift.module == "item"]
    with pytest.raises(RuleBroken, match="Price there cannot be kept here"):
        fix(apart, drift, "take")


def test_the_summary_tells_how_many_differ_without_a_statement_more(apart: LinkedFirm) -> None:
    reconcile(apart)
    with job_session(apart.organisation_id) as session:
        summary = summary_of(session, live_link(session))
    assert summary is not None
    assert {line.counted: line.differs for line in summary.modules}["1 customer"] == 1


def test_a_code_that_only_ours_must_have_is_no_difference(linked: LinkedFirm) -> None:
    both_ways(linked, "item")
    act(linked, "POST /items", {"name": "Zone valve", "rate": 18, "product_type": "goods"})
    look(linked)
    with job_session(linked.organisation_id) as session:
        assert session.query(Item.code).filter(Item.name == "Zone valve").scalar() == "ZONVAL"
    assert told(reconcile(linked)) == []
    there = next(each for each in linked.there("items") if each["name"] == "Zone valve")
    linked.zoho.forget_requests()
    act(linked, f"PUT /items/{there['item_id']}", {"sku": "ZV-9", "rate": 19})
    look(linked)
    with job_session(linked.organisation_id) as session:
        found = session.query(Item).filter(Item.name == "Zone valve").one()
    assert (found.code, found.unit_price, questions(linked)) == ("ZV-9", 19, [])
    assert told(reconcile(linked)) == []

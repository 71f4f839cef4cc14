"""A customer made here and in Zoho before either heard of the other: people say whether it is one, and ours waits."""

from datetime import timedelta
from decimal import Decimal

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.accounting.mirror.drain import drain
from portal.accounting.models import ImportRow, MirrorRecord
from portal.accounting.setup import steps
from portal.catalogue.actions import ItemFacts, add_item
from portal.customers.actions import CustomerFacts, add_customer
from portal.shared import clock
from portal.shared.running import job_session
from tests.builders import sign_in
from tests.conftest import browser
from tests.portal.accounting.both_ways import both_ways, look
from tests.portal.accounting.stand_in import LinkedFirm, linked, zoho
from tests.portal.accounting.test_first_import import ours, press
from tests.portal.accounting.test_status_page import words

__all__ = ["linked", "zoho"]


@pytest.fixture
def admin(app: Flask, linked: LinkedFirm) -> FlaskClient:
    return sign_in(browser(app), linked.firm, "administrator")


def twins(linked: LinkedFirm, phone: str = "0113 496 0001") -> int:
    """Twin Co, on both sides, by default with another phone; ours."""
    person = {"first_name": "Tess", "phone": phone}
    linked.zoho.act(linked.remote, "POST /contacts", {"contact_name": "Twin Co", "contact_persons": [person]})
    with job_session(linked.organisation_id) as session:
        facts = CustomerFacts("business", "Twin Co", phone="0113 496 0000")
        return int(add_customer(session, linked.organisation_id, facts, form_id=None).id)


def names_there(linked: LinkedFirm) -> list[str]:
    return sorted(str(each["contact_name"]) for each in linked.there("contacts"))


def record_of(linked: LinkedFirm, customer_id: int) -> MirrorRecord:
    return next(each for each in linked.mirror("customer") if each.local_id == customer_id)


def answer(linked: LinkedFirm, admin: FlaskClient, decision: str) -> None:
    (row,) = [each for each in ours(linked, ImportRow) if each.facts["contact_name"] == "Twin Co"]
    assert press(admin, linked, do="decide", **{f"pair_{row.id}": decision}).status_code == 303
    if decision != "skip":
        press(admin, linked, do="take")


@pytest.mark.parametrize(("decision", "there"), [("same", ["Twin Co"]), ("skip", ["Twin Co", "Twin Co (C-00002)"])])
def test_ours_waits_until_somebody_has_said_who_it_is(
    linked: LinkedFirm, admin: FlaskClient, decision: str, there: list[str]
) -> None:
    both_ways(linked, "customer")
    mine = twins(linked)
    drain(linked.organisation_id)
    look(linked)
    linked.zoho.forget_requests()
    linked.make_due()
    drain(linked.organisation_id)
    assert linked.zoho.requests(linked.remote, "POST") == []  # asked once, not with every look
    assert names_there(linked)[1:] == ["Twin Co"] and record_of(linked, mine).state == "waiting"
    for page in ("/books", "/books/inbox", "/books/questions"):
        assert "perhaps yours already: 1" in words(admin.get(page).text), page
    assert "Everything is in the books" not in admin.get("/books/inbox").text
    assert "Nothing to decide" not in admin.get("/books/questions").text
    assert "Twin Co" in words(admin.get("/books/setup/match").text)
    answer(linked, admin, decision)
    assert names_there(linked)[1:] == there
    assert record_of(linked, mine).state == "in_step"
    assert "perhaps yours already" not in admin.get("/books/inbox").text


def test_one_that_is_plainly_ours_is_tied_by_itself(linked: LinkedFirm) -> None:
    both_ways(linked, "customer")
    mine = twins(linked, phone="0113 496 0000")
    drain(linked.organisation_id)
    look(linked)
    assert names_there(linked)[1:] == ["Twin Co"] and record_of(linked, mine).state == "in_step"


def test_one_way_ours_goes_beside_it_as_ever(linked: LinkedFirm) -> None:
    drain(linked.organisation_id)
    mine = twins(linked)
    drain(linked.organisation_id)
    assert names_there(linked)[1:] == ["Twin Co", "Twin Co (C-00002)"] and record_of(linked, mine).state == "in_step"


def test_where_a_second_one_was_made_already_it_is_said_what_can_be_done(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    drain(linked.organisation_id)
    mine = twins(linked)
    drain(linked.organisation_id)
    both_ways(linked, "customer")
    (theirs,) = [each for each in linked.there("contacts") if each["contact_name"] == "Twin Co"]
    linked.zoho.act(linked.remote, f"PUT /contacts/{theirs['contact_id']}", {"notes": "Met again"})
    look(linked)
    (row,) = [each for each in ours(linked, ImportRow) if each.facts["contact_name"] == "Twin Co"]
    assert (row.found, row.local_id) == ("unsure", mine)
    told = press(admin, linked, do="decide", **{f"pair_{row.id}": "same"})
    assert told.status_code == 422
    assert "Twin Co (C-00002) in Zoho is that one already. Say otherwise of one of them, or merge both" in told.text


@pytest.mark.parametrize("kind", ["customer", "item"])
def test_one_way_too_people_are_asked_about_what_was_made_there_before_everything_goes_over(
    linked: LinkedFirm, admin: FlaskClient, kind: str
) -> None:
    """After the look at Zoho, so the comparison has not seen it."""
    if kind == "customer":
        mine = twins(linked)
    else:
        linked.zoho.act(linked.remote, "POST /items", {"name": "Twin", "rate": 64, "product_type": "service"})
        with job_session(linked.organisation_id) as session:
            mine = add_item(session, linked.organisation_id, ItemFacts("SV-77", "service", "Twin", Decimal(64))).id
    with job_session(linked.organisation_id) as session:
        link = session.merge(linked.link())
        link.setup_steps = link.setup_steps | {steps.START: (clock.now() + timedelta(seconds=1)).isoformat()}
    drain(linked.organisation_id)
    (record,) = [each for each in linked.mirror(kind) if each.local_id == mine]
    assert record.state == "waiting" and record.remote_id is None
    made = [each for each in linked.there("contacts" if kind == "customer" else "items") if "Twin" in str(each)]
    assert len(made) == 1 and "perhaps yours already: 1" in words(admin.get("/books").text)
    (row,) = [each for each in ours(linked, ImportRow) if "Twin" in str(each.facts)]
    assert (row.found, row.local_id) == ("unsure", mine)

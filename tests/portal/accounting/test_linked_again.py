"""An organisation is linked once more: what was added on both sides since is compared before anything is made there."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from portal.accounting.mirror.drain import drain
from portal.customers.actions import CustomerFacts, add_customer
from portal.customers.models import Customer
from portal.shared.running import job_session
from tests.builders import make_invoice, post
from tests.portal.accounting.doings import rename, sent_invoice
from tests.portal.accounting.stand_in import LinkedFirm, linked, zoho
from tests.portal.accounting.test_link_pages import chosen_is, consent, start
from tests.portal.accounting.test_switching import admin, another, switch

__all__ = ["admin", "linked", "zoho"]
PAGE = "/books/setup/match"


def leave(admin: FlaskClient, linked: LinkedFirm) -> Callable[[], None]:
    """Disconnect; how to come back."""
    post(admin, "/books/end", {"is_sure": "1"}, page="/books")
    return lambda: connect_again(admin, linked)


def leave_for_another(admin: FlaskClient, linked: LinkedFirm) -> Callable[[], None]:
    first = linked.remote
    switch(admin, linked, another(linked))
    start(admin, linked.organisation_id)
    drain(linked.organisation_id)

    def come_back() -> None:
        switch(admin, linked, first)

    return come_back


def connect_again(admin: FlaskClient, linked: LinkedFirm) -> None:
    chosen = admin.get(consent(admin, user=f"eu:{linked.user}")).location
    assert post(admin, chosen, chosen_is(linked.remote), page=chosen).status_code == 303


def add_here(linked: LinkedFirm, name: str, email: str) -> int:
    with job_session(linked.organisation_id) as session:
        facts = CustomerFacts(kind="business", name=name, email=email)
        return add_customer(session, linked.organisation_id, facts, form_id=None).id


def add_there(linked: LinkedFirm, name: str, email: str) -> str:
    person = {"first_name": name.split()[0], "last_name": "Bell", "email": email, "is_primary_contact": True}
    body = {"contact_name": name, "contact_persons": [person]}
    linked.zoho.act(linked.remote, "POST /contacts", body)
    return next(str(one["contact_id"]) for one in linked.there("contacts") if one["contact_name"] == name)


def press(admin: FlaskClient, linked: LinkedFirm, **fields: object) -> None:
    assert post(admin, PAGE, fields, page=PAGE).status_code == 303
    drain(linked.organisation_id)


def names_there(linked: LinkedFirm) -> list[str]:
    return sorted(str(one["contact_name"]) for one in linked.there("contacts"))


@pytest.mark.parametrize("way", [leave, leave_for_another])
def test_what_was_added_on_both_sides_is_compared_before_any_of_it_is_made_there(
    linked: LinkedFirm, admin: FlaskClient, way: Callable[[FlaskClient, LinkedFirm], Callable[[], None]]
) -> None:
    sent_invoice(linked)
    drain(linked.organisation_id)
    before = names_there(linked)
    come_back = way(admin, linked)
    theirs = add_there(linked, "Exact Co", "ex@ex.example")
    ours, only_here = add_here(linked, "Exact Co", "ex@ex.example"), add_here(linked, "Only Here Ltd", "o@here.example")
    linked.zoho.forget_requests()
    come_back()
    with job_session(linked.organisation_id) as session:
        make_invoice(session, replace(linked.firm, customer_id=only_here))
    rename(linked, "Maple Dental")  # linked already: it goes on at once
    drain(linked.organisation_id)
    assert linked.zoho.requests(linked.remote, "POST", "/contacts") == []
    assert names_there(linked) == sorted([*(set(before) - {"Maple Dental Practice"}), "Maple Dental", "Exact Co"])
    assert "compared first" in admin.get("/books").text
    words = re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", admin.get(PAGE).text))
    assert "0 new · 1 matched · 0 unsure" in words
    press(admin, linked, do="take")
    drain(linked.organisation_id)
    assert names_there(linked).count("Exact Co") == 1 and "Only Here Ltd" in names_there(linked)
    live = linked.link().id
    (twin,) = [one for one in linked.mirror("customer") if one.local_id == ours and one.link_id == live]
    assert twin.remote_id == theirs
    assert {one.state for one in linked.mirror() if one.link_id == live} <= {"in_step", "pending"}
    assert "compared first" not in admin.get("/books").text


def test_where_nobody_added_anything_there_no_step_is_asked_for(linked: LinkedFirm, admin: FlaskClient) -> None:
    sent_invoice(linked)
    drain(linked.organisation_id)
    come_back = leave(admin, linked)
    add_here(linked, "Only Here Ltd", "o@here.example")
    come_back()
    drain(linked.organisation_id)
    assert "Only Here Ltd" in names_there(linked) and "compared first" not in admin.get("/books").text


def test_where_nothing_was_added_here_all_goes_on_at_once_without_a_create(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    sent_invoice(linked)
    drain(linked.organisation_id)
    come_back = leave(admin, linked)
    add_there(linked, "Exact Co", "ex@ex.example")
    linked.zoho.forget_requests()
    come_back()
    drain(linked.organisation_id)
    assert linked.zoho.requests(linked.remote, "POST", "/contacts") == []
    assert linked.link().importing == "" and "compared first" not in admin.get("/books").text
    with job_session(linked.organisation_id) as session:
        assert "Exact Co" not in [one.name for one in session.query(Customer)]

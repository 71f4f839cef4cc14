"""An organisation is linked once more: what was added on both sides since is compared before anything is made there."""

import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from flask.testing import FlaskClient

from portal.accounting import directions
from portal.accounting.mirror.drain import drain
from portal.customers.actions import CustomerFacts, add_customer
from portal.customers.models import Customer
from portal.shared.running import job_session
from portal.taxes.actions import add_tax
from tests.builders import make_invoice, post
from tests.portal.accounting.both_ways import act, questions
from tests.portal.accounting.doings import pay, rename, sent_invoice
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


def words_of(admin: FlaskClient) -> str:
    return re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", admin.get(PAGE).text))


def names_here(linked: LinkedFirm) -> list[str]:
    with job_session(linked.organisation_id) as session:
        return [one.name for one in session.query(Customer)]


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
    assert "0 new · 1 matched · 0 unsure" in words_of(admin)
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


def test_where_nothing_was_added_here_theirs_is_offered_and_all_else_goes_on_without_a_create(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    sent_invoice(linked)
    drain(linked.organisation_id)
    come_back = leave(admin, linked)
    add_there(linked, "Exact Co", "ex@ex.example")
    linked.zoho.forget_requests()
    come_back()
    rename(linked, "Maple Dental")
    drain(linked.organisation_id)
    assert linked.zoho.requests(linked.remote, "POST", "/contacts") == [] and "Maple Dental" in names_there(linked)
    assert "what is new there is offered to you" in admin.get("/books").text
    assert "1 new · 0 matched · 0 unsure" in words_of(admin) and "Exact Co" not in names_here(linked)
    press(admin, linked, do="take")
    assert "Exact Co" in names_here(linked) and "compared first" not in admin.get("/books").text


def test_one_of_ours_that_is_out_of_use_is_asked_about_and_not_made_a_second_time(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    sent_invoice(linked)
    drain(linked.organisation_id)
    come_back = leave(admin, linked)
    ours = add_here(linked, "Exact Co", "ex@ex.example")
    with job_session(linked.organisation_id) as session:
        session.get_one(Customer, ours).is_active = False
    add_there(linked, "Exact Co", "ex@ex.example")
    come_back()
    drain(linked.organisation_id)
    assert "0 new · 0 matched · 1 unsure" in words_of(admin) and "out of use here" in words_of(admin)
    assert "In use: no here, yes in Zoho" in words_of(admin)
    press(admin, linked, do="decide", all="same")
    press(admin, linked, do="take")
    assert names_here(linked).count("Exact Co") == 1


def test_taxes_that_both_sides_added_meanwhile_are_one_and_another_rate_is_asked_about(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    sent_invoice(linked)
    drain(linked.organisation_id)
    with job_session(linked.organisation_id) as session:
        directions.resume(session, linked.link(), "tax")
    drain(linked.organisation_id)
    come_back = leave(admin, linked)
    for name, rate in (("Levy", 7), ("Toll", 3), ("Only there", 9)):
        act(linked, "POST /settings/taxes", tax_name=name, tax_percentage=rate)
    with job_session(linked.organisation_id) as session:
        levy = add_tax(session, linked.organisation_id, "Levy", Decimal(7)).id
        toll = add_tax(session, linked.organisation_id, "Toll", Decimal(4)).id
    linked.zoho.forget_requests()
    come_back()
    drain(linked.organisation_id)
    drain(linked.organisation_id)
    assert linked.zoho.requests(linked.remote, "POST", "/settings/taxes") == []
    there = {each["tax_name"]: str(each["tax_id"]) for each in linked.there("taxes")}
    twins = {each.local_id: each.remote_id for each in linked.mirror("tax")}
    assert (twins[levy], twins[toll]) == (there["Levy"], there["Toll"])
    asked = {(each.field, each.facts["label"], each.ours, each.theirs) for each in questions(linked)}
    assert asked == {("rate", "Tax Toll", "4 %", "3 %"), ("new tax", "Tax Only there", "is not here", "9 %")}


def test_a_payment_that_both_sides_recorded_while_apart_is_asked_about_before_ours_goes_there(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    invoice = sent_invoice(linked)
    drain(linked.organisation_id)
    with job_session(linked.organisation_id) as session:
        directions.keep(session, linked.link(), "payment", directions.BOTH)
    drain(linked.organisation_id)  # read a moment ago
    come_back = leave(admin, linked)
    pay(linked, invoice, method="cheque")
    (there,) = linked.there("invoices")
    act(
        linked, "POST /customerpayments", customer_id=there["customer_id"], payment_mode="check", amount=235.80,
        reference_number="CHQ1", date=there["date"],
        invoices=[{"invoice_id": there["invoice_id"], "amount_applied": 235.80}],
    )  # fmt: skip
    linked.zoho.forget_requests()
    come_back()
    drain(linked.organisation_id)
    assert linked.zoho.requests(linked.remote, "POST", "/customerpayments") == []
    assert len(questions(linked)) == 1

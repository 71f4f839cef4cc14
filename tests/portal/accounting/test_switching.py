"""Leaving a Zoho organisation, coming back to it, and going over to another: nothing is lost and nothing made twice."""

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.accounting.mirror.drain import drain
from portal.accounting.queries import books_states
from portal.invoices.models import Invoice
from portal.organisations import audit
from portal.shared import clock
from portal.shared.running import job_session
from tests.builders import post, sign_in
from tests.conftest import World, browser
from tests.portal.accounting.doings import pay, sent_invoice, void
from tests.portal.accounting.stand_in import LinkedFirm, link_to, linked, owner_rows, zoho
from tests.portal.accounting.test_link_pages import chosen_is, consent, start

__all__ = ["linked", "zoho"]


@pytest.fixture
def admin(app: Flask, linked: LinkedFirm) -> FlaskClient:
    return sign_in(browser(app), linked.firm, "administrator")


def another(linked: LinkedFirm, **facts: Any) -> str:
    """One more organisation of the same person at Zoho."""
    wanted = {"user": linked.user, "dc": "eu", "name": "Other books", "currency_code": "GBP", **facts}
    return str(linked.zoho.control("POST", "/orgs", wanted)["organization_id"])


def switch(client: FlaskClient, linked: LinkedFirm, remote: str, **more: object) -> Any:
    chosen = client.get(consent(client, user=f"eu:{linked.user}")).location
    tomorrow = (clock.today("Europe/London") + timedelta(days=1)).isoformat()
    form = chosen_is(remote) | {"cut_over_on": tomorrow, "is_sure": "1"} | more
    return post(client, chosen, form, page=chosen)


def told_of(client: FlaskClient, linked: LinkedFirm, remote: str, **more: object) -> str:
    """The page that asks before anything moves."""
    return client.get(switch(client, linked, remote, is_sure="", **more).location).text


def test_disconnecting_erases_the_tokens_and_revokes_them_at_zoho(
    linked: LinkedFirm, admin: FlaskClient, world: World
) -> None:
    linked.zoho.forget_requests()
    post(admin, "/books/end", {"is_sure": "1"}, page="/books")
    (kept,) = owner_rows(
        world, "SELECT refresh_token_sealed || access_token_sealed, revoked_at FROM zoho_consents"
        " WHERE organisation_id = :id", id=linked.organisation_id,
    )  # fmt: skip
    assert kept[0] == "" and kept[1] is not None
    revoked = [one for one in linked.zoho.control("GET", "/requests")["requests"] if "revoke" in one["path"]]
    assert [one["status"] for one in revoked] == [200]


def test_disconnecting_asks_a_second_time(linked: LinkedFirm, admin: FlaskClient) -> None:
    sent_invoice(linked)
    answer = admin.get(post(admin, "/books/end", {}, page="/books").location)
    assert "Nothing is changed yet" in answer.text and "Yes, disconnect" in answer.text
    assert "Changes that have not reached" in answer.text and linked.link().archived_at is None


def test_a_switch_asks_a_second_time_and_its_page_sends_everything_once_more(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    sent_invoice(linked)
    other = another(linked)
    asked = told_of(admin, linked, other)
    assert "to Other books?" in asked and "with their payments: so far 1." in asked
    assert linked.link().remote_organisation_id == linked.remote
    address = re.findall(r'<form id="sure" method="post" action="([^"]+)"', asked)[0]
    fields: dict[str, object] = dict(
        re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', asked.split('id="sure"')[1])
    )
    assert admin.post(address, data=fields).location == "/books/setup"
    assert linked.link().remote_organisation_id == other


def test_before_an_organisation_is_left_its_page_counts_what_has_not_reached_it(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    sent_invoice(linked)
    assert "have not reached" in admin.get("/books").text
    drain(linked.organisation_id)
    assert "have not reached" not in admin.get("/books").text


def test_who_goes_over_is_not_offered_the_organisation_that_is_linked(linked: LinkedFirm, admin: FlaskClient) -> None:
    other = another(linked)
    chosen = admin.get(consent(admin, user=f"eu:{linked.user}", wish="")).location
    page = admin.get(chosen).text
    assert f'value="{other}"' in page and f'value="{linked.remote}"' not in page


def test_the_history_of_a_link_that_has_ended_can_be_read(linked: LinkedFirm, admin: FlaskClient) -> None:
    name = linked.link().remote_name
    assert "Linked before" not in admin.get("/books").text
    other = another(linked)
    switch(admin, linked, other)
    page = admin.get("/books").text
    told = page[page.index('id="earlier"') :]
    assert f"{name}, Zoho Books" in told and f"Linked to {name}" in told and f"{name} disconnected" in told
    assert "ended by" in told and "Linked to Other books" not in told
    post(admin, "/books/end", {"is_sure": "1"}, page="/books")
    told = admin.get("/books").text.split('id="earlier"')[1]
    assert told.index("Other books, Zoho Books") < told.index(f"{name}, Zoho Books")


def test_all_of_the_history_can_be_paged_through(linked: LinkedFirm, admin: FlaskClient) -> None:
    with job_session(linked.organisation_id) as session:
        for number in range(1, 121):
            audit.note(
                session, linked.organisation_id, "done", "link", linked.link().id, words=f"Done {number}", by=audit.JOB
            )
    assert 'href="/books/history"' in admin.get("/books").text and "Done 80<" not in admin.get("/books").text
    told, address = list[str](), "/books/history"
    while address:
        page = admin.get(address).text
        told += re.findall(r"<div>(Done \d+|Linked to )", page)
        onward = re.search(r'rel="next" href="([^"]+)"', page)
        address = onward.group(1) if onward else ""
    assert told == [*(f"Done {n}" for n in range(120, 0, -1)), "Linked to "]


def test_reconnecting_the_same_organisation_creates_nothing_there(linked: LinkedFirm, admin: FlaskClient) -> None:
    invoice = sent_invoice(linked)
    pay(linked, invoice)
    drain(linked.organisation_id)
    before = linked.link().id
    post(admin, "/books/end", {"is_sure": "1"}, page="/books")
    link_to(linked)
    linked.zoho.forget_requests()
    drain(linked.organisation_id)
    assert linked.zoho.requests(linked.remote, "POST") == []
    assert linked.link().id == before and {one.state for one in linked.mirror()} == {"in_step"}


def test_after_a_switch_old_invoices_stay_and_new_ones_go_to_the_other(linked: LinkedFirm, admin: FlaskClient) -> None:
    old = sent_invoice(linked)
    drain(linked.organisation_id)
    first, second = linked.remote, another(linked)
    assert switch(admin, linked, second).location == "/books/setup"
    start(admin, linked.organisation_id)
    pay(linked, old)
    drain(linked.organisation_id)
    assert linked.zoho.records(second, "invoices") == linked.zoho.records(second, "customerpayments") == []
    assert len(linked.zoho.records(second, "contacts")) == 1
    with job_session(linked.organisation_id) as session:
        assert books_states(session, [old.id])[old.id] != "needs a look"
    linked.change("UPDATE links SET cut_over_on = cut_over_on - 1 WHERE archived_at IS NULL")
    new = sent_invoice(linked)
    drain(linked.organisation_id)
    assert [one["invoice_number"] for one in linked.zoho.records(second, "invoices")] == [new.number]
    assert len(linked.zoho.records(first, "invoices")) == 1


def test_a_switch_is_told_in_the_trail_with_both_organisations(
    linked: LinkedFirm, admin: FlaskClient, world: World
) -> None:
    second = another(linked)
    switch(admin, linked, second)
    rows = owner_rows(
        world, "SELECT action, before ->> 'organisation', after ->> 'organisation' FROM audit_entries"
        " WHERE organisation_id = :id AND action LIKE 'zoho %' ORDER BY id", id=linked.organisation_id,
    )  # fmt: skip
    assert [row[0] for row in rows][-3:] == ["zoho unlinked", "zoho linked", "zoho switched"]
    assert tuple(rows[-1])[1:] == (linked.remote, second)


@pytest.mark.parametrize(
    ("sent", "words"),
    [({"cut_over_on": ""}, "Enter the first day"),
     ({"cut_over_on": "2019-01-01"}, f"{clock.today('Europe/London') + timedelta(366):%-d %b %Y}."),
     ({"cut_over_on": (clock.today("Europe/London") + timedelta(days=367)).isoformat()}, "The first day must be from")],
)  # fmt: skip
def test_a_switch_needs_its_day(linked: LinkedFirm, admin: FlaskClient, sent: dict[str, object], words: str) -> None:
    answer = switch(admin, linked, another(linked), **sent)
    assert answer.status_code == 422 and words in answer.text
    assert linked.link().remote_organisation_id == linked.remote


def test_an_organisation_in_another_currency_cannot_be_switched_to(linked: LinkedFirm, admin: FlaskClient) -> None:
    answer = switch(admin, linked, another(linked, name="Euro books", currency_code="EUR"))
    assert answer.status_code == 422 and "It keeps its books in EUR, and you bill in GBP." in answer.text
    assert linked.link().remote_organisation_id == linked.remote


def test_going_back_takes_up_the_first_organisation_where_it_stopped(linked: LinkedFirm, admin: FlaskClient) -> None:
    sent_invoice(linked)
    drain(linked.organisation_id)
    first, before = linked.remote, linked.link().id
    switch(admin, linked, another(linked))
    start(admin, linked.organisation_id)
    drain(linked.organisation_id)
    switch(admin, linked, first)
    linked.zoho.forget_requests()
    drain(linked.organisation_id)
    assert linked.link().id == before
    assert linked.zoho.requests(first, "POST") == []


def test_an_invoice_that_went_over_stays_where_it_is_whatever_the_cut_over(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    """Issued on the first day itself: by its day it would go to both, and be income twice."""
    first, second, today = linked.remote, another(linked), clock.today("Europe/London").isoformat()
    name = linked.link().remote_name
    old, paid = sent_invoice(linked), sent_invoice(linked)
    drain(linked.organisation_id)
    chosen = admin.get(consent(admin, user=f"eu:{linked.user}")).location
    assert f"2 invoices are in {name}" in admin.get(chosen).text
    late = sent_invoice(linked)  # dated the first day as well, but it never went over
    switch(admin, linked, second, cut_over_on=today)
    assert f"2 invoices are in {name}" in admin.get("/books/setup").text
    start(admin, linked.organisation_id)
    pay(linked, paid)
    void(linked, old.id)
    linked.zoho.forget_requests()
    drain(linked.organisation_id)
    assert [one["invoice_number"] for one in linked.zoho.records(second, "invoices")] == [late.number]
    assert linked.zoho.records(second, "customerpayments") == [] == linked.zoho.requests(first, "POST")
    assert f"2 invoices in {name}" in admin.get("/books").text
    assert f"Stays in {name}" in admin.get(f"/invoices/{old.id}").text
    with job_session(linked.organisation_id) as session:
        states = books_states(session, [old.id, paid.id, late.id])
    assert states == {old.id: f"stays in {name}", paid.id: f"stays in {name}", late.id: "in step"}


def test_back_in_the_first_organisation_each_invoice_goes_on_where_it_is(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    first, second, today = linked.remote, another(linked), clock.today("Europe/London").isoformat()
    old = sent_invoice(linked)
    drain(linked.organisation_id)
    switch(admin, linked, second, cut_over_on=today)
    start(admin, linked.organisation_id)
    new = sent_invoice(linked)
    drain(linked.organisation_id)
    switch(admin, linked, first)
    pay(linked, old)
    pay(linked, new)
    drain(linked.organisation_id)
    assert [one["invoice_number"] for one in linked.zoho.records(first, "invoices")] == [old.number]
    assert [one["invoice_number"] for one in linked.zoho.records(second, "invoices")] == [new.number]
    assert len(linked.zoho.records(first, "customerpayments")) == 1


def test_disconnecting_and_linking_another_doubles_nothing_either(linked: LinkedFirm, admin: FlaskClient) -> None:
    sent_invoice(linked)
    drain(linked.organisation_id)
    post(admin, "/books/end", {"is_sure": "1"}, page="/books")
    second = another(linked)
    switch(admin, linked, second)
    start(admin, linked.organisation_id)
    new = sent_invoice(linked)
    drain(linked.organisation_id)
    assert [one["invoice_number"] for one in linked.zoho.records(second, "invoices")] == [new.number]


def unanswered_invoice(linked: LinkedFirm) -> Invoice:
    """Zoho has it, and its answer was lost."""
    sent_invoice(linked)
    drain(linked.organisation_id)  # so that all that it needs is there
    invoice = sent_invoice(linked)
    linked.zoho.break_down("cut_after", path="/invoices")
    drain(linked.organisation_id)
    (record,) = [each for each in linked.mirror("invoice") if each.local_id == invoice.id]
    assert record.remote_id is None and record.sending_since is not None
    return invoice


def numbers_in(linked: LinkedFirm, remote: str) -> list[str]:
    return [str(one["invoice_number"]) for one in linked.zoho.records(remote, "invoices")]


def go_over_today(admin: FlaskClient, linked: LinkedFirm, remote: str) -> None:
    """The day of going over is the day of the invoice: by its day it would go there."""
    switch(admin, linked, remote, cut_over_on=clock.today("Europe/London").isoformat())
    start(admin, linked.organisation_id)
    drain(linked.organisation_id)


def test_an_invoice_whose_create_was_never_answered_is_asked_for_before_its_organisation_is_left(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    first, second = linked.remote, another(linked)
    invoice = unanswered_invoice(linked)
    go_over_today(admin, linked, second)
    assert invoice.number in numbers_in(linked, first) and numbers_in(linked, second) == []


def test_one_that_never_arrived_goes_to_the_other_organisation(linked: LinkedFirm, admin: FlaskClient) -> None:
    first, second = linked.remote, another(linked)
    invoice = unanswered_invoice(linked)
    (there,) = [one for one in linked.there("invoices") if one["invoice_number"] == invoice.number]
    linked.zoho.act(first, f"DELETE /invoices/{there['invoice_id']}")
    go_over_today(admin, linked, second)
    assert numbers_in(linked, second) == [invoice.number]


def test_while_nobody_knows_where_it_is_it_goes_nowhere_until_a_person_has_looked(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    first, second, name = linked.remote, another(linked), linked.link().remote_name
    invoice = unanswered_invoice(linked)
    linked.zoho.break_down("error_500_before", method="GET", path="/invoices", times=9)
    switch(admin, linked, second, cut_over_on=clock.today("Europe/London").isoformat())
    linked.zoho.mend()
    start(admin, linked.organisation_id)
    pay(linked, invoice)
    drain(linked.organisation_id)
    assert invoice.number in numbers_in(linked, first) and numbers_in(linked, second) == []
    assert f"{name} never said whether it has this invoice" in admin.get("/books/inbox").text
    held = linked.link().id
    (record,) = [each for each in linked.mirror("invoice") if each.link_id == held and each.local_id == invoice.id]
    post(admin, f"/books/records/{record.id}/taking-back", {}, page="/books/inbox")
    linked.make_due()
    drain(linked.organisation_id)
    assert numbers_in(linked, second) == [invoice.number]


def test_disconnecting_asks_for_it_as_well(linked: LinkedFirm, admin: FlaskClient) -> None:
    first, second = linked.remote, another(linked)
    invoice = unanswered_invoice(linked)
    post(admin, "/books/end", {"is_sure": "1"}, page="/books")
    go_over_today(admin, linked, second)
    assert invoice.number in numbers_in(linked, first) and numbers_in(linked, second) == []


def test_a_page_that_asked_about_another_organisation_disconnects_nothing(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    asked = linked.link().id
    switch(admin, linked, another(linked))
    post(admin, "/books/end", {"link": asked, "is_sure": "1"}, page="/books")
    assert linked.link().archived_at is None and linked.link().id != asked
    post(admin, "/books/end", {"link": linked.link().id, "is_sure": "1"}, page="/books")
    assert "is no longer linked" in admin.get("/books").text

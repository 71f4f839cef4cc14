"""Pausing, resuming and turning ask a second time, in plain words and with the numbers that are known."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal.accounting import directions
from portal.accounting.mirror.drain import drain
from portal.shared.running import job_session
from tests.builders import post, sign_in
from tests.conftest import World, browser
from tests.portal.accounting.doings import sent_invoice
from tests.portal.accounting.stand_in import LinkedFirm, linked, owner_rows, zoho
from tests.portal.accounting.test_status_page import words

__all__ = ["linked", "zoho"]
MODULES, FIELDS = "/books/modules", "/books/setup/fields"


@pytest.fixture
def admin(app: Flask, linked: LinkedFirm) -> FlaskClient:
    return sign_in(browser(app), linked.firm, "administrator")


def kept(linked: LinkedFirm) -> set[tuple[str, str, bool]]:
    with job_session(linked.organisation_id) as session:
        rows = directions.settings_of(session, linked.link().id).values()
        return {(row.module, row.direction, row.is_paused) for row in rows}


def press_yes(client: FlaskClient, page: str) -> TestResponse:
    """As a browser without scripts does: the one form of the page, with all its hidden fields."""
    form = page.split('<form id="sure"')[1].split("</form>")[0]
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
    return client.post(re.findall(r'action="([^"]+)"', form)[0], data=fields)


def asked(client: FlaskClient, module: str, do: str) -> TestResponse:
    """The page that the button leads to."""
    answer = post(client, MODULES, {"module": module, "do": do}, page="/books")
    assert answer.status_code == 303
    return client.get(answer.location)


def change(linked: LinkedFirm, *modules: str, do: str) -> None:
    """What somebody else does meanwhile."""
    with job_session(linked.organisation_id) as session:
        if do == "pause":
            directions.pause(session, linked.link(), *modules)
        elif do == "resume":
            directions.resume(session, linked.link(), *modules)
        else:
            directions.keep(session, linked.link(), modules, do)


@pytest.mark.parametrize(
    ("module", "do", "told"),
    [
        ("customer", "pause", ["Pause customers?", "Changes on the way now: 1.", "invoices and money of a new one"]),
        ("customer", "resume", ["Resume customers?", "Changes that waited: 1. They go to"]),
        ("payment", "resume", ["Resume payments?", "Nothing waits now."]),
        ("customer", "both", ["Keep customers both ways?", "comes here by itself", "you are asked first"]),
        ("customer", "push", ["Keep customers one way?", "no longer comes here"]),
        ("all", "pause", ["Pause everything?", "Nothing is changed yet", "nothing comes from there"]),
        ("all", "resume", ["Resume customers?"]),
        ("all", "both", ["Keep everything both ways?"]),
    ],
)  # fmt: skip
def test_one_press_changes_nothing_and_says_what_will_happen(
    linked: LinkedFirm, admin: FlaskClient, module: str, do: str, told: list[str]
) -> None:
    sent_invoice(linked)
    if do in ("resume", "push"):
        change(linked, "payment" if module == "payment" else "customer", do="pause" if do == "resume" else "both")
    before = kept(linked)
    page = asked(admin, module, do)
    assert page.status_code == 200 and kept(linked) == before
    assert [one for one in told if one not in words(page.text)] == []


def test_everything_rests_and_goes_on_by_two_presses_each_and_is_in_the_trail(
    linked: LinkedFirm, admin: FlaskClient, world: World
) -> None:
    assert "Pause everything" in admin.get("/books").text and "Resume everything" not in admin.get("/books").text
    assert press_yes(admin, asked(admin, "all", "pause").text).status_code == 303
    sent_invoice(linked)
    drain(linked.organisation_id)
    assert linked.there("contacts") == [] and {each[2] for each in kept(linked)} == {True}
    page = asked(admin, "all", "resume").text
    assert re.search(r"Changes that waited: \d+\. They go to", words(page))
    assert press_yes(admin, page).status_code == 303
    drain(linked.organisation_id)
    assert len(linked.there("invoices")) == 1
    told = owner_rows(
        world, "SELECT action, count(*) FROM audit_entries WHERE organisation_id = :id AND action LIKE 'module %'"
        " AND actor_name <> '' GROUP BY action ORDER BY action", id=linked.organisation_id,
    )  # fmt: skip
    assert [tuple(row) for row in told] == [("module paused", 1), ("module resumed", 1)]


def test_directions_on_the_page_of_the_fields_ask_once_the_set_up_is_over(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    chosen: dict[str, object] = {"way_customer": "both", "way_item": "both", "way_invoice": "push"}
    page = admin.get(post(admin, FIELDS, chosen, page=FIELDS).location)
    assert page.status_code == 200 and "Customers and services and parts: both ways." in words(page.text)
    assert kept(linked) == set()
    assert press_yes(admin, page.text).status_code == 303
    assert kept(linked) == {("customer", "both", False), ("item", "both", False)}


def test_a_page_that_was_opened_before_a_module_was_paused_resumes_it_not_and_asks_again(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    change(linked, "customer", do="pause")
    page = asked(admin, "all", "resume").text
    assert "Resume customers?" in page
    change(linked, "invoice", do="pause")
    assert press_yes(admin, page).status_code == 303
    assert {each[0] for each in kept(linked) if each[2]} == {"customer", "invoice"}
    again = admin.get(f"{MODULES}?module=all&do=resume").text
    assert "Changed meanwhile, so nothing was done. Now: Invoices: paused" in words(again)
    assert "Resume customers and invoices?" in again
    assert press_yes(admin, again).status_code == 303
    assert {each[0] for each in kept(linked) if each[2]} == set()


@pytest.mark.parametrize("address", [f"{MODULES}?module=customer&do=pause", f"{FIELDS}?way_customer=both"])
def test_a_page_about_an_organisation_that_was_left_changes_nothing_in_the_next(
    linked: LinkedFirm, admin: FlaskClient, address: str
) -> None:
    page = admin.get(address).text
    assert 'name="link" value="' in page
    assert press_yes(admin, page.replace('name="link" value="', 'name="link" value="9')).status_code == 303
    assert kept(linked) == set()
    again = admin.get(address).text
    assert f"Now: {linked.link().remote_name} was linked" in words(again)
    assert press_yes(admin, again).status_code == 303 and kept(linked) != set()


def test_the_pages_that_ask_can_be_bookmarked_and_reloaded(linked: LinkedFirm, admin: FlaskClient) -> None:
    assert "Pause customers?" in admin.get(f"{MODULES}?module=customer&do=pause").text
    assert "Keep customers both ways?" in admin.get(f"{MODULES}?module=customer&do=both").text
    assert "Yes, disconnect" in admin.get("/books/end").text
    for address in (MODULES, f"{MODULES}?module=moon&do=pause", f"{MODULES}?module=customer&do=resume"):
        assert admin.get(address).location.startswith("/books")
    assert "Customers: both ways." in words(admin.get(f"{FIELDS}?way_customer=both").text)
    assert kept(linked) == set()


def test_one_press_is_one_line_of_the_history_and_names_only_what_it_changed(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    change(linked, "customer", do="pause")
    change(linked, "tax", "item", "payment", do="both")
    press_yes(admin, asked(admin, "all", "pause").text)
    press_yes(admin, asked(admin, "all", "both").text)
    press_yes(admin, asked(admin, "all", "resume").text)
    post(admin, MODULES, {"module": "all", "do": "resume", "is_sure": "1"}, page="/books")
    told = words(admin.get("/books/history").text)
    assert told.count("module paused") == 2 and told.count("module resumed") == 1
    assert "Taxes, services and parts, invoices, payments and credit notes: module paused" in told
    assert "Customers, invoices and credit notes: direction changed: kept from both sides" in told


def test_a_second_press_of_the_same_yes_is_told_that_it_is_so_already(linked: LinkedFirm, admin: FlaskClient) -> None:
    page = asked(admin, "customer", "pause").text
    assert [press_yes(admin, page).status_code for _ in range(2)] == [303, 303]
    told = words(admin.get("/books").text)
    assert "It is so already. Nothing was changed." in told and "Changed meanwhile" not in told
    assert kept(linked) == {("customer", "push", True)}

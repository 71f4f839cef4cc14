"""Pausing, resuming and turning ask a second time, in plain words and with the numbers that are known."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

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


def press_yes(client: FlaskClient, page: str) -> object:
    """As a browser without scripts does: the one form of the page, with all its hidden fields."""
    form = page.split('<form id="sure"')[1].split("</form>")[0]
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
    return client.post(re.findall(r'action="([^"]+)"', form)[0], data=fields).status_code


@pytest.mark.parametrize(
    ("module", "do", "told"),
    [
        ("customer", "pause", ["Pause customers?", "Changes on the way now: 1.", "invoices and money of a new one"]),
        ("customer", "resume", ["Resume customers?", "Nothing waits now."]),
        ("customer", "both", ["Keep customers both ways?", "comes here by itself", "you are asked first"]),
        ("customer", "push", ["Keep customers one way?", "no longer comes here"]),
        ("all", "pause", ["Pause everything?", "Nothing is changed yet", "nothing comes from there"]),
        ("all", "resume", ["Resume everything?"]),
        ("all", "both", ["Keep everything both ways?"]),
    ],
)  # fmt: skip
def test_one_press_changes_nothing_and_says_what_will_happen(
    linked: LinkedFirm, admin: FlaskClient, module: str, do: str, told: list[str]
) -> None:
    sent_invoice(linked)
    page = post(admin, MODULES, {"module": module, "do": do}, page="/books")
    assert page.status_code == 200 and kept(linked) == set()
    assert [one for one in told if one not in words(page.text)] == []


def test_everything_rests_and_goes_on_by_two_presses_each_and_is_in_the_trail(
    linked: LinkedFirm, admin: FlaskClient, world: World
) -> None:
    assert "Pause everything" in admin.get("/books").text and "Resume everything" not in admin.get("/books").text
    assert press_yes(admin, post(admin, MODULES, {"module": "all", "do": "pause"}, page="/books").text) == 303
    sent_invoice(linked)
    drain(linked.organisation_id)
    assert linked.there("contacts") == [] and {each[2] for each in kept(linked)} == {True}
    asked = post(admin, MODULES, {"module": "all", "do": "resume"}, page="/books").text
    assert re.search(r"Changes that waited: \d+\. They go to", words(asked))
    assert press_yes(admin, asked) == 303
    drain(linked.organisation_id)
    assert len(linked.there("invoices")) == 1
    told = owner_rows(
        world, "SELECT action, count(*) FROM audit_entries WHERE organisation_id = :id AND action LIKE 'module %'"
        " AND actor_name <> '' GROUP BY action ORDER BY action", id=linked.organisation_id,
    )  # fmt: skip
    assert [tuple(row) for row in told] == [("module paused", 6), ("module resumed", 6)]


def test_directions_on_the_page_of_the_fields_ask_once_the_set_up_is_over(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    chosen: dict[str, object] = {"way_customer": "both", "way_item": "both", "way_invoice": "push"}
    page = post(admin, FIELDS, chosen, page=FIELDS)
    assert page.status_code == 200 and "Customers and services and parts: both ways." in words(page.text)
    assert kept(linked) == set()
    assert press_yes(admin, page.text) == 303
    assert kept(linked) == {("customer", "both", False), ("item", "both", False)}

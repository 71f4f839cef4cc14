"""Zoho's webhooks shorten the wait, and nothing else."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.accounting.mirror.drain import drain
from portal.shared import clock
from tests.builders import sign_in
from tests.conftest import browser
from tests.portal.accounting.both_ways import act, both_ways, cursor, look
from tests.portal.accounting.stand_in import LinkedFirm, linked, zoho
from tests.portal.accounting.test_both_ways import at, customer

__all__ = ["linked", "zoho"]


@pytest.fixture
def quiet(linked: LinkedFirm) -> LinkedFirm:
    """Customers and items go both ways, and the next look is some time off."""
    both_ways(linked, "customer", "item")
    look(linked)
    linked.change("UPDATE pull_cursors SET looked_at = looked_at - interval '2 minutes'")
    assert not is_soon(linked, "customer")
    return linked


def is_soon(linked: LinkedFirm, module: str) -> bool:
    due = cursor(linked, module).next_look_at
    return due is not None and due <= clock.now() + timedelta(seconds=1)


def hint(client: FlaskClient, linked: LinkedFirm, **body: object) -> int:
    return client.post(f"/webhooks/zoho/{linked.link().hint_key}", **body).status_code


def test_a_hint_shortens_the_wait_and_what_it_says_is_not_believed(quiet: LinkedFirm, client: FlaskClient) -> None:
    act(quiet, f"PUT {at(quiet)}", contact_name="Maple Dental Ltd")
    assert hint(client, quiet, json={"contact": {"contact_id": "1", "contact_name": "Lies"}}) == 200
    assert is_soon(quiet, "customer") and not is_soon(quiet, "item")
    quiet.change("UPDATE mirror_records SET remote_modified_at = remote_modified_at - interval '1 hour'")
    drain(quiet.organisation_id)
    assert customer(quiet).name == "Maple Dental Ltd"


@pytest.mark.parametrize("body", [
    {"data": {"JSONString": '{"contact": {}}'}}, {"data": "no json"}, {"json": []}, {"data": "[" * 50_000}, {},
])  # fmt: skip
def test_a_hint_of_any_shape_is_heard(quiet: LinkedFirm, client: FlaskClient, body: dict[str, object]) -> None:
    assert hint(client, quiet, **body) == 200
    assert is_soon(quiet, "customer")


def test_many_hints_make_no_more_looks_than_one_a_minute(quiet: LinkedFirm, client: FlaskClient) -> None:
    hint(client, quiet)
    drain(quiet.organisation_id)
    hint(client, quiet)
    wait = cursor(quiet, "customer")
    assert wait.next_look_at and wait.looked_at
    assert wait.next_look_at - wait.looked_at >= timedelta(seconds=60)


def test_hints_are_not_heeded_when_half_of_the_day_is_used(quiet: LinkedFirm, client: FlaskClient) -> None:
    quiet.change("UPDATE links SET quota_limit = 1000, quota_left = 499")
    assert hint(client, quiet) == 200
    assert not is_soon(quiet, "customer")


def test_a_guessed_address_is_none(quiet: LinkedFirm, client: FlaskClient) -> None:
    for key in ("x", "0", "%00", quiet.link().hint_key[:-1]):
        assert client.post(f"/webhooks/zoho/{key}", json={}).status_code == 404


def test_the_page_of_the_link_shows_the_address(quiet: LinkedFirm, app: Flask) -> None:
    admin = sign_in(browser(app), quiet.firm, "administrator")
    assert f"http://portal.test/webhooks/zoho/{quiet.link().hint_key}" in admin.get("/books").text

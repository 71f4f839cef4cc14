"""What is asked before the books move stands on pages with addresses: reload and Back send nothing and tell what is."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.accounting import link as linking
from portal.accounting.models import Consent
from portal.accounting.rules import Choice
from tests.builders import post, sign_in
from tests.conftest import browser
from tests.portal.accounting.stand_in import LinkedFirm, linked, zoho
from tests.portal.accounting.test_link_pages import chosen_is, consent
from tests.portal.accounting.test_planned_switch import AHEAD, day, plan, planned, seen
from tests.portal.accounting.test_second_confirmation import press_yes
from tests.portal.accounting.test_switching import another, switch

__all__ = ["linked", "zoho"]


@pytest.fixture
def admin(app: Flask, linked: LinkedFirm) -> FlaskClient:
    return sign_in(browser(app), linked.firm, "administrator")


def organisations(linked: LinkedFirm, name: str) -> int:
    return sum(each["name"] == name for each in linked.zoho.control("GET", "/orgs")["organizations"])


def test_going_over_is_asked_about_at_an_address_that_names_all_that_was_chosen(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    other = another(linked)
    asked = switch(admin, linked, other, is_sure="")
    assert asked.status_code == 303
    for _ in range(2):
        page = admin.get(asked.location)
        assert "to Other books?" in page.text
    assert linked.link().remote_organisation_id == linked.remote
    assert press_yes(admin, page.text).location == "/books/setup"
    assert linked.link().remote_organisation_id == other
    gone = admin.get(asked.location)  # by Back: that organisation is the one now
    assert gone.status_code == 303 and "/over" not in gone.location


def test_an_address_that_is_wrong_says_so_on_the_page_where_one_chooses(linked: LinkedFirm, admin: FlaskClient) -> None:
    asked = switch(admin, linked, another(linked), is_sure="").location
    for wrong, told in (("cut_over_on=x", "Enter the first day as a date"), ("cut_over_on=1999-01-01", "must be from")):
        page = admin.get(re.sub("cut_over_on=[^&]+", wrong, asked))
        assert page.status_code == 422 and told in page.text and 'id="choice"' in page.text
    page = admin.get(re.sub("remote_organisation_id=[^&]+", "remote_organisation_id=1", asked))
    assert page.status_code == 422 and "Choose one of the organisations" in page.text
    unsaid = admin.get(asked.replace("is_right_account=1", ""))
    assert unsaid.status_code == 200 or "right Zoho account" in unsaid.text


def test_one_that_is_made_for_the_firm_is_made_once_and_its_yes_knows_that_it_is_empty(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    begun = admin.get(consent(admin, user=f"eu:{linked.user}", wish="new", wished_name="Fresh books")).location
    form = {"do": "create", "wished_name": "Fresh books", "is_right_account": "1", "cut_over_on": day(AHEAD)}
    asked = post(admin, begun, form, page=begun).location
    for _ in range(2):
        page = admin.get(asked).text
        assert "everything begins to go there by itself" in page and planned(linked) is None
    assert organisations(linked, "Fresh books") == 1
    assert press_yes(admin, page).location == "/books"
    found = planned(linked)
    assert found is not None and found.is_new and organisations(linked, "Fresh books") == 1


def test_a_plan_is_moved_and_called_off_from_pages_of_their_own(linked: LinkedFirm, admin: FlaskClient) -> None:
    plan(admin, linked, another(linked))
    moving = post(admin, "/books/plan/day", seen(linked, is_sure="", cut_over_on=day(20)), page="/books").location
    for _ in range(2):
        page = admin.get(moving)
        assert "Move the day to" in page.text
    assert press_yes(admin, page.text).location == "/books"
    found = planned(linked)
    assert found is not None and found.cut_over_on.isoformat() == day(20)
    stale = press_yes(admin, admin.get(moving).text)  # by Back: the plan is not as that page had known it
    assert stale.status_code == 422 and "meanwhile" in stale.text
    early = post(admin, "/books/plan/now", seen(linked, is_sure=""), page="/books")
    assert early.status_code == 422 and "Move it to today" in early.text
    ending = post(admin, "/books/plan/end", seen(linked, is_sure=""), page="/books").location
    page = admin.get(ending)
    assert "Call off going over" in page.text and planned(linked) is not None
    assert press_yes(admin, page.text).location == "/books" and planned(linked) is None
    for address in (moving, ending):
        gone = admin.get(address)
        assert gone.status_code == 422 and "There is no such plan any more" in gone.text


def test_who_chooses_another_is_told_first_of_the_plan_that_stands(linked: LinkedFirm, admin: FlaskClient) -> None:
    plan(admin, linked, another(linked))
    page = admin.get(admin.get(consent(admin, user=f"eu:{linked.user}")).location).text
    assert "the books move to Other books" in page and "that plan is called off" in page


@contextmanager
def just_then(monkeypatch: pytest.MonkeyPatch, deed: Callable[[], object]) -> Iterator[None]:
    """`deed` is done by somebody else just before Zoho is asked what can be chosen."""
    real, done = linking.offered, []

    def offered(organisation_id: int, of: Consent, currency: str) -> Choice:
        if not done:
            done.append(True)
            deed()
        return real(organisation_id, of, currency)

    with monkeypatch.context() as patch:
        patch.setattr(linking, "offered", offered)
        yield


def test_a_permission_that_another_press_gives_back_meanwhile_is_told_as_that(
    linked: LinkedFirm, admin: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Zoho only says that the token is not valid, which sounded like a fault of Zoho's."""
    other, third = another(linked), another(linked, name="Third books")
    begun = admin.get(consent(admin, user=f"eu:{linked.user}")).location
    colleague = sign_in(browser(admin.application), linked.firm, "administrator")
    with just_then(monkeypatch, lambda: switch(colleague, linked, third)):
        late = post(admin, begun, chosen_is(other) | {"cut_over_on": day(0)}, page="/books")
    assert late.status_code == 303 and late.location == "/books"
    assert "another one took its place" in admin.get("/books").text
    assert linked.link().remote_organisation_id == third

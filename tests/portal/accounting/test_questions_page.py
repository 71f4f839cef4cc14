"""The page of what only a person can decide, and the freshness that the page of the link shows."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.accounting.mirror.drain import drain
from tests.builders import make_firm, post, sign_in
from tests.conftest import browser
from tests.portal.accounting.both_ways import act, both_ways, cursor, look, questions
from tests.portal.accounting.stand_in import LinkedFirm, linked, zoho
from tests.portal.accounting.test_both_ways import at, contact, customer, edit

__all__ = ["linked", "zoho"]


@pytest.fixture
def manager(app: Flask, linked: LinkedFirm) -> FlaskClient:
    return sign_in(browser(app), linked.firm, "manager")


@pytest.fixture
def differing(linked: LinkedFirm) -> LinkedFirm:
    """Name and town were changed on both sides."""
    both_ways(linked, "customer")
    act(linked, f"PUT {at(linked)}", contact_name="Maple <b>There</b>", billing_address={"city": "York"})
    edit(linked, name="Maple Here", city="Hull")
    drain(linked.organisation_id)
    return linked


def seen(client: FlaskClient) -> str:
    """What the button for all of them sends."""
    found = re.search(r'name="seen" value="([0-9,]+)"', client.get("/books/questions").text)
    assert found is not None
    return found[1]


def test_both_values_are_shown_with_who_and_one_tap_decides(differing: LinkedFirm, manager: FlaskClient) -> None:
    page = manager.get("/books/questions").text
    assert f"/{contact(differing)['contact_id']}" in page.partition("Open in Zoho")[0].rpartition('href="')[2]
    assert "Maple Here" in page and "Maple &lt;b&gt;There" in page and "Mo Manager" in page
    asked = next(each for each in questions(differing) if each.field == "name")
    for _ in range(2):
        answer = post(manager, f"/books/questions/{asked.id}", {"decision": "theirs"}, page="/books/questions")
        assert answer.status_code == 303
    assert customer(differing).name == "Maple <b>There</b>"
    assert [each.field for each in questions(differing)] == ["street", "city", "postal_code", "country"][1:2]


def test_who_decides_second_is_told_what_counts(
    differing: LinkedFirm, manager: FlaskClient, app: Flask
) -> None:  # fmt: skip
    asked = next(each for each in questions(differing) if each.field == "name")
    other = sign_in(browser(app), differing.firm, "administrator")
    where = f"/books/questions/{asked.id}"
    post(manager, where, {"decision": "theirs"}, page="/books/questions")
    assert "It is carried out now" in manager.get("/books/questions").text
    post(other, where, {"decision": "ours"}, page="/books/questions")
    told = other.get("/books/questions").text
    assert "Mo Manager has decided this already: Zoho&#39;s counts. That counts, and yours was not carried out" in told
    post(manager, where, {"decision": "theirs"}, page="/books/questions")
    assert "That counts" not in manager.get("/books/questions").text
    assert customer(differing).name == "Maple <b>There</b>"


def test_the_same_for_all(differing: LinkedFirm, manager: FlaskClient) -> None:
    post(manager, "/books/questions", {"decision": "ours", "seen": seen(manager)}, page="/books/questions")
    drain(differing.organisation_id)
    (there,) = differing.there("contacts")
    assert (there["contact_name"], there["billing_address"]["city"]) == ("Maple Here", "Hull")
    assert "Nothing to decide" in manager.get("/books/questions").text


def test_the_same_for_all_is_for_those_that_stood_on_the_page(differing: LinkedFirm, manager: FlaskClient) -> None:
    """What both sides change while somebody reads is asked about by itself."""
    first, *later = questions(differing)
    post(manager, "/books/questions", {"decision": "theirs", "seen": str(first.id)}, page="/books/questions")
    assert [each.id for each in questions(differing)] == [each.id for each in later] != []
    post(manager, "/books/questions", {"decision": "theirs", "seen": "all,-1,²"}, page="/books/questions")
    assert len(questions(differing)) == len(later)


def test_an_answer_that_is_none_changes_nothing(differing: LinkedFirm, manager: FlaskClient) -> None:
    before = [(each.id, each.ours) for each in questions(differing)]
    for decision in ("", "both", "ours' --"):
        post(manager, f"/books/questions/{before[0][0]}", {"decision": decision}, page="/books/questions")
        post(manager, "/books/questions", {"decision": decision, "seen": seen(manager)}, page="/books/questions")
    assert [(each.id, each.ours) for each in questions(differing)] == before


def test_another_firms_question_is_not_answered(differing: LinkedFirm, app: Flask) -> None:
    stranger = sign_in(browser(app), make_firm(name="Rival Plumbing"), "administrator")
    asked = questions(differing)[0]
    assert post(stranger, f"/books/questions/{asked.id}", {"decision": "theirs"}).status_code == 303
    assert asked.id in [each.id for each in questions(differing)]


def test_the_inbox_leads_to_the_questions(differing: LinkedFirm, manager: FlaskClient) -> None:
    assert "2 things for you to decide" in manager.get("/books/inbox").text


def test_the_page_of_the_link_says_how_fresh_it_is_and_why(linked: LinkedFirm, app: Flask) -> None:
    admin = sign_in(browser(app), linked.firm, "administrator")
    drain(linked.organisation_id)
    post(admin, "/books/modules", {"module": "customer", "do": "both", "is_sure": "1"}, page="/books")
    assert "Not looked yet" in admin.get("/books").text
    drain(linked.organisation_id)
    page = admin.get("/books").text
    assert "both ways" in page and "Changes there known as of" in page and "calls a day" in page
    post(admin, "/books/modules", {"module": "all", "do": "both", "is_sure": "1"}, page="/books")
    assert admin.get("/books").text.count("both ways ·") == 6
    post(admin, "/books/modules", {"module": "all", "do": "push", "is_sure": "1"}, page="/books")
    assert "calls a day" not in admin.get("/books").text


def test_what_is_known_is_dated_by_when_the_reading_began(linked: LinkedFirm, app: Flask) -> None:
    both_ways(linked, "customer")
    long_ago = "began_at = clock_timestamp() - interval '30 hours', lower = since, highest = NULL"  # and was cut off
    linked.change(f"UPDATE pull_cursors SET {long_ago} WHERE module = 'customer'")
    began = cursor(linked, "customer").began_at
    look(linked)
    assert began and cursor(linked, "customer").lower is None
    page = sign_in(browser(app), linked.firm, "administrator").get("/books").text
    assert page.count(f'Changes there known as of <time datetime="{began.isoformat()}"') == 1

"""The way from three cards to a started link, left and taken up again, in several data centres and both products."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine, text

from portal.accounting import link as linking
from portal.accounting.mirror.drain import drain
from portal.accounting.models import Consent
from portal.accounting.rules import Choice
from portal.gateways.zoho.errors import Unreachable
from portal.shared import clock
from portal.shared.running import job_session
from tests.builders import Firm, make_invoice, post, sign_in
from tests.conftest import World, browser
from tests.portal.accounting.stand_in import ZohoStandIn, zoho
from tests.portal.accounting.test_link_pages import NORTHGATE, chosen_is, consent, link

__all__ = ["zoho"]


@pytest.fixture(autouse=True)
def nobody_else_is_linked(world: World) -> None:
    engine = create_engine(world.superuser_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE links SET archived_at = clock_timestamp() WHERE archived_at IS NULL"))
    engine.dispose()


@pytest.fixture
def admin(app: Flask, firm: Firm) -> FlaskClient:
    return sign_in(browser(app), firm, "administrator")


def person_at_zoho(zoho: ZohoStandIn, firm: Firm, centre: str) -> str:
    """Somebody at Zoho in that data centre, with the sign-up's own address."""
    email = firm.emails["administrator"]
    zoho.control("POST", "/users", {"email": email, "dc": centre})
    return f"{centre}:{email}"


def organisations_named(zoho: ZohoStandIn, name: str) -> list[dict[str, Any]]:
    return [one for one in zoho.control("GET", "/orgs")["organizations"] if one["name"] == name]


def create(client: FlaskClient, chosen: str, name: str) -> Any:
    return post(client, chosen, {"do": "create", "wished_name": name, "is_right_account": "1"}, page="/books")


def test_what_was_chosen_stays_where_zoho_falls_silent_between_two_calls(
    zoho: ZohoStandIn, admin: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = admin.get(consent(admin, wish="invoice")).location
    answers = [linking.offered]

    def offered(organisation_id: int, given: Consent, currency: str) -> Choice:
        if not answers:
            raise Unreachable
        return answers.pop()(organisation_id, given, currency)

    monkeypatch.setattr(linking, "offered", offered)
    page = post(admin, chosen, {"remote_organisation_id": NORTHGATE, "is_right_account": "1"}, page="/books")
    assert page.status_code == 502
    assert f'name="remote_organisation_id" value="{NORTHGATE}"' in page.text and "Send it again" in page.text


def test_three_cards_say_what_will_happen_and_the_name_may_be_changed(zoho: ZohoStandIn, admin: FlaskClient) -> None:
    page = admin.get("/books").text
    for words in ("New Zoho Invoice organisation", "My Zoho Invoice organisation", "My Zoho Books organisation"):
        assert words in page
    assert 'name="wished_name"' in page and 'value="Northgate Heating"' in page


def test_each_card_tells_of_customers_items_and_taxes_in_its_own_words(zoho: ZohoStandIn, admin: FlaskClient) -> None:
    page = admin.get("/books").text
    for subject in ("Customers", "Services and parts", "Taxes"):
        told = re.findall(rf"<strong>{subject}:</strong>([^<]+)", page)
        assert len(told) == len(set(told)) == 3


def test_connect_without_a_card_is_an_error_beside_the_cards_and_keeps_the_name(
    zoho: ZohoStandIn, admin: FlaskClient
) -> None:
    answer = post(admin, "/books/consent", {"wished_name": "Northgate North"}, page="/books")
    assert answer.status_code == 422 and "Choose one of the three first" in answer.text
    assert 'value="Northgate North"' in answer.text


@pytest.mark.parametrize("late", [False, True])
def test_the_chosen_card_stays_chosen_when_the_consent_was_refused_or_came_too_late(
    zoho: ZohoStandIn, admin: FlaskClient, late: bool
) -> None:
    answer = consent(admin, decision="accept" if late else "deny", wish="new", wished_name="Northgate North")
    with time_machine.travel(clock.now() + timedelta(minutes=11 if late else 0), tick=False):
        page = admin.get(answer)
    assert page.status_code == 422 and 'value="Northgate North"' in page.text
    assert re.search(r'value="new"[^>]* checked', page.text)


@pytest.mark.parametrize("centre", ["us", "eu", "in"])
def test_a_new_organisation_is_made_with_our_name_in_every_data_centre(
    zoho: ZohoStandIn, admin: FlaskClient, firm: Firm, centre: str
) -> None:
    name = f"Northgate {centre.upper()} {firm.organisation_id}"
    address = consent(admin, user=person_at_zoho(zoho, firm, centre), wish="new", wished_name=name)
    chosen = admin.get(address).location
    assert f'value="{name}"' in admin.get(chosen).text
    assert create(admin, chosen, name).location == "/books/setup"
    (made,) = organisations_named(zoho, name)
    assert made["listed"]["currency_code"] == "GBP" and made["listed"]["org_joined_app_list"] == ["invoice"]
    assert made["dc"] == centre
    assert name in admin.get("/books").text and "A test invoice goes first" in admin.get("/books/setup").text


def new_organisation(zoho: ZohoStandIn, admin: FlaskClient, firm: Firm) -> str:
    """Made and linked from the pages; its number there."""
    name = f"Brand new {firm.organisation_id}"
    user = person_at_zoho(zoho, firm, "eu")
    chosen = admin.get(consent(admin, user=user, wish="new", wished_name=name)).location
    create(admin, chosen, name)
    remote = str(organisations_named(zoho, name)[0]["organization_id"])
    no_limits = {"per_minute": None, "per_day": None, "concurrency": None}
    zoho.control("POST", "/limits", {"org": remote, **no_limits})
    return remote


def test_a_new_organisation_is_rehearsed_before_anything_of_ours_goes_there(
    zoho: ZohoStandIn, admin: FlaskClient, firm: Firm
) -> None:
    with job_session(firm.organisation_id) as session:
        ours = make_invoice(session, firm)
    remote = new_organisation(zoho, admin, firm)
    drain(firm.organisation_id)
    invoices = zoho.records(remote, "invoices")
    assert [one["status"] for one in invoices if one["invoice_number"].startswith("REHEARSAL-")] == ["void"]
    assert ours.number in [one["invoice_number"] for one in invoices[1:]]  # the test one came first
    shown = re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", admin.get("/books").text))
    assert "Nothing goes over yet" not in shown
    assert re.search(r"History Rehearsal: invoice REHEARSAL-\d+-1 of [\d.]+ is equal to the cent", shown)


def test_a_new_organisation_that_reckons_otherwise_gets_nothing_until_somebody_starts_it(
    zoho: ZohoStandIn, admin: FlaskClient, firm: Firm
) -> None:
    with job_session(firm.organisation_id) as session:
        ours = make_invoice(session, firm)
    remote = new_organisation(zoho, admin, firm)
    zoho.control("POST", f"/orgs/{remote}/settings", {"rounding_increment": 7})
    drain(firm.organisation_id)
    assert ours.number not in [one["invoice_number"] for one in zoho.records(remote, "invoices")]
    shown = admin.get("/books/setup").text
    assert "It had to stop" in shown and "total is" in shown and ">Start<" in shown
    post(admin, "/books/setup/start", {}, page="/books/setup")
    drain(firm.organisation_id)
    assert ours.number in [one["invoice_number"] for one in zoho.records(remote, "invoices")]


def test_steps_that_are_pressed_twice_stand_in_the_history_once(
    zoho: ZohoStandIn, admin: FlaskClient, firm: Firm
) -> None:
    chosen = admin.get(consent(admin)).location
    for _ in range(2):
        post(admin, chosen, chosen_is("20260815001"), page="/books")
        post(admin, "/books/setup/taxes", {}, page="/books/setup/taxes")
    for form in ({"do": "read"}, {"do": "decide", "all": "same"}, {"do": "take"}, {"do": "take"}):
        post(admin, "/books/setup/match", {**form}, page="/books/setup/match")
        drain(firm.organisation_id)
    for _ in range(2):
        post(admin, "/books/setup/start", {}, page="/books/setup")
    shown = admin.get("/books").text
    for words in ("Linked to Northgate Heating", "Set-up: taxes done", "Set-up: first import done", "Set-up finished"):
        assert shown.count(words) == 1, words


def test_a_second_press_makes_no_second_organisation(zoho: ZohoStandIn, admin: FlaskClient, firm: Firm) -> None:
    name = f"Twice {firm.organisation_id}"
    chosen = admin.get(consent(admin, user=person_at_zoho(zoho, firm, "eu"), wish="new", wished_name=name)).location
    zoho.break_down("error_500_after", path="/organizations")
    create(admin, chosen, name)
    create(admin, chosen, name)
    assert len(organisations_named(zoho, name)) == 1


def test_one_of_our_name_that_holds_customers_already_is_compared_first(
    zoho: ZohoStandIn, admin: FlaskClient, firm: Firm
) -> None:
    name = f"There before {firm.organisation_id}"
    there = {"user": firm.emails["administrator"], "dc": "eu", "name": name, "currency_code": "GBP",
             "products": ["invoice"], "plan": "free"}  # fmt: skip
    remote = zoho.control("POST", "/orgs", there)["organization_id"]
    zoho.act(remote, "POST /contacts", {"contact_name": "Somebody"})
    chosen = admin.get(consent(admin, user=f"eu:{firm.emails['administrator']}", wish="new", wished_name=name)).location
    assert create(admin, chosen, name).location == "/books/setup"
    assert len(organisations_named(zoho, name)) == 1
    assert "Nothing goes over yet" in admin.get("/books").text


def test_what_zoho_refuses_to_make_is_made_by_hand_and_found_on_looking_again(
    zoho: ZohoStandIn, admin: FlaskClient, firm: Firm
) -> None:
    name, user = f"By hand {firm.organisation_id}", person_at_zoho(zoho, firm, "eu")
    chosen = admin.get(consent(admin, user=user, wish="new", wished_name=name)).location
    zoho.control("POST", "/orgs", {"user": firm.emails["administrator"], "dc": "eu", "name": "Other", "currency_code":
                                   "GBP", "portal_name": f"northgate{firm.organisation_id}"})  # fmt: skip
    refused = create(admin, chosen, "Northgate")
    assert refused.status_code == 422 and "Look again" in refused.text and "already exist" in refused.text
    by_hand = {"user": firm.emails["administrator"], "dc": "eu", "name": name, "currency_code": "GBP",
               "products": ["invoice"], "plan": "free"}  # fmt: skip
    made = zoho.control("POST", "/orgs", by_hand)
    assert name in admin.get(chosen).text
    answer = post(admin, chosen, chosen_is(made["organization_id"]), page=chosen)
    assert answer.location == "/books/setup"


def test_a_set_up_left_after_the_consent_is_taken_up_there(zoho: ZohoStandIn, admin: FlaskClient) -> None:
    chosen = admin.get(consent(admin, wish="books")).location
    assert f'href="{chosen}"' in admin.get("/books").text


def test_a_switch_left_after_the_consent_is_taken_up_there_too(zoho: ZohoStandIn, admin: FlaskClient) -> None:
    link(admin)
    assert "Go on there" not in admin.get("/books").text
    chosen = admin.get(consent(admin)).location
    page = admin.get("/books").text
    assert "You were about to choose another organisation" in page and f'href="{chosen}"' in page
    post(admin, chosen, chosen_is("20260815001"), page=chosen)  # the same one again: nothing is left open
    assert "Go on there" not in admin.get("/books").text


def test_the_meter_of_the_days_calls_is_there_from_the_first_page_on(zoho: ZohoStandIn, admin: FlaskClient) -> None:
    link(admin)
    assert re.search(r"calls used today: \d+ of \d+", admin.get("/books").text)


def test_another_persons_zoho_account_is_asked_about_before_it_is_used(
    zoho: ZohoStandIn, admin: FlaskClient, firm: Firm
) -> None:
    chosen = admin.get(consent(admin)).location
    page = admin.get(chosen).text
    assert "Is this the right Zoho account?" in page and "admin@northgate.example" in page
    remote = {"remote_organisation_id": "20260815001"}
    answer = post(admin, chosen, remote, page=chosen)
    assert answer.status_code == 422 and "right Zoho account" in answer.text
    assert post(admin, chosen, remote | {"is_right_account": "1"}, page=chosen).status_code == 303


def test_another_persons_account_is_asked_about_before_an_organisation_is_made_in_it(
    zoho: ZohoStandIn, admin: FlaskClient, firm: Firm
) -> None:
    name = f"Not there {firm.organisation_id}"
    chosen = admin.get(consent(admin, wish="new", wished_name=name)).location
    answer = post(admin, chosen, {"do": "create", "wished_name": name}, page=chosen)
    assert answer.status_code == 422 and "right Zoho account" in answer.text
    assert organisations_named(zoho, name) == []


def test_an_account_that_nothing_tells_of_is_asked_about(zoho: ZohoStandIn, admin: FlaskClient, firm: Firm) -> None:
    """Its only organisation names no address, so it may be anybody's."""
    user = f"stranger{firm.organisation_id}@elsewhere.example"
    made = zoho.control("POST", "/orgs", {"user": user, "dc": "eu", "name": "Untold", "currency_code": "GBP"})
    chosen = admin.get(consent(admin, user=f"eu:{user}")).location
    assert "Zoho does not tell in whose account" in admin.get(chosen).text
    remote = {"remote_organisation_id": made["organization_id"]}
    answer = post(admin, chosen, remote, page=chosen)
    assert answer.status_code == 422 and "right Zoho account" in answer.text
    assert post(admin, chosen, remote | {"is_right_account": "1"}, page=chosen).location == "/books/setup"
    chosen = admin.get(consent(admin, user=f"eu:{user}")).location  # the second time it is known
    assert "right Zoho account" not in admin.get(chosen).text


def test_our_own_address_at_zoho_is_not_asked_about(zoho: ZohoStandIn, admin: FlaskClient, firm: Firm) -> None:
    own = {"user": firm.emails["administrator"], "dc": "eu", "name": "Our own", "currency_code": "GBP",
           "email": firm.emails["administrator"]}  # fmt: skip
    zoho.control("POST", "/orgs", own)
    page = admin.get(admin.get(consent(admin, user=f"eu:{firm.emails['administrator']}")).location).text
    assert "Our own" in page and "right Zoho account" not in page


def test_an_organisation_with_another_countrys_taxes_says_so_before_it_is_chosen(
    zoho: ZohoStandIn, admin: FlaskClient, firm: Firm
) -> None:
    own = {"user": firm.emails["administrator"], "dc": "eu", "name": "Our Irish books", "currency_code": "GBP",
           "country_code": "IE", "email": firm.emails["administrator"]}  # fmt: skip
    zoho.control("POST", "/orgs", own)
    page = admin.get(admin.get(consent(admin, user=f"eu:{firm.emails['administrator']}")).location).text
    told = "Its taxes are another country’s: your firm charges those of United Kingdom."
    assert page.count(told) == 1 and page.index("Our Irish books") < page.index(told)


@pytest.mark.parametrize("wish", ["invoice", "books"])
def test_the_product_that_was_wished_for_comes_first(zoho: ZohoStandIn, admin: FlaskClient, wish: str) -> None:
    page = admin.get(admin.get(consent(admin, wish=wish)).location).text
    chips = re.findall(r"Zoho (Books|Invoice)</span>", page)
    assert chips[0].lower() == wish and set(chips) == {"Books", "Invoice"}


def test_a_wish_that_is_none_of_the_cards_is_refused(zoho: ZohoStandIn, admin: FlaskClient) -> None:
    answer = post(admin, "/books/consent", {"wish": "moon"}, page="/books")
    assert answer.status_code == 422 and "from the list" in answer.text


def test_two_firms_that_connect_at_the_same_time_never_swap_consents(
    zoho: ZohoStandIn, app: Flask, firm: Firm, other_firm: Firm
) -> None:
    """Both are away at Zoho at once and come back in the other order; each finds its own person's organisations."""
    people, admins, answers = {}, {}, {}
    for each in (firm, other_firm):
        people[each.organisation_id] = person_at_zoho(zoho, each, "eu")
        own = {"user": each.emails["administrator"], "dc": "eu", "name": f"Books {each.organisation_id}",
               "currency_code": "GBP"}  # fmt: skip
        zoho.control("POST", "/orgs", own)
        admins[each.organisation_id] = sign_in(browser(app), each, "administrator")
    for of, client in admins.items():
        answers[of] = consent(client, user=people[of])
    for of, other in zip(reversed(admins), admins, strict=True):
        assert admins[of].get(answers[other]).status_code == 422
    for each in (firm, other_firm):  # what the other one tried to use is spent: once more, in turn
        of = each.organisation_id
        answers[of] = consent(admins[of], user=people[of])
    for of in reversed(admins):
        page = admins[of].get(admins[of].get(answers[of]).location).text
        assert f"Books {of}" in page
        assert not any(f"Books {other}" in page for other in admins if other != of)

"""Connecting Zoho, as a browser does it: consent, choice, the end of it, and every way in which it can go wrong."""

import html
import re
import threading
from datetime import timedelta

import pytest
import requests
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine, select, text

from portal.accounting import consents, rules
from portal.accounting import link as linking
from portal.accounting.mirror.drain import drain
from portal.accounting.models import Consent
from portal.accounting.queries import link_state
from portal.shared import clock
from portal.shared.running import job_session
from tests.builders import Firm, make_firm, make_invoice, post, sign_in
from tests.conftest import World, browser
from tests.portal.accounting.stand_in import LinkedFirm, ZohoStandIn, connect, link_to, linked, owner_rows, zoho

__all__ = ["linked", "zoho"]
NORTHGATE = "20260815001"


@pytest.fixture(autouse=True)
def nobody_else_is_linked(world: World) -> None:
    """The firms of the tests before have let go of the stand-in's organisations."""
    engine = create_engine(world.superuser_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE links SET archived_at = clock_timestamp() WHERE archived_at IS NULL"))
    engine.dispose()


@pytest.fixture
def admin(app: Flask, firm: Firm) -> FlaskClient:
    return sign_in(browser(app), firm, "administrator")


def consent(
    client: FlaskClient, *, user: str = "eu:admin@northgate.example", decision: str = "accept", **wishes: str
) -> str:
    """Press *Connect Zoho*, answer on Zoho's page; the address it sends the browser back to."""
    asked = post(client, "/books/consent", {"wish": "books", **wishes}, page="/books")
    assert asked.status_code == 303
    form, address = {"user_id": user, "decision": decision}, asked.location
    while not address.startswith("http://portal.test/"):  # Zoho moves people on to their own data centre (307)
        answer = requests.post(address, data=form, allow_redirects=False, timeout=10)
        address = answer.headers["location"]
    return str(address).removeprefix("http://portal.test")


def chosen_is(remote: str) -> dict[str, object]:
    return {"remote_organisation_id": remote, "is_right_account": "1", "is_other_product": "1"}


def link(client: FlaskClient, remote: str = NORTHGATE) -> None:
    chosen = client.get(consent(client)).location
    answer = post(client, chosen, chosen_is(remote), page=chosen)
    assert answer.status_code == 303, re.sub("<[^>]+>", " ", answer.text)


def start(client: FlaskClient, organisation_id: int) -> None:
    """Take every step that the set-up asks for, then let everything go over."""
    post(client, "/books/setup/taxes", {}, page="/books/setup/taxes")
    for form in ({"do": "read"}, {"do": "decide", "all": "same"}, {"do": "take"}):
        post(client, "/books/setup/match", {**form}, page="/books/setup/match")
        drain(organisation_id)
    assert post(client, "/books/setup/start", {}, page="/books/setup").location == "/books"


def test_a_consent_opens_the_organisations_to_choose_from(zoho: ZohoStandIn, admin: FlaskClient) -> None:
    page = admin.get(admin.get(consent(admin)).location)
    assert page.status_code == 200
    assert "Northgate Heating" in page.text and "Zoho Books" in page.text
    assert "1 organisation is not shown: its trial has expired" in page.text


def test_each_organisation_says_how_many_customers_it_has(zoho: ZohoStandIn, admin: FlaskClient) -> None:
    before = len(zoho.records(NORTHGATE, "contacts"))
    for number in range(2):
        zoho.act(NORTHGATE, "POST /contacts", {"contact_name": f"Harbour {before} {number}"})
    zoho.act(NORTHGATE, "POST /contacts", {"contact_name": f"Supplier {before}", "contact_type": "vendor"})
    chosen = admin.get(consent(admin)).location
    assert f"{before + 2} customers" in admin.get(chosen).text
    zoho.break_down("error_500_before", method="GET", path="/contacts", times=9)
    page = admin.get(chosen)
    zoho.mend()
    assert page.status_code == 200 and f"{before + 2} customers" not in page.text and "Northgate Heating" in page.text


@pytest.mark.parametrize("wish", ["books", "invoice", "new"])
def test_an_organisation_of_another_product_or_country_says_so_and_is_not_chosen_beforehand(
    zoho: ZohoStandIn, admin: FlaskClient, wish: str
) -> None:
    user = f"one-{wish}@firm.example"
    zoho.control("POST", "/orgs", {"user": user, "dc": "eu", "name": "The only one", "currency_code": "GBP"})
    page = admin.get(admin.get(consent(admin, user=f"eu:{user}", wish=wish, wished_name="Ours")).location).text
    assert "The only one" in page
    is_other = "You chose Zoho Invoice; this is a Zoho Books organisation." in page
    assert is_other == (wish != "books") and (" checked" in page) == (wish == "books")


def test_an_organisation_of_another_product_than_the_card_said_is_asked_about(
    zoho: ZohoStandIn, admin: FlaskClient
) -> None:
    user = "asked@firm.example"
    made = zoho.control("POST", "/orgs", {"user": user, "dc": "eu", "name": "Their books", "currency_code": "GBP"})
    chosen = admin.get(consent(admin, user=f"eu:{user}", wish="invoice")).location
    form: dict[str, object] = {"remote_organisation_id": str(made["organization_id"]), "is_right_account": "1"}
    asked = post(admin, chosen, form, page=chosen)
    assert asked.status_code == 422 and "Say that you mean it, or choose another." in asked.text
    assert 'name="is_other_product"' in asked.text and 'name="is_other_product"' not in admin.get(chosen).text
    assert post(admin, chosen, form | {"is_other_product": "1"}, page=chosen).location == "/books/setup"


def test_nothing_goes_over_before_the_start_and_everything_sent_so_far_after_it(
    zoho: ZohoStandIn, admin: FlaskClient, firm: Firm
) -> None:
    with job_session(firm.organisation_id) as session:
        invoice = make_invoice(session, firm)
    link(admin)
    assert "Northgate Heating" in admin.get("/books").text
    drain(firm.organisation_id)
    assert invoice.number not in {one["invoice_number"] for one in zoho.records(NORTHGATE, "invoices")}
    start(admin, firm.organisation_id)
    drain(firm.organisation_id)
    numbers = {one["invoice_number"]: one["status"] for one in zoho.records(NORTHGATE, "invoices")}
    assert numbers[invoice.number] == "sent"


def test_tokens_are_sealed_in_the_database(zoho: ZohoStandIn, admin: FlaskClient, world: World) -> None:
    link(admin)
    rows = owner_rows(world, "SELECT to_jsonb(c)::text FROM zoho_consents c")
    assert rows and not any("1000." in row[0] for row in rows)


def test_a_state_counts_once(zoho: ZohoStandIn, admin: FlaskClient) -> None:
    address = consent(admin)
    assert admin.get(address).status_code == 303
    again = admin.get(address)
    assert again.status_code == 422 and "used already" in again.text


def test_a_state_counts_for_the_sign_in_that_asked_only(
    zoho: ZohoStandIn, app: Flask, admin: FlaskClient, firm: Firm, world: World
) -> None:
    """Neither another sign-in of the same person nor another firm can use it, and neither takes it from the first."""
    address, other = consent(admin), sign_in(browser(app), firm, "administrator")
    stranger = sign_in(browser(app), make_firm(name="Rival Plumbing"), "administrator")
    refused = other.get(address)
    assert (stranger.get(address).status_code, refused.status_code) == (422, 422)
    assert "belongs to another sign-in" in refused.text and "Connect once more here" in refused.text
    kept = "SELECT 1 FROM zoho_consents WHERE organisation_id = :id"
    assert not owner_rows(world, kept, id=firm.organisation_id)
    assert admin.get(address).status_code == 303 and len(owner_rows(world, kept, id=firm.organisation_id)) == 1
    assert admin.get(address).status_code == 422


def test_a_state_lives_ten_minutes(zoho: ZohoStandIn, admin: FlaskClient) -> None:
    address = consent(admin)
    with time_machine.travel(clock.now() + timedelta(minutes=11)):
        late = admin.get(address)
    assert late.status_code == 422 and "ten minutes" in late.text


def test_a_refusal_at_zoho_is_told_in_plain_words(zoho: ZohoStandIn, admin: FlaskClient) -> None:
    answer = admin.get(consent(admin, decision="reject"))
    assert answer.status_code == 422 and "not given permission" in answer.text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda address: re.sub(r"code=[^&]+", "code=", address), "sent no permission"),
        (lambda address: re.sub(r"(accounts-server=)[^&]+", r"\1http%3A%2F%2F127.0.0.1%3A9", address), "data centres"),
        (lambda address: re.sub(r"&?accounts-server=[^&]+", "", address), "data centres"),
    ],
    ids=["no code", "foreign accounts server", "no accounts server"],
)  # fmt: skip
def test_a_callback_that_is_not_zohos_connects_nothing(
    zoho: ZohoStandIn, admin: FlaskClient, change: object, words: str
) -> None:
    zoho.forget_requests()
    answer = admin.get(change(consent(admin)))  # type: ignore[operator]
    assert answer.status_code == 422 and words in answer.text
    assert zoho.token_requests() == 0


def test_a_code_that_was_used_already_is_told(zoho: ZohoStandIn, admin: FlaskClient) -> None:
    address = re.sub(r"code=[^&]+", "code=1000.aaaaaaaa.bbbbbbbb", consent(admin))
    answer = admin.get(address)
    assert answer.status_code == 502 and "Connect again" in answer.text


def test_only_who_may_manage_the_link_sees_its_pages(zoho: ZohoStandIn, app: Flask, firm: Firm) -> None:
    agent = sign_in(browser(app), firm, "field_agent")
    assert {agent.get(path).status_code for path in ("/books", "/books/consent", "/books/inbox")} == {403}


def test_another_firms_consent_is_not_there(zoho: ZohoStandIn, app: Flask, admin: FlaskClient) -> None:
    chosen = admin.get(consent(admin)).location
    stranger = sign_in(browser(app), make_firm(name="Rival Plumbing"), "administrator")
    assert stranger.get(chosen).status_code == 404
    assert post(stranger, chosen, {"remote_organisation_id": NORTHGATE}).status_code == 404


def test_books_in_another_currency_cannot_be_linked(zoho: ZohoStandIn, app: Flask) -> None:
    american = make_firm(name="Lakeside Boilers", country="US", currency="USD", time_zone="America/Chicago")
    client = sign_in(browser(app), american, "administrator")
    chosen = client.get(consent(client)).location
    assert "It keeps its books in GBP, and you bill in USD." in client.get(chosen).text
    answer = post(client, chosen, chosen_is(NORTHGATE), page=chosen)
    assert answer.status_code == 422 and "cannot be linked" in answer.text


def test_an_expired_trial_cannot_be_chosen_by_hand_either(zoho: ZohoStandIn, admin: FlaskClient) -> None:
    expired = next(
        one for one in zoho.control("GET", "/orgs")["organizations"] if one["listed"].get("is_trial_expired")
    )
    chosen = admin.get(consent(admin)).location
    answer = post(admin, chosen, {"remote_organisation_id": expired["organization_id"]}, page=chosen)
    assert answer.status_code == 422 and "Choose one of the organisations" in answer.text


def test_disconnecting_gives_the_consent_back_and_reconnecting_makes_nothing_twice(
    linked: LinkedFirm, app: Flask, world: World
) -> None:
    with job_session(linked.organisation_id) as session:
        make_invoice(session, linked.firm)
    drain(linked.organisation_id)
    client = sign_in(browser(app), linked.firm, "administrator")
    assert post(client, "/books/end", {"is_sure": "1"}, page="/books").status_code == 303
    with job_session(linked.organisation_id) as session:
        assert not link_state(session)
    before = [len(linked.there(module)) for module in ("contacts", "items", "invoices")]

    link_to(linked)
    linked.zoho.forget_requests()
    drain(linked.organisation_id)
    assert [len(linked.there(module)) for module in ("contacts", "items", "invoices")] == before
    assert linked.zoho.requests(linked.remote) == []
    assert len(owner_rows(world, "SELECT 1 FROM links WHERE organisation_id = :id", id=linked.organisation_id)) == 1


def test_a_second_organisation_is_refused_while_one_is_linked(zoho: ZohoStandIn, firm: Firm, app: Flask) -> None:
    connect(zoho, firm)
    client = sign_in(browser(app), firm, "administrator")
    chosen = client.get(consent(client)).location
    answer = post(client, chosen, chosen_is(NORTHGATE), page=chosen)
    assert answer.status_code == 422 and "You are linked to Books of" in answer.text


def test_a_permission_of_somebody_who_does_not_see_the_linked_organisation_is_given_back(
    zoho: ZohoStandIn, firm: Firm, app: Flask, world: World
) -> None:
    """And nothing else changes: no half of a link, no choice left open."""
    found = connect(zoho, firm)
    name, before = found.link().remote_name, found.link().consent_id
    client = sign_in(browser(app), firm, "administrator")
    zoho.forget_requests()
    told = client.get(consent(client, wish="again"))
    shown = html.unescape(told.text)
    assert told.status_code == 422 and f"{name} is not among the organisations of the Zoho user" in shown
    assert "Sign in at Zoho as a user of" in shown and "You were about to choose" not in client.get("/books").text
    assert sum("revoke" in one["path"] for one in zoho.control("GET", "/requests")["requests"]) == 1
    assert found.link().consent_id == before
    kept = owner_rows(world, "SELECT revoked_at IS NULL FROM zoho_consents WHERE organisation_id = :id ORDER BY id",
                      id=firm.organisation_id)  # fmt: skip
    assert [row[0] for row in kept] == [True, False]
    zoho.control("POST", f"/orgs/{found.remote}/settings", {"listed": {"is_trial_expired": True}})
    told = client.get(consent(client, user=f"eu:{found.user}", wish="again"))
    assert f"The trial of {name} has expired" in html.unescape(told.text)
    zoho.control("POST", f"/orgs/{found.remote}/settings", {"listed": {"is_trial_expired": False}})
    zoho.forget_requests()
    assert client.get(consent(client, user=f"eu:{found.user}", wish="again")).location == "/books"  # nothing to choose
    shown = client.get("/books").text
    assert f"Zoho lets us into {name} again" in html.unescape(shown) and "You were about to choose" not in shown
    assert found.link().consent_id > before
    assert sum("revoke" in one["path"] for one in zoho.control("GET", "/requests")["requests"]) == 1  # the one before


def test_two_firms_cannot_keep_their_books_in_one_organisation(
    zoho: ZohoStandIn, admin: FlaskClient, other_firm: Firm, app: Flask
) -> None:
    link(admin)
    rival = sign_in(browser(app), other_firm, "administrator")
    chosen = rival.get(consent(rival)).location
    shown = rival.get(chosen).text
    (offer,) = re.findall(rf'<input[^>]*value="{NORTHGATE}"[^>]*>', shown)
    assert "disabled" in offer and "Another firm of this portal is linked to it" in shown
    answer = post(rival, chosen, chosen_is(NORTHGATE), page=chosen)
    assert answer.status_code == 422 and "linked to another firm" in answer.text


def test_two_firms_that_choose_one_organisation_at_the_same_moment_do_not_both_get_it(
    zoho: ZohoStandIn, firm: Firm, other_firm: Firm, app: Flask
) -> None:
    """The first has not committed when the second looks."""
    found = connect(zoho, firm)
    owner = found.link()
    candidate = rules.Candidate(owner.remote_organisation_id, owner.remote_name, owner.product, "GBP", "", "")
    rival = sign_in(browser(app), other_firm, "administrator")
    rival.get(consent(rival))
    with job_session(other_firm.organisation_id) as session:
        theirs = session.get(Consent, session.scalar(select(consents.left_at())))
    assert theirs is not None
    outcome: list[object] = []

    def choose() -> None:
        try:
            with job_session(other_firm.organisation_id) as session:
                linking.attach(session, session.merge(theirs), candidate, connected_by=None)
            outcome.append("linked")
        except linking.CannotLink as problem:
            outcome.append(problem.sentence)

    with job_session(firm.organisation_id) as session:
        link = session.merge(owner)
        link.archived_at = clock.now()
    with job_session(firm.organisation_id) as session:
        ours = session.get_one(Consent, owner.consent_id)
        linking.attach(session, ours, candidate, connected_by=None)
        second = threading.Thread(target=choose)
        second.start()
        second.join(0.5)  # it is kept waiting, so this is the whole half second
        assert outcome == []
    second.join(15)
    assert outcome == [f"{owner.remote_name} is linked to another firm of this portal. Choose another organisation."]

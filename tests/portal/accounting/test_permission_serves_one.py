"""A permission serves one organisation. Chosen for a second one, giving it back for that would end the first."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.accounting import link as linking
from portal.accounting import rules, switching
from portal.accounting.mirror.drain import drain
from portal.accounting.models import Consent, Link
from portal.accounting.planned import actions
from portal.shared import clock
from portal.shared.running import job_session
from tests.builders import Firm, post, sign_in
from tests.conftest import World, browser
from tests.portal.accounting.doings import sent_invoice
from tests.portal.accounting.stand_in import LinkedFirm, ZohoStandIn, linked, owner_rows, zoho
from tests.portal.accounting.test_link_pages import chosen_is, consent
from tests.portal.accounting.test_planned_switch import AHEAD, day, plan, planned
from tests.portal.accounting.test_switching import another, switch

__all__ = ["linked", "zoho"]


@pytest.fixture
def admin(app: Flask, linked: LinkedFirm) -> FlaskClient:
    return sign_in(browser(app), linked.firm, "administrator")


def press(client: FlaskClient, address: str, form: dict[str, object]) -> Any:
    return post(client, address, form, page="/books")


def new(linked: LinkedFirm, remote: str) -> rules.Candidate:
    return rules.Candidate(remote, "Other books", linked.link().product, "GBP", "", "")


def test_by_back_after_linking_nothing_else_can_be_chosen_with_it(linked: LinkedFirm, admin: FlaskClient) -> None:
    used = f"/books/consents/{linked.link().consent_id}"
    other = another(linked)
    assert admin.get(used).location.startswith("/books")
    assert "serves" in admin.get("/books").text and "Go over to another Zoho organisation" in admin.get("/books").text
    form = chosen_is(other) | {"cut_over_on": day(AHEAD), "is_sure": "1"}
    assert press(admin, used, form).location.startswith("/books") and planned(linked) is None
    assert admin.get(f"{used}/over?remote_organisation_id={other}&cut_over_on={day(0)}").status_code == 303
    press(admin, used, chosen_is(other) | {"cut_over_on": day(0), "is_sure": "1"})
    assert linked.link().remote_organisation_id == linked.remote
    invoice = sent_invoice(linked)
    drain(linked.organisation_id)
    assert [one["invoice_number"] for one in linked.there("invoices")] == [invoice.number]


def test_a_second_tap_on_the_same_choice_is_told_nothing(linked: LinkedFirm, admin: FlaskClient) -> None:
    chosen = admin.get(consent(admin, user=f"eu:{linked.user}")).location
    other = another(linked)
    form = chosen_is(other) | {"cut_over_on": day(0), "is_sure": "1"}
    assert [press(admin, chosen, form).location for _ in range(2)] == ["/books/setup"] * 2
    assert "serves" not in admin.get("/books/setup").text


def test_the_permission_of_a_plan_is_used_for_nothing_else(linked: LinkedFirm, admin: FlaskClient) -> None:
    plan(admin, linked, another(linked))
    found = planned(linked)
    assert found is not None
    used = f"/books/consents/{found.consent_id}"
    third = another(linked, name="Third books")
    press(admin, used, chosen_is(third) | {"cut_over_on": day(0), "is_sure": "1"})
    assert linked.link().remote_organisation_id == linked.remote and planned(linked) is not None
    assert "serves Other books already" in admin.get("/books").text


def test_who_plans_another_day_with_it_than_a_colleague_did_just_before_is_told(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    chosen, other = admin.get(consent(admin, user=f"eu:{linked.user}")).location, another(linked)
    form = chosen_is(other) | {"is_sure": "1"}
    press(admin, chosen, form | {"cut_over_on": day(AHEAD)})
    press(admin, chosen, form | {"cut_over_on": day(AHEAD + 5)})
    found = planned(linked)
    assert found is not None and found.cut_over_on.isoformat() == day(AHEAD)
    assert "serves Other books already" in admin.get("/books").text


@pytest.mark.parametrize("way", ["plan", "switch", "attach"])
def test_who_had_chosen_before_it_served_one_is_refused_too(linked: LinkedFirm, way: str) -> None:
    """Two presses that both looked before either began."""
    candidate, live = new(linked, another(linked)), linked.link()
    with (
        job_session(linked.organisation_id) as session,
        pytest.raises(linking.CannotLink, match=r"serves|You are linked to"),
    ):
        old, same = session.get_one(Link, live.id), session.get_one(Consent, live.consent_id)
        if way == "attach":
            linking.attach(session, same, candidate, connected_by=None)
        elif way == "switch":
            switching.switch(session, old, same, candidate, cut_over_on=clock.today("UTC"), connected_by=None)
        else:
            actions.plan(session, old, same, candidate, cut_over_on=clock.today("UTC"), is_new=False, planned_by=None)
    assert linked.link().remote_organisation_id == linked.remote and planned(linked) is None


def test_a_first_link_gives_all_others_back_the_later_ones_too(
    zoho: ZohoStandIn, firm: Firm, app: Flask, world: World
) -> None:
    admin = sign_in(browser(app), firm, "administrator")
    user = f"first{firm.organisation_id}@firm.example"
    facts = {"user": user, "dc": "eu", "name": "First books", "currency_code": "GBP"}
    made = zoho.control("POST", "/orgs", facts)
    chosen = admin.get(consent(admin, user=f"eu:{user}")).location
    later = admin.get(consent(admin)).location
    press(admin, chosen, chosen_is(str(made["organization_id"])))
    living = owner_rows(
        world, "SELECT 1 FROM zoho_consents WHERE organisation_id = :id AND revoked_at IS NULL", id=firm.organisation_id
    )  # fmt: skip
    assert len(living) == 1 and "You were about to choose" not in admin.get("/books").text
    assert admin.get(later).location == "/books" and "was given back" in admin.get("/books").text


def test_another_permission_of_the_same_person_may_go_over(linked: LinkedFirm, admin: FlaskClient) -> None:
    other = another(linked)
    assert switch(admin, linked, other).location == "/books/setup"
    assert linked.link().remote_organisation_id == other

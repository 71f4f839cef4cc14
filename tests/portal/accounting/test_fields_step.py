"""Modules and fields: a step of the set-up that is ready as it is, can be left, and stays open ever after."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.accounting import directions
from portal.accounting.setup import steps
from portal.shared.running import job_session
from tests.builders import Firm, post, sign_in
from tests.conftest import browser
from tests.portal.accounting.stand_in import LinkedFirm, ZohoStandIn, connect, zoho

__all__ = ["zoho"]
PAGE = "/books/setup/fields"


@pytest.fixture(params=["books", "invoice"])
def linked(zoho: ZohoStandIn, firm: Firm, request: pytest.FixtureRequest) -> LinkedFirm:
    """An existing organisation was chosen, and its taxes are compared."""
    zoho.mend()
    found = connect(zoho, firm, product=request.param)
    with job_session(found.organisation_id) as session:
        link = session.merge(found.link())
        steps.begin(session, link, is_new=False)
        steps.finish(session, link, steps.TAXES)
    return found


@pytest.fixture
def admin(app: Flask, linked: LinkedFirm) -> FlaskClient:
    return sign_in(browser(app), linked.firm, "administrator")


def ways(linked: LinkedFirm) -> dict[str, str]:
    with job_session(linked.organisation_id) as session:
        return {each: directions.direction_of(session, linked.link().id, each) for each in directions.modules()}


def test_it_comes_after_the_taxes_and_is_ready_as_it_is(linked: LinkedFirm, admin: FlaskClient) -> None:
    assert f'href="{PAGE}">Next: Modules and fields' in admin.get("/books/setup").text
    page = admin.get(PAGE).text
    assert page.count("the usual mapping") >= 3 and "/books/mapping?module=customer" in page
    answer = post(admin, PAGE, {}, page=PAGE)
    assert answer.location == "/books/setup" and set(ways(linked).values()) == {"push"}
    after = admin.get("/books/setup").text
    assert "Next: First import" in after and after.count(">done<") == 2


def test_each_module_goes_the_way_that_was_chosen_and_still_rests_until_the_start(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    post(admin, PAGE, {"way_customer": "both", "way_payment": "both", "way_item": "push"}, page=PAGE)
    assert ways(linked) == {"tax": "push", "customer": "both", "item": "push", "invoice": "push", "payment": "both",
                            "credit_note": "push"}  # fmt: skip
    shown = admin.get(PAGE).text
    assert re.search(r'name="way_customer".*?value="both" selected', shown, re.S)
    with job_session(linked.organisation_id) as session:
        resting = set(session.scalars(directions.resting(linked.link().id)))
        assert resting == {*directions.modules(), "tax_rate"}


def test_it_may_be_left_out_and_taken_up_after_the_start(linked: LinkedFirm, admin: FlaskClient) -> None:
    with job_session(linked.organisation_id) as session:
        link = session.merge(linked.link())
        steps.finish(session, link, steps.MATCH)
    assert "Next:" not in admin.get("/books/setup").text
    post(admin, "/books/setup/start", {}, page="/books/setup")
    assert f'href="{PAGE}"' in admin.get("/books").text
    assert post(admin, PAGE, {"way_item": "both", "is_sure": "1"}, page=PAGE).location == "/books"
    assert ways(linked)["item"] == "both"


def test_a_way_that_is_none_is_refused_beside_its_module(linked: LinkedFirm, admin: FlaskClient) -> None:
    answer = post(admin, PAGE, {"way_item": "sideways", "way_customer": "both"}, page=PAGE)
    assert answer.status_code == 422 and "Choose how services and parts go from the list." in answer.text
    assert re.search(r'name="way_customer".*?value="both" selected', answer.text, re.S)
    assert set(ways(linked).values()) == {"push"} and "fields" not in linked.link().setup_steps

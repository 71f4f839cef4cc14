"""Services and parts: listed, added, edited."""

import re
from decimal import Decimal

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.catalogue.models import Item
from portal.organisations.models import Organisation
from portal.shared.running import job_session
from portal.taxes.queries import list_taxes
from portal.taxes.standing.models import Exemption
from tests.builders import Firm, make_firm, post, sign_in
from tests.conftest import browser


@pytest.fixture
def manager(client: FlaskClient, firm: Firm) -> FlaskClient:
    return sign_in(client, firm, "manager")


def tax_id(firm: Firm) -> str:
    with job_session(firm.organisation_id) as session:
        return str(list_taxes(session)[0].id)


def facts(firm: Firm, **changes: str) -> dict[str, object]:
    return {"kind": "part", "code": "PT-77", "name": "Copper pipe, 22 mm", "unit_price": "4.20", "unit": "m",
            "tax_id": tax_id(firm), "is_active": "yes"} | changes  # fmt: skip


def items(firm: Firm) -> dict[str, Item]:
    with job_session(firm.organisation_id) as session:
        return {item.code: item for item in session.scalars(select(Item))}


@pytest.mark.parametrize("path", ["/catalogue", "/catalogue/new", "/catalogue/1/edit"])
def test_signed_out_people_are_asked_to_sign_in(client: FlaskClient, world, path: str) -> None:
    assert client.get(path).headers["Location"].startswith("/sign-in?next=")


def test_technicians_may_look_but_not_change(client: FlaskClient, firm: Firm) -> None:
    sign_in(client, firm, "field_agent")
    assert "Annual gas boiler service" in client.get("/catalogue").text
    assert client.get("/catalogue/new").status_code == 403
    for path in ("/catalogue", f"/catalogue/{firm.item_ids[0]}"):
        assert post(client, path, facts(firm), page="/people/me/password").status_code == 403


def test_who_sees_no_prices_sees_no_catalogue(client: FlaskClient, firm: Firm) -> None:
    assert sign_in(client, firm, "limited_field_agent").get("/catalogue").status_code == 403


def test_an_added_item_is_listed_with_its_price(manager: FlaskClient, firm: Firm) -> None:
    assert post(manager, "/catalogue", facts(firm), page="/catalogue/new").headers["Location"] == "/catalogue"
    assert items(firm)["PT-77"].unit_price == Decimal("4.20")
    page = manager.get("/catalogue").text
    assert "Copper pipe, 22 mm" in page and "4.20 / m" in page


@pytest.mark.parametrize(
    ("field", "bad"),
    [("code", ""), ("code", "SV-01"), ("code", "x" * 10_000), ("name", "\x00"), ("kind", "gift"), ("unit_price", ""),
     ("unit_price", "-1"), ("unit_price", "1e309"), ("unit_price", "NaN"), ("unit_price", "0.005"),
     ("unit_price", "1" * 20), ("tax_id", "9" * 20), ("tax_id", "0"), ("tax_id", ""), ("description", "d" * 10_000)],
)  # fmt: skip
def test_bad_input_stays_in_the_form_and_adds_nothing(manager: FlaskClient, firm: Firm, field: str, bad: str) -> None:
    answer = post(manager, "/catalogue", facts(firm, **{"unit": "keptunit", field: bad}), page="/catalogue/new")
    assert (answer.status_code, len(items(firm))) == (422, 3)
    assert f'id="f-{field}-error"' in answer.text and "keptunit" in answer.text


def test_another_firms_tax_cannot_be_chosen(manager: FlaskClient, firm: Firm, other_firm: Firm) -> None:
    given = facts(firm, tax_id=tax_id(other_firm))
    assert post(manager, "/catalogue", given, page="/catalogue/new").status_code == 422


def test_a_price_has_no_more_decimals_than_the_currency(client: FlaskClient, world) -> None:
    firm = make_firm(name="Tokyo Heating", country="JP", currency="JPY", time_zone="Asia/Tokyo")
    sign_in(client, firm, "manager")
    assert post(client, "/catalogue", facts(firm, unit_price="4.2"), page="/catalogue/new").status_code == 422
    assert post(client, "/catalogue", facts(firm, unit_price="420"), page="/catalogue/new").status_code == 303


def test_an_edit_is_saved(manager: FlaskClient, firm: Firm) -> None:
    path = f"/catalogue/{firm.item_ids[0]}"
    assert 'value="118.00"' in manager.get(path + "/edit").text
    given = facts(firm, code="SV-01", kind="service", unit_price="120", is_active="")
    assert post(manager, path, given, page=path + "/edit").status_code == 303
    assert (items(firm)["SV-01"].unit_price, items(firm)["SV-01"].is_active) == (Decimal(120), False)
    assert "Not offered" in manager.get("/catalogue").text


def test_an_edit_to_a_code_that_is_taken_changes_nothing(manager: FlaskClient, firm: Firm) -> None:
    path = f"/catalogue/{firm.item_ids[0]}"
    answer = post(manager, path, facts(firm, code="PT-01"), page=path + "/edit")
    assert answer.status_code == 422 and "Another item has this code" in answer.text
    assert items(firm)["SV-01"].name == "Annual gas boiler service"


def test_items_of_other_firms_and_nobody_are_the_same_404(manager, firm: Firm, other_firm: Firm) -> None:
    numbers = (other_firm.item_ids[0], 10**15, "9" * 20)
    shown = [manager.get(f"/catalogue/{number}/edit") for number in numbers]
    sent = [post(manager, f"/catalogue/{number}", facts(firm), page="/catalogue/new") for number in numbers]
    assert {answer.status_code for answer in shown + sent} == {404}
    assert len({re.sub("<bdi>.*?</bdi>", "", answer.text) for answer in shown[:2]}) == 1


def test_items_no_longer_offered_are_hidden_from_technicians(app, manager, firm: Firm) -> None:
    post(manager, "/catalogue", facts(firm, is_active=""), page="/catalogue/new")
    assert "PT-77" in manager.get("/catalogue").text
    assert "PT-77" not in sign_in(browser(app), firm, "field_agent").get("/catalogue").text


def test_searching_answers_htmx_with_the_list_and_browsers_with_the_page(manager: FlaskClient) -> None:
    part = manager.get("/catalogue?q=vessel&kind=part", headers={"HX-Request": "true"})
    page = manager.get("/catalogue?q=vessel&kind=part")
    assert part.text.lstrip().startswith('<div id="items">') and "<html" in page.text
    for answer in (part, page):
        assert "Expansion vessel" in answer.text and "Labour" not in answer.text


@pytest.mark.parametrize("query", ["q=%00", "kind=nonsense", "page=x", "page=" + "9" * 30])
def test_odd_searches_are_no_error(manager: FlaskClient, query: str) -> None:
    assert manager.get(f"/catalogue?{query}").status_code == 200


def test_the_list_says_what_an_item_without_a_tax_will_bear(manager: FlaskClient, firm: Firm) -> None:
    with job_session(firm.organisation_id) as session:
        exempt, bare, _taxed = session.scalars(select(Item).order_by(Item.id))
        reason = session.scalars(select(Exemption).where(Exemption.name == "Disbursement")).one()
        exempt.exemption_id, exempt.tax_id, bare.tax_id = reason.id, None, None
    page = manager.get("/catalogue").text
    assert "None: Disbursement" in page and "None yet: asked on the invoice" in page and "By the address" not in page
    with job_session(firm.organisation_id) as session:
        session.get_one(Organisation, firm.organisation_id).country = "CA"
    assert "By the address" in manager.get("/catalogue").text

"""A rehearsal sends one test invoice over and back, and leaves nothing open behind."""

from decimal import Decimal

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.accounting.mirror.drain import drain
from portal.accounting.reconciliation.models import MonthSums
from portal.accounting.setup import steps
from portal.shared.running import job_session
from tests.builders import Firm, post, sign_in
from tests.conftest import browser
from tests.portal.accounting.stand_in import LinkedFirm, ZohoStandIn, connect, zoho
from tests.portal.accounting.test_reconciling import reconcile, told

__all__ = ["zoho"]


@pytest.fixture(params=["books", "invoice"])
def linked(zoho: ZohoStandIn, firm: Firm, request: pytest.FixtureRequest) -> LinkedFirm:
    zoho.mend()
    found = connect(zoho, firm, product=request.param)
    drain(found.organisation_id)
    return found


@pytest.fixture
def admin(app: Flask, linked: LinkedFirm) -> FlaskClient:
    return sign_in(browser(app), linked.firm, "administrator")


def rehearse(client: FlaskClient) -> str:
    assert post(client, "/books/setup/rehearsal", {}, page="/books/setup").location == "/books/setup"
    return client.get("/books/setup").text


def rehearsed(linked: LinkedFirm) -> list[tuple[str, str]]:
    return [(one["invoice_number"], one["status"]) for one in linked.there("invoices")]


def test_a_rehearsal_is_equal_to_the_cent_and_put_away(linked: LinkedFirm, admin: FlaskClient) -> None:
    assert "came back equal to the cent" in rehearse(admin)
    ((number, status),) = rehearsed(linked)
    assert number.startswith("REHEARSAL-") and status == "void"
    test_customer = next(one for one in linked.there("contacts") if one["contact_name"].startswith("Portal rehearsal"))
    assert test_customer["status"] == "inactive"
    assert f"Rehearsal: invoice {number}" in admin.get("/books").text


@pytest.mark.parametrize(
    ("style", "level"), [("free", "entity_level"), ("before_tax", "entity_level"), ("line", "item_level")]
)
def test_a_rehearsal_has_a_discount_as_the_firm_gives_them(
    linked: LinkedFirm, admin: FlaskClient, style: str, level: str
) -> None:
    linked.change("UPDATE organisations SET discount_style = :style", style=style)
    assert "came back equal to the cent" in rehearse(admin)
    (invoice,) = linked.there("invoices")
    assert (invoice["discount_type"], Decimal(str(invoice["discount_total"])) > 0) == (level, True)


def test_a_second_rehearsal_uses_the_same_customer_and_another_number(linked: LinkedFirm, admin: FlaskClient) -> None:
    rehearse(admin)
    rehearse(admin)
    assert len({number for number, _ in rehearsed(linked)}) == 2
    names = [one["contact_name"] for one in linked.there("contacts")]
    assert sum(name.startswith("Portal rehearsal") for name in names) == 1


def test_what_was_rehearsed_with_tells_nothing_of_their_habits(linked: LinkedFirm, admin: FlaskClient) -> None:
    rehearse(admin)
    shown = admin.get("/books/setup/taxes").text
    assert "How each side reckons" in shown and "REHEARSAL" not in shown


@pytest.mark.parametrize("path", ["/contacts", "/invoices"])
def test_a_second_press_meanwhile_hears_of_the_first(linked: LinkedFirm, admin: FlaskClient, path: str) -> None:
    linked.zoho.break_down("status", path=path, status=400, code=1001, message="It is there already")
    shown = rehearse(admin)
    assert "A rehearsal is under way already" in shown and "Rename" not in shown
    assert "came back equal to the cent" in rehearse(admin)


@pytest.mark.parametrize("path", ["/contacts", "/invoices", "/status/void"])
def test_a_rehearsal_that_broke_off_is_taken_up_without_a_second_invoice(
    linked: LinkedFirm, admin: FlaskClient, path: str
) -> None:
    linked.zoho.break_down("error_500_after", path=path)
    assert "did not answer clearly" in rehearse(admin)
    assert "came back equal to the cent" in rehearse(admin)
    assert [status for _, status in rehearsed(linked)] == ["void"]


def test_a_cent_of_difference_is_said_and_the_rehearsal_is_not_done(linked: LinkedFirm, admin: FlaskClient) -> None:
    tax = linked.mirror("tax")[0].remote_id
    linked.zoho.act(linked.remote, f"PUT /settings/taxes/{tax}", {"tax_percentage": 19})
    shown = rehearse(admin)
    assert "total is" in shown and "equal to the cent" not in shown
    assert [status for _, status in rehearsed(linked)] == ["void"]


def test_a_tax_that_is_not_there_yet_is_named(zoho: ZohoStandIn, app: Flask, firm: Firm) -> None:
    fresh = connect(zoho, firm)
    shown = rehearse(sign_in(browser(app), firm, "administrator"))
    assert "is not in Zoho yet" in shown and fresh.there("invoices") == []


@pytest.mark.parametrize("rate", [None, 17.5])
def test_before_the_start_of_an_existing_organisation_the_taxes_go_first_and_nothing_else(
    zoho: ZohoStandIn, app: Flask, firm: Firm, rate: float | None
) -> None:
    """Also where ours is to be theirs: an invoice at their old rate would differ."""
    fresh = connect(zoho, firm)
    with job_session(fresh.organisation_id) as session:
        steps.begin(session, session.merge(fresh.link()), is_new=False)
    answers: dict[str, str] = {}
    if rate is not None:
        made = zoho.act(fresh.remote, "POST /settings/taxes", {"tax_name": "VAT 20%", "tax_percentage": rate})
        answers[f"rate_{made['tax']['tax_id']}"] = "ours"
    admin = sign_in(browser(app), firm, "administrator")
    post(admin, "/books/setup/taxes", answers, page="/books/setup/taxes")
    assert "Your taxes go to Zoho first" in rehearse(admin)
    page = admin.get("/books/setup").text
    assert "Nothing but it and your taxes goes over" in page
    assert '<form id="start"' in page  # only the button is swapped in when the workers are done
    drain(fresh.organisation_id)
    assert [status for _, status in rehearsed(fresh)] == ["void"]
    assert steps.REHEARSAL in fresh.link().setup_steps and steps.START not in fresh.link().setup_steps
    assert fresh.link().import_problem == "" and "is equal to the cent" in admin.get("/books").text
    assert [one["contact_name"] for one in fresh.there("contacts")] == [f"Portal rehearsal {fresh.link().id}"]
    assert fresh.there("items") == []


def test_what_was_rehearsed_with_is_no_difference_between_the_sides(linked: LinkedFirm, admin: FlaskClient) -> None:
    rehearse(admin)
    assert told(reconcile(linked)) == []
    with job_session(linked.organisation_id) as session:
        sums = session.scalars(select(MonthSums).where(MonthSums.module == "invoice")).all()
    assert sum(row.theirs.count for row in sums) == sum(row.ours.count for row in sums) == 0


@pytest.mark.parametrize("ours", ["document", "line"])
@pytest.mark.parametrize("firm_has", [{}, {"discount_style": "line"}, {"discount_style": "before_tax"},
                                      {"price_includes_tax": True}, {"round_total_to": "1"}])  # fmt: skip
@pytest.mark.parametrize("product", ["books"])
def test_another_rounding_of_taxes_there_is_told_whatever_the_firm_usually_bills(
    zoho: ZohoStandIn, app: Flask, firm: Firm, product: str, ours: str, firm_has: dict[str, object]
) -> None:
    zoho.mend()
    linked = connect(zoho, firm, product=product)
    linked.change("UPDATE catalogue_items SET unit_price = 120")  # of which 5, 10 or 20 per cent tell nothing
    drain(linked.organisation_id)
    linked.change("UPDATE organisations SET tax_rounding = :ours", ours=ours)
    for setting, value in firm_has.items():
        linked.change(f"UPDATE organisations SET {setting} = :value", value=value)
    client = sign_in(browser(app), firm, "administrator")
    levels = {"document": "entity_level", "line": "item_level"}
    zoho.control("POST", f"/orgs/{linked.remote}/settings", {"tax_rounding": levels.pop(ours)})
    assert "came back equal to the cent" in rehearse(client)
    zoho.control("POST", f"/orgs/{linked.remote}/settings", {"tax_rounding": levels.popitem()[1]})
    shown = rehearse(client)
    assert "came back equal" not in shown and "how taxes are rounded in Zoho" in shown

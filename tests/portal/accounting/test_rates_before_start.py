"""Before the start: a rate that differs is asked about, authorities of the States come, and nothing ticked is lost."""

import html
import re
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.accounting.mirror.drain import drain
from portal.accounting.setup import steps
from portal.shared import clock
from portal.shared.running import job_session
from portal.taxes.authorities.queries import list_authorities
from portal.taxes.models import Tax
from portal.taxes.queries import list_taxes
from tests.builders import Firm, make_firm, post, sign_in
from tests.conftest import browser
from tests.portal.accounting.doings import sent_invoice
from tests.portal.accounting.stand_in import LinkedFirm, ZohoStandIn, connect, zoho

__all__ = ["zoho"]
PAGE = "/books/setup/taxes"


@pytest.fixture
def linked(zoho: ZohoStandIn, firm: Firm) -> LinkedFirm:
    """Their tax has the name of ours, and 17.5 %; the set-up is open."""
    zoho.mend()
    found = connect(zoho, firm)
    zoho.act(found.remote, "POST /settings/taxes", {"tax_name": standard(found).name, "tax_percentage": 17.5})
    with job_session(found.organisation_id) as session:
        link = session.merge(found.link())
        steps.begin(session, link, is_new=False)
        steps.finish(session, link, steps.MATCH)
    return found


@pytest.fixture
def admin(app: Flask, linked: LinkedFirm) -> FlaskClient:
    return sign_in(browser(app), linked.firm, "administrator")


def standard(linked: LinkedFirm) -> Tax:
    with job_session(linked.organisation_id) as session:
        return next(tax for tax in list_taxes(session) if tax.kind == "percent" and tax.rates[0].rate == 20)


def there(linked: LinkedFirm) -> dict[str, Any]:
    name = standard_name(linked)
    return next(one for one in linked.there("taxes") if one["tax_name"] == name)


def standard_name(linked: LinkedFirm) -> str:
    with job_session(linked.organisation_id) as session:
        return next(tax.name for tax in list_taxes(session) if tax.kind == "percent" and tax.rates[0].rate == 20)


def rate_here(linked: LinkedFirm) -> Decimal:
    name = standard_name(linked)
    with job_session(linked.organisation_id) as session:
        tax = next(tax for tax in list_taxes(session) if tax.name == name)
        return tax.rate_on(clock.today("Europe/London"))


def words(page: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub("<[^>]+>", " ", page)))


def test_a_rate_that_differs_stands_side_by_side_and_must_be_decided(linked: LinkedFirm, admin: FlaskClient) -> None:
    item = {"name": "Valve", "rate": 9, "tax_id": there(linked)["tax_id"]}
    linked.zoho.act(linked.remote, "POST /items", item)
    shown = words(admin.get(PAGE).text)
    assert "At another rate there" in shown and "Keep ours: 20 % used by 3 items here, 1 in Zoho" in shown
    assert "Take theirs: 17.5 %" in shown and "You have another tax of this name" not in shown
    refused = post(admin, PAGE, {"settings": "terms"}, page=PAGE)
    assert refused.status_code == 422 and "Say which rate" in refused.text
    assert steps.TAXES not in linked.link().setup_steps
    assert linked.mirror("tax") == []


@pytest.mark.parametrize(("choice", "here", "in_zoho"), [("ours", 20, 20), ("theirs", Decimal("17.5"), 17.5)])
def test_what_was_decided_is_so_on_both_sides_after_the_start_and_invoices_agree(
    linked: LinkedFirm, admin: FlaskClient, choice: str, here: Decimal, in_zoho: float
) -> None:
    post(admin, PAGE, {f"rate_{there(linked)['tax_id']}": choice}, page=PAGE)
    assert steps.TAXES in linked.link().setup_steps and there(linked)["tax_percentage"] == 17.5
    post(admin, "/books/setup/start", {}, page="/books/setup")
    invoice = sent_invoice(linked)
    drain(linked.organisation_id)
    assert (rate_here(linked), there(linked)["tax_percentage"]) == (here, in_zoho)
    assert len([one for one in linked.there("taxes") if one["tax_name"] == standard_name(linked)]) == 1
    (sent,) = linked.there("invoices")
    assert sent["invoice_number"] == invoice.number
    assert {line["tax_id"] for line in sent["line_items"]} == {there(linked)["tax_id"]}
    assert {one.state for one in linked.mirror()} == {"in_step"}
    assert "At another rate" not in admin.get(PAGE).text


def started(linked: LinkedFirm, admin: FlaskClient, *, is_used: bool = True) -> str:
    """Everything goes over, both sides at one rate; then Zoho's is another one, by another name. Its id."""
    tax_id = str(there(linked)["tax_id"])
    post(admin, PAGE, {f"rate_{tax_id}": "ours"}, page=PAGE)
    post(admin, "/books/setup/start", {}, page="/books/setup")
    if is_used:
        sent_invoice(linked)
    drain(linked.organisation_id)
    linked.zoho.act(linked.remote, f"PUT /settings/taxes/{tax_id}", {"tax_name": "VAT of 15", "tax_percentage": 15})
    return tax_id


def test_after_the_start_too_a_rate_that_differs_must_be_decided(linked: LinkedFirm, admin: FlaskClient) -> None:
    tax_id = started(linked, admin)
    refused = post(admin, PAGE, {"settings": "terms"}, page=PAGE)
    assert refused.status_code == 422 and "Say which rate" in refused.text
    assert post(admin, PAGE, {f"rate_{tax_id}": "ours"}, page=PAGE).status_code == 303


def test_the_name_follows_where_theirs_is_taken_and_the_history_says_who_did(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    tax_id = started(linked, admin, is_used=False)
    name = standard_name(linked)
    post(admin, PAGE, {f"rate_{tax_id}": "theirs"}, page=PAGE)
    with job_session(linked.organisation_id) as session:
        (tax,) = [tax for tax in list_taxes(session) if tax.name == "VAT of 15"]
        assert tax.rate_on(clock.today("Europe/London")) == 15
    history = words(admin.get("/books").text)
    assert f"Taxes decided: {name}: theirs counts, 15 %" in history and "ours counts, 20 %" in history


def test_a_name_on_papers_stays_and_the_history_says_why(linked: LinkedFirm, admin: FlaskClient) -> None:
    tax_id = started(linked, admin)
    assert post(admin, PAGE, {f"rate_{tax_id}": "theirs"}, page=PAGE).status_code == 303
    assert rate_here(linked) == 15
    assert "keeps its name here, and is called VAT of 15 in Zoho" in words(admin.get("/books").text)


def test_what_was_left_at_two_rates_on_purpose_is_not_asked_for(linked: LinkedFirm, admin: FlaskClient) -> None:
    started(linked, admin)
    linked.change(
        "UPDATE mirror_records SET"
        " snapshot = jsonb_set(snapshot, '{apart}', '[\"20 %\", \"15 %\"]') WHERE module = 'tax'"
    )
    assert "Left as they are until you choose one" in admin.get(PAGE).text
    assert post(admin, PAGE, {"settings": "terms"}, page=PAGE).status_code == 303


def test_what_was_ticked_and_chosen_survives_while_zoho_is_silent(linked: LinkedFirm, admin: FlaskClient) -> None:
    admin.get(PAGE)
    linked.zoho.break_down("error_500_before", method="GET", path="/settings/taxes", times=3)
    name = f"rate_{there(linked)['tax_id']}"
    silent = post(admin, PAGE, {name: "theirs", "take": ["1", "2"]}, page="/books/setup")
    assert silent.status_code == 502 and "Send it again" in silent.text and "Nothing is kept yet" in silent.text
    fields = re.findall(r'name="([^"]+)" value="([^"]*)"', silent.text.split('id="again"')[1].split("</form>")[0])
    assert [each for each in fields if each[0] != "csrf_token"] == [(name, "theirs"), ("take", "1"), ("take", "2")]
    linked.zoho.mend()
    assert post(admin, PAGE, {name: "theirs"}, page="/books/setup").location == "/books/setup"


def test_authorities_of_the_states_and_reasons_stand_beside_each_other(zoho: ZohoStandIn, app: Flask) -> None:
    firm = make_firm(country="US", currency="USD", time_zone="America/New_York")
    linked = connect(zoho, firm, currency="USD")
    for name in ("Department of Revenue", "County clerk"):
        body = {"tax_authority_name": name, "registration_number": f"No. {name[0]}", "description": "By hand"}
        zoho.act(linked.remote, "POST /settings/taxauthorities", body)
    for name, levied in (("State tax", "Department of Revenue"), ("Other tax", "Department of Revenue")):
        tax = {"tax_name": name, "tax_percentage": 4 + len(name) % 2, "tax_authority_name": levied}
        zoho.act(linked.remote, "POST /settings/taxes", tax)
    zoho.act(linked.remote, "POST /settings/taxexemptions", {"tax_exemption_code": "RESALE", "type": "customer"})
    with job_session(firm.organisation_id) as session:
        steps.begin(session, session.merge(linked.link()), is_new=False)
    admin = sign_in(browser(app), firm, "administrator")
    shown = words(admin.get(PAGE).text)
    assert "Department of Revenue number No. D · By hand · only in Zoho · gets 2 taxes" in shown
    assert "Resale a reason for customers to pay none · used by no customer" in shown
    ids = {one["tax_authority_name"]: str(one["tax_authority_id"]) for one in linked.there("taxauthorities")}
    post(admin, PAGE, {"authority": ids["Department of Revenue"]}, page=PAGE)
    with job_session(firm.organisation_id) as session:
        assert [(each.name, each.registration_number) for each in list_authorities(session)] == [
            ("Department of Revenue", "No. D")
        ]
    shown = words(admin.get(PAGE).text)
    assert "Department of Revenue number No. D · on both sides · gets no tax" in shown
    assert "County clerk number No. C · By hand · only in Zoho" in shown


def test_no_other_edition_is_asked_for_authorities(linked: LinkedFirm, admin: FlaskClient) -> None:
    linked.zoho.forget_requests()
    admin.get(PAGE)
    assert linked.zoho.requests(linked.remote, "GET", "/settings/taxes") != []
    assert linked.zoho.requests(linked.remote, "GET", "/settings/taxauthorities") == []


def test_after_the_start_the_page_says_that_a_rate_is_told_at_once(linked: LinkedFirm, admin: FlaskClient) -> None:
    assert "Zoho is told when you start" in admin.get(PAGE).text
    with job_session(linked.organisation_id) as session:
        link = session.merge(linked.link())
        steps.finish(session, link, steps.TAXES)
        steps.start(session, link)
    shown = admin.get(PAGE).text
    assert "Zoho is told at once" in shown and "when you start" not in shown

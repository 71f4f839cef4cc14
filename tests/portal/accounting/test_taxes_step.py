"""Taxes of both sides stand beside each other before anything is kept."""

import html
import re
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.accounting import directions
from portal.accounting.mirror.drain import drain
from portal.accounting.models import MODULES
from portal.accounting.setup import steps
from portal.accounting.setup.habits import after
from portal.accounting.setup.tax_pairs import pair
from portal.accounting.setup.tax_reading import TheirTax
from portal.organisations.models import Organisation
from portal.shared.running import job_session
from portal.taxes.authorities.queries import names_of_authorities
from portal.taxes.queries import list_taxes
from portal.taxes.standing.models import Exemption
from tests.builders import Firm, post, sign_in
from tests.conftest import browser
from tests.portal.accounting.doings import sent_invoice
from tests.portal.accounting.stand_in import LinkedFirm, ZohoStandIn, connect, zoho

__all__ = ["zoho"]
PAGE = "/books/setup/taxes"


def their(name: str, rate: str, kind: str = "tax") -> TheirTax:
    return TheirTax(f"id of {name}", name, Decimal(rate), kind, "")


@pytest.fixture(params=["books", "invoice"])
def linked(zoho: ZohoStandIn, firm: Firm, request: pytest.FixtureRequest) -> LinkedFirm:
    zoho.mend()
    found = connect(zoho, firm, product=request.param)
    for name, rate in (("UK VAT 20", 20), ("Insurance premium", 12), ("Levy", 3)):
        zoho.act(found.remote, "POST /settings/taxes", {"tax_name": name, "tax_percentage": rate})
    ids = ",".join(one["tax_id"] for one in zoho.records(found.remote, "taxes")[-2:])
    zoho.act(found.remote, "POST /settings/taxgroups", {"tax_group_name": "Both", "taxes": ids})
    return found


@pytest.fixture
def admin(app: Flask, linked: LinkedFirm) -> FlaskClient:
    return sign_in(browser(app), linked.firm, "administrator")


def words(page: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub("<[^>]+>", " ", page)))


def ours(linked: LinkedFirm) -> dict[str, Any]:
    with job_session(linked.organisation_id) as session:
        return {tax.name: tax for tax in list_taxes(session)}


def id_there(linked: LinkedFirm, name: str) -> str:
    return next(str(one["tax_id"]) for one in linked.there("taxes") if one["tax_name"] == name)


def test_the_page_shows_both_sides_with_source_and_use(linked: LinkedFirm, admin: FlaskClient) -> None:
    shown = words(admin.get(PAGE).text)
    assert "in Zoho: UK VAT 20, 20 % · used by 3 items" in shown
    assert "Only in Zoho" in shown and "Insurance premium" in shown and "Insurance premium + Levy" in shown
    assert "Insurance premium" not in ours(linked)


def test_what_was_ticked_is_taken_over_and_nothing_is_made_twice_there(linked: LinkedFirm, admin: FlaskClient) -> None:
    before = len(linked.there("taxes"))
    with job_session(linked.organisation_id) as session:
        steps.hold(session, session.merge(linked.link()))
    drain(linked.organisation_id)  # the workers look, and note what rests
    answer = post(admin, PAGE, {"take": id_there(linked, "Insurance premium")}, page=PAGE)
    assert answer.location == "/books/setup"
    assert ours(linked)["Insurance premium"].rates[0].rate == 12 and "Levy" not in ours(linked)
    with job_session(linked.organisation_id) as session:
        for module in MODULES:
            directions.resume(session, session.merge(linked.link()), module)
    sent_invoice(linked)
    drain(linked.organisation_id)
    (invoice,) = linked.there("invoices")
    assert {line["tax_id"] for line in invoice["line_items"]} == {id_there(linked, "UK VAT 20")}
    assert "Insurance premium" not in [one["tax_name"] for one in linked.there("taxes")][before:]


def test_who_gets_a_tax_comes_with_it_as_one_record(linked: LinkedFirm, admin: FlaskClient) -> None:
    for name in ("State tax", "County tax"):
        levied = {"tax_name": name, "tax_percentage": 4, "tax_authority_name": "Department of Revenue"}
        linked.zoho.act(linked.remote, "POST /settings/taxes", levied)
    post(admin, PAGE, {"take": [id_there(linked, "State tax"), id_there(linked, "County tax")]}, page=PAGE)
    taken = ours(linked)
    with job_session(linked.organisation_id) as session:
        names = names_of_authorities(session)
    assert list(names.values()) == ["Department of Revenue"]
    assert {taken[name].authority_id for name in ("State tax", "County tax")} == set(names)


def test_a_group_comes_with_its_members_and_an_exemption_as_a_reason(linked: LinkedFirm, admin: FlaskClient) -> None:
    """And what both have as a group is known to be the same, whatever it is called."""
    exemption = {"tax_exemption_code": "RESALE", "type": "customer", "description": "Bought to be sold"}
    linked.zoho.act(linked.remote, "POST /settings/taxexemptions", exemption)
    found = re.search(r'value="(\d+)"[^>]*>\s*<span class="grow">RESALE', admin.get(PAGE).text)
    assert found is not None
    post(admin, PAGE, {"take": [id_there(linked, "Both"), found.group(1)]}, page=PAGE)
    taken = ours(linked)
    assert [member.tax.name for member in taken["Both"].members] == ["Insurance premium", "Levy"]
    with job_session(linked.organisation_id) as session:
        assert session.scalars(select(Exemption.applies_to).where(Exemption.name == "RESALE")).all() == ["customer"]
    linked.change("UPDATE taxes SET name = 'Premium and levy' WHERE name = 'Both'")
    linked.change("UPDATE mirror_records SET remote_id = NULL WHERE module = 'tax'")
    shown = words(admin.get(PAGE).text)
    assert "in Zoho: Both, 15 %" in shown and "Only in Zoho" not in shown
    linked.zoho.forget_requests()
    drain(linked.organisation_id)
    assert linked.zoho.requests(linked.remote, "PUT") == []


def test_their_days_to_pay_and_discounts_are_offered(linked: LinkedFirm, admin: FlaskClient) -> None:
    linked.zoho.act(linked.remote, "POST /contacts", {"contact_name": "Somebody"})
    customer = linked.there("contacts")[0]["contact_id"]
    body = {"customer_id": customer, "payment_terms": 30, "discount": 5, "discount_type": "entity_level",
            "line_items": [{"name": "Work", "rate": 10, "quantity": 1}]}  # fmt: skip
    linked.zoho.act(linked.remote, "POST /invoices", body)
    shown = words(admin.get(PAGE).text)
    assert "Days to pay: 30 in Zoho 14 here until now" in shown
    assert "Discounts: on the whole, before tax in Zoho any here until now" in shown
    post(admin, PAGE, {"settings": "terms"}, page=PAGE)
    with job_session(linked.organisation_id) as session:
        organisation = session.get_one(Organisation, linked.organisation_id)
        assert (organisation.payment_terms_days, organisation.discount_style) == (30, "free")


def test_their_rounding_is_offered_from_the_invoice_made_last(linked: LinkedFirm, admin: FlaskClient) -> None:
    linked.zoho.control("POST", f"/orgs/{linked.remote}/settings", {"tax_rounding": "item_level"})
    linked.zoho.act(linked.remote, "POST /contacts", {"contact_name": "Somebody"})
    customer = linked.there("contacts")[0]["contact_id"]
    body = {"customer_id": customer, "line_items": [{"name": "Work", "rate": 10, "quantity": 1}]}
    linked.zoho.act(linked.remote, "POST /invoices", body)
    assert "Tax is rounded: on each line in Zoho on the whole invoice here until now" in words(admin.get(PAGE).text)
    for ticked, kept in (({}, "document"), ({"settings": "rounding"}, "line")):
        post(admin, PAGE, ticked, page=PAGE)
        with job_session(linked.organisation_id) as session:
            assert session.get_one(Organisation, linked.organisation_id).tax_rounding == kept


def test_their_numbers_may_be_gone_on_with(linked: LinkedFirm, admin: FlaskClient) -> None:
    linked.zoho.act(linked.remote, "POST /contacts", {"contact_name": "Somebody"})
    customer = linked.there("contacts")[0]["contact_id"]
    body = {"customer_id": customer, "line_items": [{"name": "Work", "rate": 10, "quantity": 1}]}
    linked.zoho.act(linked.remote, "POST /invoices", body)
    (last,) = [one["invoice_number"] for one in linked.there("invoices")]
    assert f"Next invoice number: {last} was the last in Zoho INV-00001 here until now" in words(admin.get(PAGE).text)
    post(admin, PAGE, {"settings": "numbers"}, page=PAGE)
    assert sent_invoice(linked).number == f"INV-{int(last.removeprefix('INV-')) + 1:0{len(last) - 4}d}"


@pytest.mark.parametrize(
    ("last", "following"),
    [("INV-000017", ("INV-", 18, 6)), ("INV-9", ("INV-", 10, 1)), ("2026/0041", ("2026/", 42, 4)),
     ("17", ("", 18, 2)),
     ("draft", None), ("", None), ("INV-99999999", None), ("A-very-long-prefix-1", None), ("INV 7", None)],
)  # fmt: skip
def test_the_number_after_theirs_is_told_by_its_last_digits(last: str, following: tuple[str, int, int] | None) -> None:
    assert after(last) == following


@pytest.mark.parametrize("fields", [{"take": "123"}, {"settings": "moon"}, {"authority": "123"}])
def test_what_is_not_there_to_be_ticked_keeps_nothing(
    linked: LinkedFirm, admin: FlaskClient, fields: dict[str, str]
) -> None:
    answer = post(admin, PAGE, fields, page=PAGE)
    assert answer.status_code == 422 and "no longer in Zoho" in answer.text
    assert steps.TAXES not in linked.link().setup_steps


@pytest.mark.parametrize(
    ("ours", "theirs", "pairs"),
    [
        ([(1, "VAT", "20")], [their("vat", "20")], {1: "vat"}),
        ([(1, "VAT", "20")], [their("Standard", "20")], {1: "Standard"}),
        ([(1, "VAT", "20")], [their("VAT", "5")], {}),
        ([(1, "VAT", "20")], [their("A", "20"), their("B", "20")], {}),
        ([(1, "Zero", "0"), (2, "Exempt", "0")], [their("Nil", "0")], {}),
        ([(1, "VAT", "20")], [their("Group", "20", "tax_group")], {}),
        ([(1, "VAT", "20"), (2, "Low", "5")], [their("Low", "5"), their("VAT", "20")], {1: "VAT", 2: "Low"}),
    ],
)  # fmt: skip
def test_taxes_are_paired_by_name_and_rate_or_by_a_rate_that_only_one_has(
    ours: list[tuple[int, str, str]], theirs: list[TheirTax], pairs: dict[int, str]
) -> None:
    found = pair([(id_, name, Decimal(rate)) for id_, name, rate in ours], theirs)
    assert {id_: each.name for id_, each in found.items()} == pairs

"""Which tax a line gets from ordinary pages: halves stay together, withholding stays beside, a chosen place counts."""

from datetime import date
from decimal import Decimal

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.catalogue.models import Item
from portal.invoices.queries import get_invoice
from portal.shared.running import job_session
from portal.taxes.actions import add_tax
from portal.taxes.models import Tax
from tests.builders import Firm, make_work_order, post
from tests.conftest import World
from tests.portal.invoices.test_taxing import GSTIN, GSTIN_KARNATAKA, INDIA, KARNATAKA, MAHARASHTRA, billed, settled

PUNE, BENGALURU = INDIA | {"state": "Maharashtra"}, INDIA | {"state": "Karnataka", "tax_number": GSTIN_KARNATAKA}
IN_KARNATAKA = {"place_of_supply": KARNATAKA, "is_elsewhere": f"{MAHARASHTRA}-{KARNATAKA}"}
HALVES, WHOLE = {"CGST9": "17.69", "SGST9": "17.69"}, {"IGST18": "35.37"}


def tax_id(firm: Firm, name: str) -> int:
    with job_session(firm.organisation_id) as session:
        return session.scalars(select(Tax.id).where(Tax.name == name)).one()


def give_items(firm: Firm, name: str) -> None:
    with job_session(firm.organisation_id) as session:
        for item in session.scalars(select(Item)):
            item.tax_id = tax_id(firm, name)


def drafted(office: FlaskClient, firm: Firm) -> str:
    """Where a draft of a job stands."""
    with job_session(firm.organisation_id) as session:
        job = make_work_order(session, firm)
        job_id, lines = job.id, [str(line.id) for line in job.lines]
    page = f"/work-orders/{job_id}/invoices"
    answer = post(office, page, {"line": lines, "email": "", "then": "draft"}, page=f"{page}/new")
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def rows_of(firm: Firm, draft: str) -> dict[str, str]:
    with job_session(firm.organisation_id) as session:
        invoice = get_invoice(session, int(draft.rpartition("/")[2]))
        return {row.name: str(row.amount.decimal) for row in invoice.taxes}


@pytest.mark.parametrize("item", ["GST18", "IGST18", "CGST9", "SGST9"])
@pytest.mark.parametrize(("customer", "rows"), [(PUNE, HALVES), (BENGALURU, WHOLE)])
def test_the_place_decides_whichever_of_the_tax_the_item_names(
    app: Flask, item: str, customer: dict[str, str], rows: dict[str, str]
) -> None:
    firm, office = settled(app, "IN", "INR", customer, MAHARASHTRA)
    give_items(firm, item)
    assert rows_of(firm, drafted(office, firm)) == rows


def test_halves_and_what_takes_a_taxs_place_are_not_offered_alone(app: Flask) -> None:
    firm, office = settled(app, "IN", "INR", PUNE, MAHARASHTRA)
    offered = office.get("/catalogue/new").text
    assert ">GST18<" in offered and not any(f">{name}<" in offered for name in ("CGST9", "SGST9", "IGST18"))
    draft = drafted(office, firm)
    offered = office.get(f"{draft}/taxes").text
    assert ">GST18<" in offered and not any(f">{name}<" in offered for name in ("CGST9", "SGST9", "IGST18"))
    with job_session(firm.organisation_id) as session:
        line = get_invoice(session, int(draft.rpartition("/")[2])).lines[0].id
    sly = {f"tax-{line}": str(tax_id(firm, "CGST9")), f"reason-{line}": "I know better"}
    assert "Choose a tax from the list" in post(office, f"{draft}/taxes", sly, page=f"{draft}/taxes").text
    page = f"/settings/taxes/{tax_id(firm, 'CGST9')}"
    assert "Make it the usual one" not in office.get(page).text
    assert "part of one" in post(office, f"{page}/usual", {}, page=page, follow_redirects=True).text


def test_the_usual_tax_is_the_one_between_states_where_the_supply_is(app: Flask) -> None:
    firm, office = settled(app, "IN", "INR", BENGALURU, MAHARASHTRA)
    with job_session(firm.organisation_id) as session:
        lonely = add_tax(session, firm.organisation_id, "Own tax", Decimal(18))
        for item in session.scalars(select(Item)):
            item.tax_id = lonely.id
    draft = drafted(office, firm)
    assert "Give the item its tax between states" in office.get(draft).text
    assert post(office, f"{draft}/usual-tax", {}, page=draft).status_code == 303
    assert rows_of(firm, draft) == WHOLE


@pytest.mark.parametrize(
    ("treatment", "rows"),
    [("border_region_mexico", {"IVA 8%": "15.72"}), ("home_country_mexico", {"IVA 16%": "31.44"})],
)
@pytest.mark.parametrize("item", ["IVA 8%", "IVA 16%"])
def test_in_mexico_the_customers_region_decides(app: Flask, treatment: str, rows: dict[str, str], item: str) -> None:
    firm, office = settled(app, "MX", "MXN", {"country": "MX", "tax_treatment": treatment})
    give_items(firm, item)
    assert rows_of(firm, drafted(office, firm)) == rows


@pytest.mark.parametrize(
    ("country", "currency", "customer", "place", "rows"),
    [
        ("IN", "INR", PUNE | IN_KARNATAKA, MAHARASHTRA, WHOLE),
        ("AE", "AED", {"country": "AE", "state": "Dubai", "tax_treatment": "gcc_vat_registered",
                       "place_of_supply": "SA"}, "", {"VAT 0%": "0.00"}),
        ("AE", "AED", {"country": "SA", "tax_treatment": "gcc_vat_registered", "place_of_supply": "DU"}, "",
         {"VAT 5%": "9.83"}),
        ("AE", "AED", {"country": "AE", "state": "Dubai", "tax_treatment": "non_gcc"}, "", {"VAT 0%": "0.00"}),
    ],
)  # fmt: skip
def test_the_customers_usual_place_of_supply_goes_before_addresses(
    app: Flask, country: str, currency: str, customer: dict[str, str], place: str, rows: dict[str, str]
) -> None:
    firm, office = settled(app, country, currency, customer, place)
    assert rows_of(firm, drafted(office, firm)) == rows


@pytest.mark.parametrize("name", ["Zero-rated", "Exempt"])
def test_what_is_zero_rated_or_exempt_in_canada_is_so_in_each_province(app: Flask, name: str) -> None:
    firm, office = settled(app, "CA", "CAD", {"country": "CA", "state": "ON"})
    give_items(firm, name)
    assert rows_of(firm, drafted(office, firm)) == {name: "0.00"}


@pytest.mark.parametrize(
    ("country", "currency", "item", "customer", "rows"),
    [
        ("GB", "GBP", "Reverse charge 20%", {"country": "GB", "kind": "individual"}, {"VAT 20%": "39.30"}),
        ("DE", "EUR", "Reverse charge", {"country": "DE", "tax_treatment": "consumer"}, {"VAT 19%": "37.34"}),
        ("DE", "EUR", "Reverse charge", {"country": "DE", "tax_number": "DE136695976"}, {"Reverse charge": "0.00"}),
    ],
)  # fmt: skip
def test_a_private_person_is_charged_what_a_business_would_account_for(
    app: Flask, country: str, currency: str, item: str, customer: dict[str, str], rows: dict[str, str]
) -> None:
    firm, office = settled(app, country, currency, customer)
    give_items(firm, item)
    draft = drafted(office, firm)
    assert rows_of(firm, draft) == rows
    assert (f">{item}<" in office.get(f"{draft}/taxes").text) == (item in rows)


def test_what_is_withheld_never_stands_in_a_taxs_place(app: Flask) -> None:
    firm, office = settled(app, "IN", "INR", PUNE, MAHARASHTRA)
    form = {"name": "TDS1", "kind": "withholding", "rate": "1", "why": "TDS", "authority_id": ""}
    assert post(office, "/settings/taxes", form, page="/settings/taxes").status_code == 303
    page = f"/settings/taxes/{tax_id(firm, 'TDS1')}"
    assert "Make it the usual one" not in office.get(page).text
    assert post(office, f"{page}/usual", {}, page=page).status_code == 303
    with job_session(firm.organisation_id) as session:
        assert session.scalars(select(Tax.name).where(Tax.is_default)).one() == "GST18"
    assert ">TDS1<" not in office.get(f"{drafted(office, firm)}/taxes").text


def test_a_french_number_without_an_address_asks_for_the_address(app: Flask, world: World) -> None:
    firm, office = settled(
        app, "DE", "EUR", {"country": "", "tax_number": "FR40303265045", "tax_treatment": "business"}
    )
    assert "enter their address" in office.get(drafted(office, firm)).text


def test_an_invoice_of_a_chosen_place_is_sent_with_it(app: Flask) -> None:
    firm, _office = settled(app, "IN", "INR", PUNE | IN_KARNATAKA, MAHARASHTRA)
    assert {line.place_of_supply for line in billed(app, firm).lines} == {KARNATAKA}


def rates_of(firm: Firm) -> dict[str, Decimal]:
    with job_session(firm.organisation_id) as session:
        return {tax.name: tax.rate_on(date(2030, 1, 1)) for tax in session.scalars(select(Tax))}


@pytest.mark.parametrize(("changed", "rate"), [("CGST9", "10"), ("SGST9", "10"), ("IGST18", "20")])
def test_a_new_rate_of_one_half_is_that_of_the_other_and_of_the_whole(app: Flask, changed: str, rate: str) -> None:
    firm, office = settled(app, "IN", "INR", PUNE, MAHARASHTRA)
    page = f"/settings/taxes/{tax_id(firm, changed)}"
    assert "changes with it" in office.get(page).text
    too_much = post(office, f"{page}/rates", {"rate": "100", "valid_from": "2029-01-01"}, page=page)
    assert (too_much.status_code == 422) == (changed != "IGST18")
    assert post(office, f"{page}/rates", {"rate": rate, "valid_from": "2029-06-01"}, page=page).status_code == 303
    found = rates_of(firm)
    assert (found["CGST9"], found["SGST9"], found["IGST18"], found["GST18"]) == (10, 10, 20, 20)
    assert found["CGST2.5"] == Decimal("2.5")


def test_the_firms_own_state_and_its_gstin_agree(app: Flask) -> None:
    _firm, office = settled(app, "IN", "INR", PUNE)
    page, settings = "/settings/taxes/registration", "/settings/documents"
    number = {"tax_number": GSTIN}
    form = {"registered": "yes", "place": KARNATAKA, "from": "", "until": ""}
    assert post(office, page, form, page=page).status_code == 303
    refused = post(office, settings, number, page=settings)
    assert refused.status_code == 422 and "of Maharashtra, the registration of Karnataka" in refused.text
    assert post(office, page, form | {"place": MAHARASHTRA}, page=page).status_code == 303
    assert post(office, settings, number, page=settings).status_code == 303
    refused = post(office, page, form, page=page)
    assert refused.status_code == 422 and "of Maharashtra, the registration of Karnataka" in refused.text


@pytest.mark.parametrize(("country", "currency", "is_asked"), [("CA", "CAD", True), ("US", "USD", False)])
def test_who_charges_tax_in_canada_is_told_that_its_number_is_missing(
    app: Flask, country: str, currency: str, is_asked: bool
) -> None:
    firm, office = settled(app, country, currency, {"country": country, "state": "ON"})
    with job_session(firm.organisation_id) as session:
        usual = session.scalars(select(Tax).where(Tax.is_default)).one()
        usual.kind, usual.rates[0].rate = "percent", Decimal(5)
        job_id = make_work_order(session, firm).id
    assert ("number missing" in office.get(f"/work-orders/{job_id}/invoices/new").text) == is_asked

"""Which tax a line gets, through the pages: the office says how customer, item and firm stand, the technician bills."""

import re
from dataclasses import dataclass, field
from decimal import Decimal

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.catalogue.models import Item
from portal.customers.models import Customer
from portal.invoices.models import Invoice, InvoiceLine
from portal.invoices.queries import get_invoice
from portal.shared import clock
from portal.shared.running import job_session
from portal.taxes.models import Tax
from portal.taxes.standing.models import Exemption, LocalTax
from tests.builders import Firm, make_firm, make_work_order, post, sign_in
from tests.conftest import World, browser

MAHARASHTRA, KARNATAKA = "27", "29"
GSTIN, FRENCH, BRITISH = "27AAPFU0939F1ZV", "FR40303265045", "GB 980 7806 84"
GSTIN_KARNATAKA = "29AAPFU0939F1ZR"
WITHIN, DOMESTIC = "within the state", "standard rate"


@dataclass
class Case:
    """A firm in `country`; what the office says on the customer's form; what the lines come to say."""

    country: str
    currency: str
    customer: dict[str, str]
    tax: str  # its name, "" for none
    why: str
    rows: dict[str, str]  # printed tax rows of 196.50 net
    total: str
    place: str = ""  # the firm's own
    on_building: bool = True
    frozen_place: str = ""
    item: dict[str, str] = field(default_factory=dict)


INDIA = {"country": "IN", "tax_treatment": "business_gst", "tax_number": GSTIN}
CASES = {
    "India, within the state": Case(
        "IN", "INR", INDIA | {"state": "Maharashtra"}, "GST18", "intra-state: Maharashtra",
        {"CGST9": "17.69", "SGST9": "17.69"}, "231.88", place=MAHARASHTRA, frozen_place=MAHARASHTRA,
    ),
    "India, between states": Case(
        "IN", "INR", INDIA | {"state": "KA", "tax_treatment": "consumer"}, "IGST18",
        "inter-state: Maharashtra → Karnataka", {"IGST18": "35.37"}, "231.87", place=MAHARASHTRA,
        frozen_place=KARNATAKA,
    ),
    "India, usual place of supply": Case(
        "IN", "INR", INDIA | {"state": "", "place_of_supply": KARNATAKA, "tax_number": GSTIN_KARNATAKA}, "IGST18",
        "inter-state: Maharashtra → Karnataka", {"IGST18": "35.37"}, "231.87", place=MAHARASHTRA,
        frozen_place=KARNATAKA,
    ),
    "India, special economic zone": Case(
        "IN", "INR", INDIA | {"state": "Maharashtra", "tax_treatment": "sez"}, "IGST18",
        "inter-state: supply to a special economic zone", {"IGST18": "35.37"}, "231.87", place=MAHARASHTRA,
        frozen_place=MAHARASHTRA,
    ),
    "India, export": Case(
        "IN", "INR", {"country": "US", "tax_treatment": "overseas"}, "GST0", "export: customer overseas",
        {"GST0": "0.00"}, "196.50", place=MAHARASHTRA,
    ),
    "UAE, registered": Case(
        "AE", "AED", {"country": "AE", "state": "Dubai", "tax_treatment": "vat_registered",
                      "tax_number": "100123456700003"}, "VAT 5%", DOMESTIC,
        {"VAT 5%": "9.83"}, "206.33", frozen_place="DU",
    ),
    "UAE, another GCC country": Case(
        "AE", "AED", {"country": "SA", "tax_treatment": "gcc_vat_registered"}, "VAT 0%",
        "GCC customer, supplied in Saudi Arabia", {"VAT 0%": "0.00"}, "196.50", frozen_place="SA",
    ),
    "UAE, outside the GCC": Case(
        "AE", "AED", {"country": "GB", "tax_treatment": "non_gcc"}, "VAT 0%", "customer outside the GCC",
        {"VAT 0%": "0.00"}, "196.50",
    ),
    "Germany, business elsewhere in the EU": Case(
        "DE", "EUR", {"country": "FR", "tax_number": FRENCH}, "Reverse charge",
        "reverse charge: VAT-registered in France",
        {"Reverse charge": "0.00"}, "196.50", on_building=False, item={"kind": "service"},
    ),
    "Germany, a building in France": Case(
        "DE", "EUR", {"country": "FR", "tax_number": FRENCH}, "Reverse charge", "reverse charge: building in France",
        {"Reverse charge": "0.00"}, "196.50",
    ),
    "Germany, consumer elsewhere": Case(
        "DE", "EUR", {"country": "FR"}, "VAT 19%", "no VAT number in France: our own rate", {"VAT 19%": "37.34"},
        "233.84", on_building=False,
    ),
    "Germany, at home": Case(
        "DE", "EUR", {"country": "DE", "tax_number": "DE136695976"}, "VAT 19%", DOMESTIC, {"VAT 19%": "37.34"}, "233.84"
    ),
    "UK, domestic reverse charge": Case(
        "GB", "GBP", {"country": "GB", "tax_number": BRITISH, "accounts_for_tax": "yes"}, "Reverse charge 20%",
        "domestic reverse charge: construction", {"Reverse charge 20%": "0.00"}, "196.50",
    ),
    "UK, at home": Case(
        "GB", "GBP", {"country": "GB", "tax_number": BRITISH}, "VAT 20%", DOMESTIC, {"VAT 20%": "39.30"}, "235.80"
    ),
    "Australia, overseas": Case(
        "AU", "AUD", {"country": "JP", "tax_treatment": "overseas"}, "GST 0%", "export: customer overseas",
        {"GST 0%": "0.00"}, "196.50",
    ),
}  # fmt: skip


def settled(
    app: Flask, country: str, currency: str, customer: dict[str, str], place: str = ""
) -> tuple[Firm, FlaskClient]:
    """A firm in `country` with a customer as the office entered them, and the administrator's browser."""
    firm = make_firm(country=country, currency=currency)
    office = sign_in(browser(app), firm, "administrator")
    if place:
        form = {"registered": "yes", "place": place, "from": "", "until": ""}
        assert post(office, "/settings/taxes/registration", form).status_code == 303
    answer = post(office, "/customers", {"kind": "business", "name": "Acme", "form_id": "", **customer})
    assert answer.status_code == 303, answer.text
    firm.customer_id = int(answer.headers["Location"].rpartition("/")[2])
    return firm, office


def billed(app: Flask, firm: Firm, **form: str) -> Invoice:
    """Billed and sent by the technician; the page before says what will be on it."""
    technician = sign_in(browser(app), firm, "field_agent")
    with job_session(firm.organisation_id) as session:
        job = make_work_order(session, firm)
        job_id, lines = job.id, [str(line.id) for line in job.lines]
    page = f"/work-orders/{job_id}/invoices"
    answer = post(technician, page, {"line": lines, "email": "", "then": "send", **form}, page=f"{page}/new")
    assert answer.status_code == 303, answer.text
    with job_session(firm.organisation_id) as session:
        return get_invoice(session, session.scalars(select(Invoice.id).order_by(Invoice.id.desc()).limit(1)).one())


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_customer_item_and_place_decide(app: Flask, case: Case) -> None:
    firm, office = settled(app, case.country, case.currency, case.customer, case.place)
    with job_session(firm.organisation_id) as session:
        for item_id in firm.item_ids:
            item = session.get_one(Item, item_id)
            item.on_building, item.kind = case.on_building, case.item.get("kind", item.kind)
    invoice = billed(app, firm)
    said = {(line.tax_name, line.tax_why, line.place_of_supply, line.tax_treatment) for line in invoice.lines}
    assert said == {(case.tax, case.why, case.frozen_place, case.customer.get("tax_treatment", ""))}
    assert {row.name: str(row.amount.decimal) for row in invoice.taxes} == case.rows
    assert str(invoice.total.decimal) == case.total
    assert case.why.lower() in office.get(f"/invoices/{invoice.id}").text.lower()


def exempt(firm: Firm, name: str = "Resale") -> str:
    with job_session(firm.organisation_id) as session:
        return str(session.scalars(select(Exemption.id).where(Exemption.name == name)).one())


@pytest.mark.parametrize(("until", "is_charged"), [("", False), ("2099-12-31", False), ("2020-12-31", True)])
def test_an_exempt_customer_wins_as_long_as_the_certificate_is_valid(app: Flask, until: str, is_charged: bool) -> None:
    firm, office = settled(app, "US", "USD", {"country": "US"})
    with job_session(firm.organisation_id) as session:
        tax = session.scalars(select(Tax).where(Tax.name == "No tax")).one()
        tax.kind, tax.why = "percent", "state tax"
        tax.rates[0].rate = Decimal(8)
    form = {"kind": "business", "name": "Acme", "country": "US", "exemption_id": exempt(firm), "certificate": "NY-77",
            "certificate_until": until}  # fmt: skip
    assert post(office, f"/customers/{firm.customer_id}", form).status_code == 303
    invoice = billed(app, firm)
    lapsed = "exemption certificate expired on 2020-12-31 (state tax)"
    why = lapsed if is_charged else "customer exempt: Resale, certificate NY-77"
    assert {(line.tax_why, bool(line.tax_reason)) for line in invoice.lines} == {(why, not is_charged)}
    assert str(invoice.total.decimal) == ("212.22" if is_charged else "196.50")
    assert why in office.get(f"/invoices/{invoice.id}").text
    assert office.get(f"/invoices/{invoice.id}/invoice.pdf").status_code == 200
    assert ("certificate expired" in office.get(f"/customers/{firm.customer_id}").text) is is_charged


ROCHESTER = {"country": "US", "state": "New York", "city": "Rochester", "postal_code": "14607-1234"}


def levy(office: FlaskClient, firm: Firm, name: str, rate: str) -> str:
    form = {"name": name, "kind": "percent", "rate": rate, "why": name, "authority_id": ""}
    assert post(office, "/settings/taxes", form, page="/settings/taxes").status_code == 303
    with job_session(firm.organisation_id) as session:
        return str(session.scalars(select(Tax.id).where(Tax.name == name)).one())


def test_the_address_of_the_work_decides_in_america_and_the_nearest_place_wins(app: Flask) -> None:
    firm, office = settled(app, "US", "USD", ROCHESTER)
    state, county = levy(office, firm, "NY State", "4"), levy(office, firm, "Monroe County", "4")
    page = "/settings/taxes/places"
    whole, town = {"state": "NY", "member": [state]}, {"state": "NY", "city": "Rochester", "member": [state, county]}
    for form in (whole, town):
        assert post(office, page, form, page=page).status_code == 303
    assert "Rochester, New York" in office.get(page).text
    again = post(office, page, whole, page=page)
    assert again.status_code == 422 and "This place is there already" in again.text
    assert "Tick the taxes" in post(office, page, {"state": "TX"}, page=page).text
    invoice = billed(app, firm)
    assert {line.tax_words for line in invoice.lines} == {"Sales tax Rochester, NY, tax of the service address"}
    assert {row.name: str(row.amount.decimal) for row in invoice.taxes} == {"NY State": "7.86", "Monroe County": "7.86"}
    zip_code = {"state": "NY", "postal_code": "14607", "member": [county]}
    assert post(office, page, zip_code, page=page).status_code == 303
    assert [row.name for row in billed(app, firm).taxes] == ["Monroe County"]
    with job_session(firm.organisation_id) as session:
        narrower = session.scalars(select(LocalTax.id).where(LocalTax.city + LocalTax.postal_code != "")).all()
    for place in narrower:
        assert post(office, f"{page}/{place}/removal", {}, page=page).status_code == 303
    assert [row.name for row in billed(app, firm).taxes] == ["NY State"]
    exempted = {"kind": "business", "name": "Acme", **ROCHESTER, "exemption_id": exempt(firm), "certificate": "1"}
    assert post(office, f"/customers/{firm.customer_id}", exempted).status_code == 303
    assert billed(app, firm).tax_minor == 0


@pytest.mark.parametrize(("state", "named"), [("OH", "Ohio"), ("", "the place of the work")])
def test_work_where_no_rate_is_entered_is_asked_about_before_it_is_sent(app: Flask, state: str, named: str) -> None:
    firm, office = settled(app, "US", "USD", {"country": "US", "state": state})
    with job_session(firm.organisation_id) as session:
        job = make_work_order(session, firm)
        job_id, lines = job.id, [str(line.id) for line in job.lines]
    page, form = f"/work-orders/{job_id}/invoices", {"line": lines, "email": "", "then": "send"}
    question = f"No rate is entered for {named}: enter the rates of places under Settings → Taxes, choose a tax"
    shown = office.get(f"{page}/new").text
    assert question in shown and 'name="usual_tax"' not in shown
    refused = post(office, page, form, page=f"{page}/new")
    assert refused.status_code == 422 and question in refused.text
    draft = post(office, page, form | {"then": "draft"}, page=f"{page}/new").headers["Location"]
    assert office.get(draft).text.count(question) > len(lines)  # beside each line, and above them
    assert post(office, f"{draft}/usual-tax", {}, page=draft).status_code == 422
    assert post(office, f"{draft}/issuance", {}, page=draft).status_code == 422
    with job_session(firm.organisation_id) as session:
        ids = session.scalars(select(InvoiceLine.id).order_by(InvoiceLine.id)).all()
    answers = {f"tax-{each}": "none" for each in ids} | {f"reason-{each}": "Repairs are free of it" for each in ids}
    assert post(office, f"{draft}/taxes", answers, page=f"{draft}/taxes").status_code == 303
    assert post(office, f"{draft}/issuance", {}, page=draft).status_code == 303


def test_an_american_firm_that_is_not_registered_goes_on_without(app: Flask) -> None:
    firm, office = settled(app, "US", "USD", {"country": "US", "state": "OH"})
    assert post(office, "/settings/taxes/registration", {"registered": "no"}).status_code == 303
    assert {line.tax_words for line in billed(app, firm).lines} == {"not registered for tax"}


def test_a_canadian_firm_begins_with_the_taxes_of_the_provinces(app: Flask) -> None:
    firm, _office = settled(app, "CA", "CAD", {"country": "CA", "state": "Quebec"})
    invoice = billed(app, firm)
    assert {row.name: str(row.amount.decimal) for row in invoice.taxes} == {"GST": "9.83", "QST": "19.60"}


def test_an_item_that_bears_no_tax_says_why_and_the_others_bear_theirs(app: Flask) -> None:
    firm, office = settled(app, "GB", "GBP", {"country": "GB"})
    form = {"code": "SV-01", "kind": "service", "name": "Boiler", "unit_price": "118.00", "is_active": "yes",
            "exemption_id": exempt(firm, "Disbursement"), "tax_id": ""}  # fmt: skip
    assert post(office, f"/catalogue/{firm.item_ids[0]}", form).status_code == 303
    invoice = billed(app, firm)
    assert [line.tax_words for line in invoice.lines] == ["Disbursement", *["VAT 20%, standard rate"] * 2]
    assert str(invoice.tax.decimal) == "15.70"


def test_a_firm_that_is_not_registered_charges_nothing_and_says_so(app: Flask) -> None:
    firm, office = settled(app, "DE", "EUR", {"country": "DE"})
    assert post(office, "/settings/taxes/registration", {"registered": "no"}).status_code == 303
    invoice = billed(app, firm)
    assert {line.tax_words for line in invoice.lines} == {"not registered for tax"}
    assert invoice.tax_minor == 0


def test_a_line_without_tax_or_reason_is_refused_and_the_technician_is_not_stuck(app: Flask) -> None:
    """An Indian firm that never said its state: the page says so, and offers the usual tax."""
    firm, _office = settled(app, "IN", "INR", {"country": "IN", "state": "Goa"})
    technician = sign_in(browser(app), firm, "field_agent")
    with job_session(firm.organisation_id) as session:
        job = make_work_order(session, firm)
        job_id, lines = job.id, [str(line.id) for line in job.lines]
    page = f"/work-orders/{job_id}/invoices"
    shown = technician.get(f"{page}/new").text
    assert "Give your own state under Settings" in shown and "Use GST18" in shown
    form = {"line": lines, "email": "", "then": "send"}
    refused = post(technician, page, form, page=f"{page}/new")
    assert refused.status_code == 422 and "It is not settled which tax this bears." in refused.text
    kept = post(technician, page, form | {"then": "draft"}, page=f"{page}/new")
    draft = kept.headers["Location"]
    assert "Which tax do these lines bear?" in technician.get(draft).text
    again = post(technician, f"{draft}/issuance", {}, page=draft)
    assert again.status_code == 422 and "Give your own state" in again.text
    assert post(technician, f"{draft}/usual-tax", {}, page=draft).status_code == 303
    assert "GST18, chosen: the firm&#39;s usual tax" in technician.get(draft).text
    assert post(technician, f"{draft}/issuance", {}, page=draft).status_code == 303


def test_the_usual_tax_is_taken_on_the_first_page_too(app: Flask) -> None:
    firm, _office = settled(app, "IN", "INR", {"country": "IN", "state": "Goa"})
    invoice = billed(app, firm, usual_tax="yes")
    assert {(line.tax_name, line.tax_override) for line in invoice.lines} == {("GST18", "the firm's usual tax")}


def test_the_office_chooses_on_a_draft_and_the_reason_is_kept(app: Flask, world: World) -> None:
    firm, office = settled(app, "GB", "GBP", {"country": "GB"})
    with job_session(firm.organisation_id) as session:
        job = make_work_order(session, firm)
        job_id, lines = job.id, [str(line.id) for line in job.lines]
        reduced = session.scalars(select(Tax.id).where(Tax.name == "VAT 5%")).one()
    page = f"/work-orders/{job_id}/invoices"
    draft = post(office, page, {"line": lines, "email": "", "then": "draft"}, page=f"{page}/new").headers["Location"]
    with job_session(firm.organisation_id) as session:
        first, second, _third = (line.id for line in get_invoice(session, int(draft.rpartition("/")[2])).lines)
    chosen = {f"tax-{first}": str(reduced), f"reason-{first}": "energy-saving material", f"tax-{second}": "none"}
    refused = post(office, f"{draft}/taxes", chosen, page=f"{draft}/taxes")
    assert refused.status_code == 422 and "Enter the reason" in refused.text and "energy-saving" in refused.text
    chosen[f"reason-{second}"] = "gift"
    assert post(office, f"{draft}/taxes", chosen, page=f"{draft}/taxes").status_code == 303
    shown = office.get(draft).text
    assert "VAT 5%, chosen: energy-saving material" in shown and "chosen: gift" in shown and "Taxes settled" in shown
    assert f'value="{reduced}" selected' in office.get(f"{draft}/taxes").text
    assert post(office, f"{draft}/issuance", {}, page=draft).status_code == 303
    with job_session(firm.organisation_id) as session:
        sent = get_invoice(session, int(draft.rpartition("/")[2]))
        assert (sent.total_minor, sent.lines[1].tax_reason) == (11800 + 590 + 3200 + 4650 + 930, "gift")
    assert post(office, f"{draft}/taxes", {}, page="/today").status_code == 422  # sent: frozen


def test_a_technician_does_not_choose_taxes(app: Flask, client: FlaskClient) -> None:
    firm, _office = settled(app, "GB", "GBP", {"country": "GB"})
    invoice = billed(app, firm)
    assert sign_in(client, firm, "field_agent").get(f"/invoices/{invoice.id}/taxes").status_code == 403


def test_a_customers_standing_is_for_what_comes_and_is_told(app: Flask) -> None:
    firm, office = settled(app, "GB", "GBP", {"country": "GB", "tax_number": BRITISH})
    sent = billed(app, firm)
    form = {"kind": "business", "name": "Acme", "country": "GB", "tax_number": BRITISH, "accounts_for_tax": "yes"}
    assert post(office, f"/customers/{firm.customer_id}", form).status_code == 303
    page = office.get(f"/customers/{firm.customer_id}").text
    assert "Accounts for the tax" in page and "Tax standing changed" in page
    with job_session(firm.organisation_id) as session:
        assert get_invoice(session, sent.id).total_minor == 235_80
        assert session.get_one(Customer, firm.customer_id).accounts_for_tax
    assert billed(app, firm).total_minor == 196_50


@pytest.mark.parametrize(("country", "currency", "treatment", "label"), [
    ("AE", "AED", "vat_registered", "TRN"), ("AE", "AED", "dz_vat_registered", "TRN"),
    ("SA", "SAR", "vat_registered", "VAT number"),
])  # fmt: skip
def test_who_is_registered_in_the_gulf_has_a_number(
    app: Flask, country: str, currency: str, treatment: str, label: str
) -> None:
    _firm, office = settled(app, country, currency, {"country": country})
    form = {"kind": "business", "name": "Beta", "country": country, "tax_treatment": treatment}
    answer = post(office, "/customers", form, page="/customers/new")
    assert answer.status_code == 422 and f"Enter their {label}" in answer.text and "f-is_elsewhere" not in answer.text
    right = form | {"tax_number": "300000000000003", "place_of_supply": "OM"}
    assert post(office, "/customers", right, page="/customers/new").status_code == 303


@pytest.mark.parametrize("treatment", ["business_gst", "business_composition", "sez", "deemed_export"])
def test_who_is_registered_in_india_has_a_number(app: Flask, treatment: str) -> None:
    _firm, office = settled(app, "IN", "INR", {"country": "IN", "tax_treatment": "consumer"}, MAHARASHTRA)
    form = {"kind": "business", "name": "Beta", "country": "IN", "tax_treatment": treatment, "state": "Maharashtra"}
    answer = post(office, "/customers", form, page="/customers/new")
    assert answer.status_code == 422 and 'id="f-tax_number-error"' in answer.text and "Enter their GSTIN" in answer.text
    private = form | {"kind": "individual", "tax_number": "27AAPFU0939F1ZX"}  # not looked at where nobody asks for one
    assert "This is no GSTIN" in post(office, "/customers", private, page="/customers/new").text
    assert post(office, "/customers", form | {"tax_number": GSTIN}, page="/customers/new").status_code == 303


def test_a_gstin_of_another_state_than_the_place_of_supply_is_asked_about_once(app: Flask) -> None:
    firm, office = settled(app, "IN", "INR", {"country": "IN", "tax_treatment": "consumer"}, MAHARASHTRA)
    page = f"/customers/{firm.customer_id}"
    form = {"kind": "business", "name": "Acme"} | INDIA | {"state": "Karnataka"}
    asked = post(office, page, form, page=f"{page}/edit")
    assert asked.status_code == 422 and 'id="f-is_elsewhere-error"' in asked.text
    assert "The GSTIN is of Maharashtra, the place of supply Karnataka." in asked.text and 'value="27-29"' in asked.text
    stale = form | {"is_elsewhere": "27-24"}
    assert post(office, page, stale, page=f"{page}/edit").status_code == 422
    assert post(office, page, form | {"is_elsewhere": "27-29"}, page=f"{page}/edit").status_code == 303
    assert re.search(r'value="27-29" checked', office.get(f"{page}/edit").text)
    same = form | {"place_of_supply": MAHARASHTRA}
    assert post(office, page, same, page=f"{page}/edit").status_code == 303


def test_a_form_offers_only_what_its_region_has(app: Flask) -> None:
    _firm, british = settled(app, "GB", "GBP", {"country": "GB"})
    _firm, american = settled(app, "US", "USD", {"country": "US"})
    _firm, indian = settled(app, "IN", "INR", {"country": "IN"})
    assert "Domestic reverse charge" in british.get("/customers/new").text
    assert "HSN or SAC" in indian.get("/catalogue/new").text and "Karnataka" in indian.get("/customers/new").text
    for page in (american.get("/customers/new").text, american.get("/catalogue/new").text):
        assert "Domestic reverse" not in page and "HSN or SAC" not in page and "place of supply" not in page
        assert "By the address of the work" in page


def test_nobody_sends_a_total_they_have_not_seen(app: Flask) -> None:
    """The rate changes between the look at the draft and the tap on Send: the draft is reckoned anew, and not sent."""
    firm, office = settled(app, "GB", "GBP", {"country": "GB"})
    with job_session(firm.organisation_id) as session:
        job = make_work_order(session, firm)
        job_id, lines = job.id, [str(line.id) for line in job.lines]
        usual = session.scalars(select(Tax.id).where(Tax.name == "VAT 20%")).one()
        today = clock.today("Europe/London")
    page = f"/work-orders/{job_id}/invoices"
    draft = post(office, page, {"line": lines, "email": "", "then": "draft"}, page=f"{page}/new").headers["Location"]
    seen = _shown_total(office, draft)
    rate = {"rate": "22", "valid_from": today.isoformat()}
    assert post(office, f"/settings/taxes/{usual}/rates", rate, page=f"/settings/taxes/{usual}").status_code == 303
    refused = post(office, f"{draft}/issuance", {"shown_total": seen}, page=draft)
    now = _shown_total(office, draft)
    assert refused.status_code == 422 and f"it comes to £{now}. Look at it again" in refused.text and now != seen
    with job_session(firm.organisation_id) as session:
        assert get_invoice(session, int(draft.rpartition("/")[2])).status == "draft"
    assert post(office, f"{draft}/issuance", {"shown_total": now}, page=draft).status_code == 303


def _shown_total(client: FlaskClient, draft: str) -> str:
    found = re.search(r'name="shown_total" value="([0-9.]+)"', client.get(draft).text)
    assert found is not None
    return found[1]

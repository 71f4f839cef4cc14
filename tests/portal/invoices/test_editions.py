"""Each edition walked as its people do: sign up, customers of each standing, a job, the draft; each line's tax and why.

A service that is no work on a building, and a part; the job is where the customer is.
"""

from dataclasses import dataclass

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.catalogue.models import Item
from portal.customers.models import Customer
from portal.invoices.models import InvoiceLine
from portal.organisations.models import Organisation
from portal.people.models import Person
from portal.shared.running import job_session
from portal.taxes.models import Tax
from portal.taxes.standing.models import Exemption
from tests.builders import Firm, make_work_order, post
from tests.conftest import World, browser
from tests.portal.invoices.test_taxing import BRITISH, FRENCH
from tests.portal.people.test_signing_up import answers, organisations, sign_up

IN_MUMBAI, IN_MYSORE = {"country": "IN", "state": "Maharashtra"}, {"country": "IN", "state": "Karnataka"}
ABROAD = {"country": "US", "tax_treatment": "overseas"}
USUAL = "standard rate"


@dataclass
class Standing:
    """How the office enters a customer, and what each line comes to bear: a tax's name ("" for none) and why.

    part  where a part bears another one than the service
    """

    form: dict[str, str]
    tax: str
    why: str
    part: tuple[str, str] | None = None


@dataclass
class Edition:
    country: str
    currency: str
    standings: dict[str, Standing]
    place: str = ""  # the firm's own


def exempt(form: dict[str, str], name: str) -> Standing:
    return Standing({**form, "exemption": name}, "", f"customer exempt: {name}")


def gulf(rate: str) -> dict[str, Standing]:
    usual, nought = f"VAT {rate}%", "VAT 0%"
    return {
        "registered": Standing(
            {"country": "SA", "tax_treatment": "vat_registered", "tax_number": "300000000000003"}, usual, USUAL
        ),
        "unregistered": Standing({"country": "SA", "tax_treatment": "vat_not_registered"}, usual, USUAL),
        "of another GCC country": Standing(
            {"country": "OM", "tax_treatment": "gcc_vat_registered"}, nought, "GCC customer, supplied in Oman"
        ),
        "outside the GCC": Standing({"country": "US", "tax_treatment": "non_gcc"}, nought, "customer outside the GCC"),
        "exempt": exempt({"country": "SA"}, "Diplomatic mission"),
    }


def simple(country: str, usual: str, nought: str, why: str = USUAL, treatment: str = "domestic") -> dict[str, Standing]:
    return {
        "unregistered": Standing({"country": country, "kind": "individual"}, usual, why),
        "at home": Standing({"country": country, "tax_treatment": treatment}, usual, why),
        "overseas": Standing(ABROAD, nought, "export: customer overseas"),
        "exempt": exempt({"country": country}, "Diplomatic mission"),
    }


GSTIN, TRN = {"tax_number": "27AAPFU0939F1ZV"}, {"tax_number": "100123456700003"}
EDITIONS = {
    "India": Edition("IN", "INR", {
        "registered, same state": Standing(
            IN_MUMBAI | {"tax_treatment": "business_gst"} | GSTIN, "GST18",
            "intra-state: Maharashtra"),
        "unregistered": Standing(IN_MUMBAI | {"tax_treatment": "business_none"}, "GST18", "intra-state: Maharashtra"),
        "composition": Standing(
            IN_MUMBAI | {"tax_treatment": "business_composition"} | GSTIN, "GST18", "intra-state: Maharashtra"),
        "consumer, other state": Standing(
            IN_MYSORE | {"tax_treatment": "consumer", "kind": "individual"}, "IGST18",
            "inter-state: Maharashtra → Karnataka"),
        "registered, other state": Standing(
            IN_MYSORE | {"tax_treatment": "business_gst", "tax_number": "29AAPFU0939F1ZR"}, "IGST18",
            "inter-state: Maharashtra → Karnataka"),
        "special economic zone": Standing(
            IN_MUMBAI | {"tax_treatment": "sez"} | GSTIN, "IGST18", "inter-state: supply to a special economic zone"),
        "overseas": Standing(ABROAD, "GST0", "export: customer overseas"),
        "exempt": exempt(IN_MUMBAI, "Exempt under a GST notification"),
    }, place="27"),
    "UAE": Edition("AE", "AED", {
        "registered": Standing(
            {"country": "AE", "state": "Dubai", "tax_treatment": "vat_registered"} | TRN, "VAT 5%", USUAL),
        "unregistered": Standing(
            {"country": "AE", "state": "Dubai", "tax_treatment": "vat_not_registered"}, "VAT 5%", USUAL),
        "designated zone": Standing(
            {"country": "AE", "state": "Dubai", "tax_treatment": "dz_vat_registered"} | TRN, "VAT 5%", USUAL),
        "of another GCC country": Standing(
            {"country": "SA", "tax_treatment": "gcc_vat_not_registered"}, "VAT 0%",
            "GCC customer, supplied in Saudi Arabia"),
        "outside the GCC": Standing(
            {"country": "US", "tax_treatment": "non_gcc"}, "VAT 0%", "customer outside the GCC"),
        "exempt": exempt({"country": "AE", "state": "Dubai"}, "Same tax group"),
    }),
    "Saudi Arabia": Edition("SA", "SAR", gulf("15")),
    "UK": Edition("GB", "GBP", {
        "registered": Standing({"country": "GB", "tax_treatment": "uk", "tax_number": BRITISH}, "VAT 20%", USUAL),
        "unregistered": Standing({"country": "GB", "kind": "individual"}, "VAT 20%", USUAL),
        "reverse charge, for what is no construction": Standing(
            {"country": "GB", "tax_number": BRITISH, "accounts_for_tax": "yes"}, "VAT 20%", USUAL),
        "overseas": Standing(ABROAD, "VAT 0%", "customer overseas"),
        "registered in the EU": Standing(
            {"country": "FR", "tax_treatment": "eu_vat_registered", "tax_number": FRENCH}, "VAT 0%",
            "customer VAT-registered in the EU"),
        "exempt": exempt({"country": "GB"}, "Zero-rated certificate"),
    }),
    "Germany": Edition("DE", "EUR", {
        "registered": Standing({"country": "DE", "tax_number": "DE136695976"}, "VAT 19%", USUAL),
        "unregistered": Standing({"country": "DE", "tax_treatment": "consumer"}, "VAT 19%", USUAL),
        "reverse charge": Standing(
            {"country": "FR", "tax_treatment": "business", "tax_number": FRENCH}, "Reverse charge",
            "reverse charge: VAT-registered in France", part=("VAT 0%", "intra-Community supply to France")),
        "consumer elsewhere in the EU": Standing(
            {"country": "FR", "tax_treatment": "consumer"}, "VAT 19%", "no VAT number in France: our own rate"),
        "overseas": Standing(
            {"country": "CH", "tax_treatment": "business", "tax_number": "CHE-116.281.710 MWST"}, "",
            "business outside the EU: Switzerland", part=("VAT 0%", "export to Switzerland")),
        "consumer overseas": Standing(
            {"country": "CH", "tax_treatment": "consumer"}, "VAT 19%", "no VAT number in Switzerland: our own rate",
            part=("VAT 0%", "export to Switzerland")),
        "exempt": exempt({"country": "DE"}, "International organisation"),
    }),
    "United States": Edition("US", "USD", {
        "taxable": Standing({"country": "US", "state": "New York"}, "NY tax", "tax of the service address"),
        "their own tax": Standing(
            {"country": "US", "state": "Ohio", "own_tax": "NY tax"}, "NY tax", "customer's tax"),
        "exempt": exempt({"country": "US", "state": "New York"}, "Resale"),
    }),
    "Canada": Edition("CA", "CAD", {
        "Ontario": Standing({"country": "CA", "state": "ON"}, "HST ON", "tax of the service address"),
        "Quebec": Standing({"country": "CA", "state": "Quebec"}, "GST + QST", "tax of the service address"),
        "Alberta": Standing({"country": "CA", "state": "AB"}, "GST", "tax of the service address"),
        "exempt": exempt({"country": "CA", "state": "ON"}, "First Nations"),
    }),
    "Australia": Edition("AU", "AUD", simple("AU", "GST 10%", "GST 0%")),
    "Mexico": Edition("MX", "MXN", {
        **simple("MX", "IVA 16%", "IVA 0%", "tasa general", "home_country_mexico"),
        "border": Standing({"country": "MX", "tax_treatment": "border_region_mexico"}, "IVA 8%", "border region"),
    }),
    "Japan": Edition("JP", "JPY", simple("JP", "Consumption tax 10%", "Export 0%")),
    "Switzerland": Edition("CH", "CHF", simple("CH", "VAT 8.1%", "VAT 0%")),
}  # fmt: skip


def found(app: Flask, world: World, edition: Edition) -> tuple[Firm, FlaskClient]:
    """Signed up by the form, with one service and one part in the catalogue."""
    office, given = browser(app), answers(country=edition.country, currency=edition.currency)
    assert sign_up(office, given).status_code == 303
    firm = Firm(organisations(world)[str(given["firm"])])
    if edition.place:
        form = {"registered": "yes", "place": edition.place, "from": "", "until": ""}
        assert post(office, "/settings/taxes/registration", form).status_code == 303
    if edition.country == "US":
        levy = {"name": "NY tax", "kind": "percent", "rate": "8", "why": "sales tax", "authority_id": ""}
        assert post(office, "/settings/taxes", levy, page="/settings/taxes").status_code == 303
        place = {"state": "NY", "member": [str(tax_called(firm, "NY tax"))]}
        assert post(office, "/settings/taxes/places", place, page="/settings/taxes/places").status_code == 303
    for code, kind in (("S", "service"), ("P", "part")):
        item = {"code": code, "kind": kind, "name": kind, "unit_price": "100", "tax_id": usual_tax(firm), "unit": "",
                "is_active": "yes"}  # fmt: skip
        assert post(office, "/catalogue", item, page="/catalogue/new").status_code == 303
    with job_session(firm.organisation_id) as session:
        firm.people["field_agent"] = session.scalars(select(Person.id)).one()
        firm.item_ids = list(session.scalars(select(Item.id).order_by(Item.id)))
    return firm, office


def tax_called(firm: Firm, name: str) -> int:
    with job_session(firm.organisation_id) as session:
        return session.scalars(select(Tax.id).where(Tax.name == name)).one()


def usual_tax(firm: Firm) -> str:
    with job_session(firm.organisation_id) as session:
        return str(session.scalars(select(Tax.id).where(Tax.is_default)).one())


def drafted(firm: Firm, office: FlaskClient, standing: Standing) -> tuple[list[tuple[str, str]], str]:
    """The tax and why of each line, and the draft's page."""
    form = {"kind": "business", "name": "Acme", "form_id": "", **standing.form}
    if "exemption" in form:
        with job_session(firm.organisation_id) as session:
            named = select(Exemption.id).where(Exemption.name == form.pop("exemption"))
            form |= {"exemption_id": str(session.scalars(named).one()), "certificate": "", "certificate_until": ""}
    if "own_tax" in form:
        form["tax_id"] = str(tax_called(firm, form.pop("own_tax")))
    entered = post(office, "/customers", form, page="/customers/new")
    assert entered.status_code == 303, entered.text
    firm.customer_id = int(entered.headers["Location"].rpartition("/")[2])
    with job_session(firm.organisation_id) as session:
        assert session.get_one(Customer, firm.customer_id)
        job = make_work_order(session, firm)
        page, lines = f"/work-orders/{job.id}/invoices", [str(line.id) for line in job.lines]
    draft = post(office, page, {"line": lines, "email": "", "then": "draft"}, page=f"{page}/new")
    assert draft.status_code == 303, draft.text
    address = draft.headers["Location"]
    with job_session(firm.organisation_id) as session:
        asked = select(InvoiceLine).where(InvoiceLine.invoice_id == int(address.rpartition("/")[2]))
        rows = session.scalars(asked.order_by(InvoiceLine.position)).all()
        assert all(bool(line.tax_id) != bool(line.tax_reason) for line in rows), "a tax, or a reason for none"
        return [(line.tax_name, line.tax_why) for line in rows], office.get(address).text


@pytest.mark.parametrize("name", EDITIONS)
def test_each_standing_gets_its_tax_and_the_line_says_why(app: Flask, world: World, name: str) -> None:
    edition = EDITIONS[name]
    firm, office = found(app, world, edition)
    with job_session(firm.organisation_id) as session:
        assert session.get_one(Organisation, firm.organisation_id).country == edition.country
    wrong = {}
    for who, standing in edition.standings.items():
        service = (standing.tax, standing.why)
        said, page = drafted(firm, office, standing)
        if (
            said != [service, standing.part or service]
            or standing.why.replace("'", "&#39;").lower() not in page.lower()
        ):
            wrong[who] = said
    assert wrong == {}


@pytest.mark.parametrize("name", EDITIONS)
def test_who_is_not_registered_charges_nobody(app: Flask, world: World, name: str) -> None:
    edition = EDITIONS[name]
    firm, office = found(app, world, edition)
    form = {"registered": "no", "place": "", "from": "", "until": ""}
    assert post(office, "/settings/taxes/registration", form).status_code == 303
    said, _ = drafted(firm, office, next(iter(edition.standings.values())))
    assert said == [("", "not registered for tax")] * 2

"""The tax on shipping: decided as a line's is, with a reason where nothing is charged, and frozen with the invoice."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from portal.invoices.queries import get_invoice
from portal.shared.running import job_session
from portal.taxes.models import Tax
from tests.builders import Firm, post
from tests.portal.invoices.test_deciding import BENGALURU, MAHARASHTRA, PUNE, drafted, rows_of, tax_id
from tests.portal.invoices.test_taxing import exempt, settled


def shipped(office: FlaskClient, firm: Firm, tax: str = "") -> str:
    """A draft with 100.00 of shipping, and which tax was chosen for it."""
    draft, chosen = drafted(office, firm), str(tax_id(firm, tax)) if tax else ""
    form = {"applied": "before_tax", "shipping": "100", "shipping_tax_id": chosen}
    answer = post(office, f"{draft}/prices", form, page=f"{draft}/prices")
    assert answer.status_code == 303, answer.text
    return draft


EMBASSY, ABROAD = PUNE | {"certificate": "UN-1"}, {"country": "US", "tax_treatment": "overseas"}
CASES = [
    (PUNE, {"CGST9": "26.69", "SGST9": "26.69"}, "GST18, intra-state: Maharashtra"),  # 9 % of 296.50
    (BENGALURU, {"IGST18": "53.37"}, "IGST18, inter-state: Maharashtra → Karnataka"),
    (EMBASSY, {}, "customer exempt: Diplomatic mission, certificate UN-1"),
    (ABROAD, {"GST0": "0.00"}, "GST0, export: customer overseas"),
]


@pytest.mark.parametrize("tax", ["", "GST18"])
@pytest.mark.parametrize(("customer", "rows", "why"), CASES)
def test_customer_and_place_decide_about_shipping_too(
    app: Flask, tax: str, customer: dict[str, str], rows: dict[str, str], why: str
) -> None:
    firm, office = settled(app, "IN", "INR", customer, MAHARASHTRA)
    if customer is EMBASSY:
        form = {"kind": "business", "name": "Acme", **customer, "exemption_id": exempt(firm, "Diplomatic mission")}
        assert post(office, f"/customers/{firm.customer_id}", form).status_code == 303
    draft = shipped(office, firm, tax)
    assert rows_of(firm, draft) == rows
    assert f'Shipping<span class="note">{why}' in office.get(draft).text
    assert f'value="{tax_id(firm, tax)}" selected' in office.get(f"{draft}/prices").text if tax else True
    assert post(office, f"{draft}/issuance", {}, page=draft).status_code == 303
    assert rows_of(firm, draft) == rows


def test_shipping_with_neither_tax_nor_reason_is_refused_and_the_usual_tax_offered(app: Flask) -> None:
    firm, office = settled(app, "IN", "INR", PUNE)  # which never said its own state
    draft = shipped(office, firm)
    assert "Shipping: Give your own state under Settings" in office.get(draft).text
    with job_session(firm.organisation_id) as session:
        for line in get_invoice(session, int(draft.rpartition("/")[2])).lines:
            line.tax_reason = "gift"  # so that only shipping is left
    refused = post(office, f"{draft}/issuance", {}, page=draft)
    assert refused.status_code == 422 and "Shipping: Give your own state" in refused.text
    assert post(office, f"{draft}/usual-tax", {}, page=draft).status_code == 303
    assert rows_of(firm, draft) == {"CGST9": "9.00", "SGST9": "9.00"}
    assert post(office, f"{draft}/issuance", {}, page=draft).status_code == 303


def test_settling_the_taxes_of_a_draft_settles_those_of_shipping(app: Flask) -> None:
    firm, office = settled(app, "IN", "INR", PUNE, MAHARASHTRA)
    draft = shipped(office, firm)
    form = {"kind": "business", "name": "Acme", **BENGALURU, "place_of_supply": "29"}
    assert post(office, f"/customers/{firm.customer_id}", form).status_code == 303
    assert post(office, f"{draft}/taxes", {}, page=f"{draft}/taxes").status_code == 303
    assert rows_of(firm, draft) == {"IGST18": "53.37"}


def test_a_tax_renamed_to_the_beginning_of_its_name_is_called_so_on_shipping_too(app: Flask) -> None:
    firm, office = settled(app, "GB", "GBP", {"country": "GB"})
    with job_session(firm.organisation_id) as session:
        session.get_one(Tax, tax_id(firm, "VAT 20%")).name = "VAT 20% standard"
    draft = shipped(office, firm)
    page = f"/settings/taxes/{tax_id(firm, 'VAT 20% standard')}"
    answer = post(office, f"{page}/words", {"name": "VAT 20%", "why": "standard rate", "authority_id": ""}, page=page)
    assert answer.status_code == 303, answer.text
    assert 'Shipping<span class="note">VAT 20%, standard rate<' in office.get(draft).text


@pytest.mark.parametrize("change", ["shipping_tax_reason = 'gift'", "shipping_tax_why = 'gift'"])
def test_why_shipping_bears_what_it_bears_is_frozen(app: Flask, change: str) -> None:
    firm, office = settled(app, "IN", "INR", PUNE, MAHARASHTRA)
    draft = shipped(office, firm)
    assert post(office, f"{draft}/issuance", {}, page=draft).status_code == 303
    with job_session(firm.organisation_id) as session, pytest.raises(DBAPIError, match="frozen"):
        session.execute(text(f"UPDATE invoices SET {change} WHERE id = :id"), {"id": int(draft.rpartition("/")[2])})

"""Papers and the pay page for customers of other languages: every word that is ours is in theirs."""

import json
import re
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from portal.catalogue.models import Item
from portal.customers.models import Customer
from portal.invoices.documents.facts import credit_note_facts, facts_of
from portal.invoices.queries import get_invoice
from portal.organisations.models import Organisation
from portal.shared import formats
from portal.shared.running import job_session
from portal.taxes.regions import pack
from portal.taxes.wording import told_in
from tests.builders import Firm, make_credit_note, pay_address, post
from tests.conftest import browser
from tests.portal.invoices.test_deciding import MAHARASHTRA
from tests.portal.invoices.test_shippings_tax import shipped
from tests.portal.invoices.test_taxing import FRENCH, settled

OURS = re.compile(
    r"\b(reverse charge|VAT|export|customer|overseas|Shipping|building|our own rate|standard rate|zero|exempt|of which"
    r"|state|outside|number|on \d|by Dana)\b", re.IGNORECASE,
)  # fmt: skip
CASES = {
    "de": ("DE", "EUR", {"country": "FR", "tax_number": FRENCH}, "Steuerschuldnerschaft", "Reverse-Charge"),
    "ja": ("JP", "JPY", {"country": "US", "tax_treatment": "overseas"}, "輸出", "輸出 0%"),
    "zh": ("SG", "SGD", {"country": "CN", "tax_treatment": "overseas"}, "出口", "GST 0%"),
    "hi": ("IN", "INR", {"country": "US", "tax_treatment": "overseas"}, "निर्यात", "GST0"),
    "ar": ("AE", "AED", {"country": "GB", "tax_treatment": "non_gcc"}, "خارج", "ضريبة القيمة المضافة 0%"),
}


def _sent(app: Flask, language: str) -> tuple[Firm, FlaskClient, int]:
    """An invoice with shipping, to a customer abroad who speaks `language`."""
    country, currency, customer, _, _ = CASES[language]
    firm, office = settled(app, country, currency, customer, MAHARASHTRA if country == "IN" else "")
    with job_session(firm.organisation_id) as session:
        session.get_one(Customer, firm.customer_id).language = language
        session.execute(update(Item).values(on_building=False))
    draft = shipped(office, firm)
    assert post(office, f"{draft}/issuance", {}, page=draft).status_code == 303
    return firm, office, int(draft.rpartition("/")[2])


def _text(facts: dict[str, Any]) -> str:
    """What the paper says, without what the firm wrote itself."""
    own = {key: facts[key] for key in ("title", "dates", "work", "sums", "notes", "taken_off")}
    taxes = [line["tax"] for line in facts["lines"]]
    return json.dumps([own, taxes], ensure_ascii=False).replace("PO Box", "")


@pytest.mark.parametrize("language", CASES)
def test_no_word_of_ours_is_english_on_a_foreign_paper(app: Flask, language: str) -> None:
    firm, _, invoice_id = _sent(app, language)
    why, tax = CASES[language][3:]
    with job_session(firm.organisation_id) as session:
        organisation = session.scalars(select(Organisation)).one()
        invoice = get_invoice(session, invoice_id)
        address = pay_address(session, invoice)
        papers = [facts_of(organisation, invoice)]
        papers.append(credit_note_facts(organisation, make_credit_note(session, firm, invoice)))
    for facts in papers:
        said = _text(facts)
        assert not OURS.search(said.replace("Dana Wells", "")), said
        assert tax in facts["lines"][0]["tax"] and why in said
    page = browser(app).get(f"{address}?lang={language}").text
    lines = page[page.index('class="card fold"') :]
    shown = re.sub(r"<[^>]+>", " ", lines[: lines.index("</details>")])
    assert why in shown and not OURS.search(shown), shown


@pytest.mark.parametrize(
    ("country", "currency", "language", "state", "number", "label", "rows"),
    [
        ("CH", "CHF", "de", "", "CHE-107.787.577 MWST", "MWST-Nr.", ["MWST 8.1 %"]),
        ("CH", "CHF", "fr", "", "CHE-107.787.577 TVA", "N° de TVA", ["TVA 8,1 %"]),
        ("CA", "CAD", "fr", "QC", "123026635RT0001", "N° de TPS/TVH", ["TPS 5 %", "TVQ 9,975 %"]),
    ],
)
def test_paper_and_page_call_the_tax_what_the_firms_country_calls_it(
    app: Flask, country: str, currency: str, language: str, state: str, number: str, label: str, rows: list[str]
) -> None:
    firm, office = settled(app, country, currency, {"country": country, "state": state, "line1": "Rue 1"})
    with job_session(firm.organisation_id) as session:
        organisation = session.scalars(select(Organisation)).one()
        organisation.tax_number, organisation.tax_number_label = number, pack(country)["tax_number_label"]
        session.get_one(Customer, firm.customer_id).language = language
    draft = shipped(office, firm)
    assert post(office, f"{draft}/issuance", {}, page=draft).status_code == 303
    with job_session(firm.organisation_id) as session:
        invoice = get_invoice(session, int(draft.rpartition("/")[2]))
        facts = facts_of(session.scalars(select(Organisation)).one(), invoice)
        address = pay_address(session, invoice)
    page = browser(app).get(f"{address}?lang={language}").text
    assert facts["firm"]["tax_number"] == f"{label} {number}"
    told = json.dumps([facts["sums"], [line["tax"] for line in facts["lines"]]], ensure_ascii=False)
    assert all(row in told and row in page for row in rows), told


def test_why_shipping_bears_its_tax_is_printed_on_paper_and_page(app: Flask) -> None:
    firm, _, invoice_id = _sent(app, "ar")
    with job_session(firm.organisation_id) as session:
        organisation = session.scalars(select(Organisation)).one()
        invoice = get_invoice(session, invoice_id)
        address, facts = pay_address(session, invoice), facts_of(organisation, invoice)
    name, why = (told_in("ar", said) for said in ("VAT 0%", "customer outside the GCC"))
    assert f"الشحن: {name}: {why}" in facts["notes"]
    assert f"الشحن: {name}: {why}" in browser(app).get(f"{address}?lang=ar").text


def test_a_paper_in_two_languages_says_its_sentences_in_both(app: Flask) -> None:
    """Saudi Arabia, UAE: Arabic stands beside the customer's language."""
    firm, _, invoice_id = _sent(app, "ar")
    with job_session(firm.organisation_id) as session:
        organisation = session.scalars(select(Organisation)).one()
        invoice = get_invoice(session, invoice_id)
        invoice.bill_to = invoice.bill_to | {"language": "en"}
        head = {**(invoice.letterhead or {}), "language": "en"}
        session.expunge(invoice)
        invoice.letterhead = head
        facts = facts_of(organisation, invoice)
    label = facts["sums"][2][0]
    assert label.startswith("VAT 0% on ") and "ضريبة القيمة المضافة 0%" in label
    assert any(note.startswith("VAT 0%: customer outside the GCC · ") for note in facts["notes"])


def test_a_foreign_address_ends_with_its_country_and_a_credit_note_with_the_days_it_takes_back(app: Flask) -> None:
    firm, _, invoice_id = _sent(app, "de")
    with job_session(firm.organisation_id) as session:
        organisation = session.scalars(select(Organisation)).one()
        invoice = get_invoice(session, invoice_id)
        facts = facts_of(organisation, invoice)
        note = credit_note_facts(organisation, make_credit_note(session, firm, invoice))
    assert facts["customer"]["lines"][-1] == note["customer"]["lines"][-1] == "Frankreich"
    assert {"Rechnungsdatum", "Leistungsdatum"} <= {label for label, _ in note["dates"]}


@pytest.mark.parametrize(
    ("currency", "written"),
    [("JPY", "101"), ("ISK", "101"), ("UGX", "101"), ("HUF", "101.00"), ("TWD", "101.00"), ("KWD", "101.000"),
     ("BHD", "101.000")],
)  # fmt: skip
def test_a_price_has_the_decimals_of_its_currency(currency: str, written: str) -> None:
    assert formats.price(Decimal("101.000000"), currency, "en_GB") == written

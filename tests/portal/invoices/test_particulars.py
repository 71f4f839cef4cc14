"""What a country's law wants on paper beside lines and sums, of invoices that were billed through the pages."""

import io
from decimal import Decimal
from typing import Any

from flask import Flask
from pypdf import PdfReader
from sqlalchemy import select, update

from portal.catalogue.models import Item
from portal.invoices.documents.facts import credit_note_facts, facts_of
from portal.invoices.models import Invoice
from portal.invoices.queries import get_invoice
from portal.organisations.models import Organisation
from portal.shared.running import job_session
from portal.taxes.models import Tax
from tests.builders import Firm, make_credit_note, make_work_order
from tests.portal.invoices.test_taxing import BRITISH, GSTIN, INDIA, MAHARASHTRA, billed, settled


def _numbered(firm: Firm, number: str) -> None:
    with job_session(firm.organisation_id) as session:
        session.get_one(Organisation, firm.organisation_id).tax_number = number
        session.execute(update(Item).values(hsn_sac="998719"))
        session.commit()


def test_an_indian_paper_says_where_it_is_supplied_and_each_half_of_each_line(app: Flask) -> None:
    firm, office = settled(app, "IN", "INR", INDIA | {"state": "Maharashtra", "tax_number": GSTIN}, MAHARASHTRA)
    _numbered(firm, GSTIN)
    sent = billed(app, firm)
    said = PdfReader(io.BytesIO(office.get(f"/invoices/{sent.id}/invoice.pdf").data)).pages[0].extract_text()
    for words in (
        "Tax invoice", GSTIN, "Place of supply", "Maharashtra (27)", "HSN/SAC 998719 · CGST9", "SGST9",
        "Tax is payable on reverse charge: no",
    ):  # fmt: skip
        assert words in said
    halves = [line["detail"] for line in _facts(firm, sent)["lines"]]
    assert halves[0] == "HSN/SAC 998719 · CGST9 10.62 · SGST9 10.62"  # the halves of each line are equal, too


def test_a_british_reverse_charge_tells_the_vat_that_the_customer_accounts_for(app: Flask) -> None:
    """HMRC, VAT domestic reverse charge: technical guide. The total stays without it."""
    customer = {"country": "GB", "tax_number": BRITISH, "accounts_for_tax": "yes"}
    firm, office = settled(app, "GB", "GBP", customer)
    _numbered(firm, BRITISH)
    with job_session(firm.organisation_id) as session:
        session.get_one(Organisation, firm.organisation_id).round_total_to = Decimal(1)
        job_id = make_work_order(session, firm).id
        session.commit()
    shown = " ".join(office.get(f"/work-orders/{job_id}/invoices/new").text.split())
    assert "39.30" not in shown and "Rounding" in shown and "£197.00" in shown  # what is shown before adds up, too
    facts = _facts(firm, billed(app, firm))
    assert facts["total"] == "£197.00"
    assert "Reverse charge 20%: the customer accounts for £39.30 on £196.50" in facts["notes"]
    assert facts["customer"]["tax_number"] == f"VAT number {BRITISH}"


def test_a_saudi_credit_note_carries_its_code(app: Flask) -> None:
    registered = {"country": "SA", "tax_treatment": "vat_registered", "tax_number": "300000000000003"}
    firm, _ = settled(app, "SA", "SAR", registered)
    _numbered(firm, "310122393500003")
    with job_session(firm.organisation_id) as session:
        organisation = session.get_one(Organisation, firm.organisation_id)
        note = make_credit_note(session, firm)
        facts = credit_note_facts(organisation, note)
    assert facts["code"] and facts["title"] == "Credit note · \u2068إشعار دائن\u2069"
    assert facts["notes"][0].startswith("In words · ")


def test_a_japanese_paper_tells_base_and_tax_of_each_rate_and_marks_the_reduced_one(app: Flask) -> None:
    """A qualified invoice: one rounding for each rate. Source: National Tax Agency."""
    firm, _ = settled(app, "JP", "JPY", {"country": "JP"})
    _numbered(firm, "T7000012050002")
    with job_session(firm.organisation_id) as session:
        reduced = session.scalars(select(Tax.id).where(Tax.name == "Consumption tax 8%")).one()
        session.execute(update(Item).where(Item.kind == "part").values(tax_id=reduced))
        session.commit()
    facts = _facts(firm, billed(app, firm))
    assert facts["title"] == "Qualified invoice" and facts["firm"]["tax_number"].endswith(" T7000012050002")
    assert [line["name"].endswith(" ※") for line in facts["lines"]] == [False, False, True]
    assert facts["sums"][1:] == [
        ["Consumption tax 10% on JP¥150", "JP¥15"], ["Consumption tax 8% on JP¥47", "JP¥4"]
    ]  # fmt: skip
    assert "※ reduced rate" in facts["notes"]


def _facts(firm: Firm, sent: Invoice) -> dict[str, Any]:
    with job_session(firm.organisation_id) as session:
        organisation = session.scalars(select(Organisation)).one()
        return facts_of(organisation, get_invoice(session, sent.id))

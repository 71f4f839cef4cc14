"""Who is not registered for tax issues no tax invoice, whatever number is still entered."""

from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask

from portal.invoices.documents.facts import credit_note_facts, facts_of
from portal.invoices.queries import get_invoice
from portal.organisations.models import Organisation
from portal.shared import clock
from portal.shared.running import job_session
from tests.builders import Firm, make_credit_note, make_invoice, post
from tests.portal.invoices.test_taxing import exempt, settled

NUMBERS = {
    "AU": ("AUD", "51824753556"), "ZA": ("ZAR", "4012345675"), "NZ": ("NZD", "49098576"),
    "GB": ("GBP", "GB980780684"), "JP": ("JPY", "T7000012050002"), "AE": ("AED", "100123456700003"),
    "SA": ("SAR", "310122393500003"), "SG": ("SGD", "200312345A"),
}  # fmt: skip
TODAY, DAY = clock.today("UTC"), timedelta(days=2)


def _firm(app: Flask, country: str) -> Firm:
    currency, number = NUMBERS[country]
    firm, _ = settled(app, country, currency, {"country": country})
    with job_session(firm.organisation_id) as session:
        session.get_one(Organisation, firm.organisation_id).tax_number = number
        session.commit()
    return firm


def _registered(firm: Firm, *, yes: bool, begins: date | None = None, ends: date | None = None) -> None:
    with job_session(firm.organisation_id) as session:
        organisation = session.get_one(Organisation, firm.organisation_id)
        organisation.is_tax_registered = yes
        organisation.tax_registered_from, organisation.tax_registered_until = begins, ends
        session.commit()


def _paper(firm: Firm) -> dict[str, Any]:
    with job_session(firm.organisation_id) as session:
        organisation = session.get_one(Organisation, firm.organisation_id)
        return facts_of(organisation, get_invoice(session, make_invoice(session, firm).id))


@pytest.mark.parametrize("country", sorted(NUMBERS))
def test_it_is_called_an_invoice_and_shows_no_number(app: Flask, country: str) -> None:
    firm = _firm(app, country)
    _registered(firm, yes=False)
    facts = _paper(firm)
    assert facts["title"].split(" · ")[0] == "Invoice" and facts["firm"]["tax_number"] == ""


@pytest.mark.parametrize(
    ("begins", "ends", "title"),
    [(TODAY + DAY, None, "Invoice"), (None, TODAY - DAY, "Invoice"), (TODAY - DAY, TODAY + DAY, "VAT invoice")],
)
def test_the_day_decides(app: Flask, begins: date | None, ends: date | None, title: str) -> None:
    firm = _firm(app, "GB")
    _registered(firm, yes=True, begins=begins, ends=ends)
    facts = _paper(firm)
    assert facts["title"] == title and bool(facts["firm"]["tax_number"]) is (title == "VAT invoice")


def test_a_credit_note_of_a_tax_invoice_keeps_the_number_after_the_registration(app: Flask) -> None:
    firm = _firm(app, "AE")
    with job_session(firm.organisation_id) as session:
        invoice = make_invoice(session, firm)
    _registered(firm, yes=False)
    with job_session(firm.organisation_id) as session:
        organisation = session.get_one(Organisation, firm.organisation_id)
        facts = credit_note_facts(organisation, make_credit_note(session, firm, invoice))
        plain = credit_note_facts(organisation, make_credit_note(session, firm, make_invoice(session, firm)))
    assert facts["title"].startswith("Tax credit note") and facts["firm"]["tax_number"].endswith("100123456700003")
    assert plain["title"].startswith("Credit note") and plain["firm"]["tax_number"] == ""


@pytest.mark.parametrize("was", [True, False])
def test_a_draft_made_before_the_registration_changed_is_held_and_mended_by_one_tap(app: Flask, was: bool) -> None:
    firm, office = settled(app, "GB", "GBP", {"country": "GB"})
    _registered(firm, yes=was)
    with job_session(firm.organisation_id) as session:
        draft = make_invoice(session, firm, sent=False).id
    page = f"/invoices/{draft}"
    assert "registration for tax has changed" not in office.get(page).text
    _registered(firm, yes=not was)
    shown, words = office.get(page).text, "charges tax: it was made" if was else "charges none: it was made"
    assert words in shown and "Reckon it as things are now" in shown
    refused = post(office, f"{page}/issuance", {}, page=page)
    assert refused.status_code == 422 and words in refused.text
    assert post(office, f"{page}/taxes", {}, page=page).status_code == 303
    assert "registration for tax has changed" not in office.get(page).text
    assert post(office, f"{page}/issuance", {}, page=page).status_code == 303
    with job_session(firm.organisation_id) as session:
        sent = get_invoice(session, draft)
        assert (sent.status, sent.total_minor) == ("sent", 196_50 if was else 235_80)


def test_a_draft_whose_customers_certificate_has_run_out_since_is_held_and_mended_by_one_tap(app: Flask) -> None:
    firm, office = settled(app, "GB", "GBP", {"country": "GB"})
    valid = {"kind": "business", "name": "Acme", "country": "GB", "certificate": "D-7", "exemption_id": exempt(
        firm, "Diplomatic mission"
    )}  # fmt: skip
    assert post(office, f"/customers/{firm.customer_id}", valid).status_code == 303
    with job_session(firm.organisation_id) as session:
        draft = make_invoice(session, firm, sent=False).id
    page, words = f"/invoices/{draft}", "Their certificate counted until 2020-12-31"
    assert words not in office.get(page).text
    assert (
        post(office, f"/customers/{firm.customer_id}", valid | {"certificate_until": "2020-12-31"}).status_code == 303
    )
    assert words in office.get(page).text
    refused = post(office, f"{page}/issuance", {}, page=page)
    assert refused.status_code == 422 and words in refused.text
    assert post(office, f"{page}/taxes", {}, page=page).status_code == 303
    assert "exemption certificate expired on 2020-12-31 (standard rate)" in office.get(page).text
    assert post(office, f"{page}/issuance", {}, page=page).status_code == 303

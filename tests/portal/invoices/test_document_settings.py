"""Settings of documents and money: checked, noted, followed by drafts at once, never by what is sent."""

import io
from decimal import Decimal

import pytest
from flask.testing import FlaskClient
from pypdf import PdfReader
from sqlalchemy import select
from werkzeug.test import TestResponse

from portal.invoices.e_invoice import making
from portal.invoices.queries import get_invoice
from portal.organisations.models import AuditEntry, Organisation
from portal.shared.running import job_session
from tests.builders import Firm, make_credit_note, make_firm, make_invoice, post, sign_in

PATH = "/settings/documents"
USUAL = {"tax_number": "", "registrations": "", "document_language": "", "document_words": "",
         "tax_rounding": "document", "rounding_mode": "half_up", "price_includes_tax": "no", "discount_style": "free",
         "round_total_to": ""}  # fmt: skip


@pytest.fixture
def admin(client: FlaskClient, firm: Firm) -> FlaskClient:
    return sign_in(client, firm, "administrator")


def save(client: FlaskClient, **wanted: str) -> TestResponse:
    return post(client, PATH, USUAL | wanted, page=PATH)


def invoice(firm: Firm, *, sent: bool = True) -> int:
    with job_session(firm.organisation_id) as session:
        return make_invoice(session, firm, sent=sent).id


def total(firm: Firm, invoice_id: int) -> Decimal:
    with job_session(firm.organisation_id) as session:
        return get_invoice(session, invoice_id).total.decimal


def paper(client: FlaskClient, invoice_id: int) -> str:
    return PdfReader(io.BytesIO(client.get(f"/invoices/{invoice_id}/invoice.pdf").data)).pages[0].extract_text()


def test_drafts_follow_at_once_and_sent_invoices_stay(admin: FlaskClient, firm: Firm) -> None:
    sent, draft = invoice(firm), invoice(firm, sent=False)
    before = paper(admin, sent)
    answer = save(admin, round_total_to="0.50", document_words="Barclays 20-00-00\n12345678", document_language="fr",
                  registrations="Company number: 01234567", tax_number="GB 980 7806 84")  # fmt: skip
    assert answer.status_code == 303
    assert "Drafts reckoned anew: 1." in admin.get(PATH).text
    assert (total(firm, sent), total(firm, draft)) == (Decimal("235.80"), Decimal("236.00"))
    assert paper(admin, sent) == before
    said = paper(admin, invoice(firm))
    assert all(part in said for part in ("12345678", "Company number: 01234567", "Date de facture", "0,20", "236,00"))
    with job_session(firm.organisation_id) as session:
        noted = session.scalars(select(AuditEntry).where(AuditEntry.action == "document settings changed")).one()
    assert noted.after is not None and noted.after["round_total_to"] == "0.50"


def test_the_page_says_what_a_change_reaches(admin: FlaskClient, firm: Firm) -> None:
    invoice(firm)
    invoice(firm, sent=False)
    page = admin.get(PATH).text
    assert "the draft that is not sent yet" in page and "The 1 sent so far" in page


def test_a_rounded_total_is_credited_whole_and_told_to_machines(admin: FlaskClient, firm: Firm) -> None:
    save(admin, round_total_to="0.50", tax_number="GB 980 7806 84")
    with job_session(firm.organisation_id) as session:
        note = make_credit_note(session, firm)
        sold = get_invoice(session, note.invoice_id)
        assert (note.total.decimal, sold.total.decimal) == (Decimal("236.00"), Decimal("236.00"))
        assert b">0.20<" in making.ubl_of(session.get_one(Organisation, firm.organisation_id), sold)


@pytest.mark.parametrize(
    ("country", "currency", "wanted", "said"),
    [
        ("GB", "GBP", {"tax_number": "GB 123"}, "This is no VAT number"),
        ("GB", "GBP", {"registrations": "just a number"}, "its name first"),
        ("GB", "GBP", {"round_total_to": "0.001"}, "must be from 0.01"),
        ("GB", "GBP", {"round_total_to": "0"}, "must be from 0.01"),
        ("GB", "GBP", {"round_total_to": "0.3"}, "round amounts are made of, like 0.05, 0.25 or 1"),
        ("JP", "JPY", {"tax_rounding": "line"}, "rounded once for each rate"),
        ("US", "USD", {"price_includes_tax": "yes"}, "Choose prices without tax"),
        ("GB", "GBP", {"document_language": "tlh"}, "Choose a language from the list"),
    ],
)
def test_what_cannot_be_is_said_beside_the_field(
    client: FlaskClient, country: str, currency: str, wanted: dict[str, str], said: str
) -> None:
    firm = make_firm(country=country, currency=currency)
    sign_in(client, firm, "administrator")
    answer = save(client, **wanted)
    assert answer.status_code == 422 and said in answer.text
    with job_session(firm.organisation_id) as session:
        kept = session.get_one(Organisation, firm.organisation_id)
        assert (kept.round_total_to, kept.tax_rounding, kept.price_includes_tax) == (None, "document", False)


@pytest.mark.parametrize(("country", "currency", "offered"), [("GB", "GBP", 1), ("US", "USD", 0), ("CA", "CAD", 0)])
def test_prices_with_tax_inside_are_offered_where_the_books_know_them(
    client: FlaskClient, country: str, currency: str, offered: int
) -> None:
    sign_in(client, make_firm(country=country, currency=currency), "administrator")
    assert client.get("/settings/documents").text.count("with tax inside") == offered


@pytest.mark.parametrize(
    ("style", "typed", "status"),
    [("none", {"discount": "5%"}, 422), ("line", {"discount": "5%"}, 422), ("after_tax", {"discount": "5%"}, 422),
     ("before_tax", {"discount": "5%"}, 303), ("after_tax", {"discount": "5%", "applied": "after_tax"}, 303)],
)  # fmt: skip
def test_only_discounts_of_the_firms_style_are_given(
    admin: FlaskClient, firm: Firm, style: str, typed: dict[str, str], status: int
) -> None:
    save(admin, discount_style=style)
    draft = invoice(firm, sent=False)
    answer = post(admin, f"/invoices/{draft}/prices", {"applied": "before_tax"} | typed, page=PATH)
    assert answer.status_code == status
    assert status == 303 or "under Settings" in answer.text


def test_a_discount_given_before_the_style_changed_stays(admin: FlaskClient, firm: Firm) -> None:
    draft = invoice(firm, sent=False)
    prices, given = f"/invoices/{draft}/prices", {"discount": "10%", "applied": "before_tax"}
    post(admin, prices, given, page=PATH)
    save(admin, discount_style="none")
    assert post(admin, prices, given | {"shipping": "1"}, page=PATH).status_code == 303
    assert 'name="discount"' in admin.get(prices).text
    assert 'name="discount"' not in admin.get(f"/invoices/{invoice(firm, sent=False)}/prices").text


def test_tax_in_another_currency_is_told_in_the_countrys_own(client: FlaskClient) -> None:
    """A British firm that bills euros prints its VAT in pounds, too; without a rate the invoice is not sent."""
    firm = make_firm(currency="EUR")
    sign_in(client, firm, "administrator")
    save(client, tax_number="GB 980 7806 84")
    draft = invoice(firm, sent=False)
    assert "The tax must be printed in GBP" in post(client, f"/invoices/{draft}/issuance", {}, page=PATH).text
    prices = {"applied": "before_tax", "exchange_rate": "0.8543"}
    assert post(client, f"/invoices/{draft}/prices", prices, page=PATH).status_code == 303
    assert post(client, f"/invoices/{draft}/issuance", {}, page=PATH).status_code == 303
    assert "Tax total: £33.57 (1 EUR = 0.8543 GBP)" in paper(client, draft)  # 39.30 × 0.8543 = 33.573…
    with job_session(firm.organisation_id) as session:
        note = make_credit_note(session, firm, get_invoice(session, draft), share="0.5")
    credited = client.get(f"/credit-notes/{note.id}/credit-note.pdf").data
    said = PdfReader(io.BytesIO(credited)).pages[0].extract_text()
    assert "Tax total: £16.79 (1 EUR = 0.8543 GBP)" in said  # at the invoice's rate: 19.65 × 0.8543 = 16.787…

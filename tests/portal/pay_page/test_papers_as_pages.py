"""Receipts and credit notes behind an invoice's link: to read, to print and as files, in the customer's language."""

from typing import Any

import pytest

from portal.customers.models import Customer
from portal.invoices.documents.rules import word
from portal.invoices.queries import get_invoice
from portal.organisations.models import Organisation
from portal.shared.phrases import LANGUAGES
from portal.shared.running import job_session
from tests.builders import Firm, make_credit_note, make_firm, make_invoice, pay_address
from tests.paying import Till
from tests.portal.payments.test_recording import record


def credited(firm: Firm, language: str = "") -> tuple[str, int, int]:
    """The path of an invoice's link, and the numbers of a payment and of a credit note of it."""
    with job_session(firm.organisation_id) as session:
        session.get_one(Customer, firm.customer_id).language = language
        invoice = make_invoice(session, firm)
        invoice_id, path = invoice.id, pay_address(session, invoice)
    payment_id = record(firm, [invoice_id], 10000).payment_id
    with job_session(firm.organisation_id) as session:
        note = make_credit_note(session, firm, get_invoice(session, invoice_id), share="0.5")
        return path, payment_id, note.id


def test_the_invoices_page_leads_to_its_receipt_and_its_credit_note(till: Till, firm: Firm) -> None:
    path, payment_id, note_id = credited(firm)
    page = till.get(path).text
    assert f'href="{path}/receipts/{payment_id}">' in page and f'href="{path}/credit-notes/{note_id}">' in page
    receipt = till.get(f"{path}/receipts/{payment_id}").text
    for words in ("Receipt", "INV-00001", "£100.00", "Maple Dental", f'href="{path}"', f"{payment_id}.pdf"):
        assert words in receipt, words
    note = till.get(f"{path}/credit-notes/{note_id}").text
    for words in ("Credit note", "INV-00001", "£117.90", "The part was faulty", "VAT 20%", "£19.65", f"{note_id}.pdf"):
        assert words in note, words
    for number, kind in ((payment_id, "receipts"), (note_id, "credit-notes")):
        paper = till.get(f"{path}/{kind}/{number}.pdf")
        assert paper.content.startswith(b"%PDF") and paper.headers["Cache-Control"] == "no-store"


def test_an_untouched_invoice_leads_to_neither(till: Till, firm: Firm) -> None:
    _, path = till.invoice(firm)
    assert "receipts/" not in till.get(path).text and "credit-notes/" not in till.get(path).text


def test_a_link_leads_to_no_paper_of_another_invoice(till: Till, firm: Firm) -> None:
    _, payment_id, note_id = credited(firm)
    _, other = till.invoice(firm)
    for end in (f"receipts/{payment_id}", f"credit-notes/{note_id}"):
        assert {till.get(f"{other}/{end}{file}").status_code for file in ("", ".pdf")} == {404}
        assert till.get(f"/p/{'x' * 43}/{end}").status_code == 404


@pytest.mark.parametrize("code", sorted(LANGUAGES))
def test_both_speak_the_customers_language(till: Till, firm: Firm, code: str) -> None:
    path, payment_id, note_id = credited(firm, code)
    for end, kind, number in (("receipts", "receipt", payment_id), ("credit-notes", "credit_note", note_id)):
        page = till.get(f"{path}/{end}/{number}").text
        assert f'<html lang="{code}" dir="{"rtl" if code == "ar" else "ltr"}">' in page
        for words in (word(kind, code), word("bill_to", code), word("total", code), word("invoice", code)):
            assert words in page
        assert str(LANGUAGES[code].say("back_to_invoice")) in page
        assert code == "en" or not any(words in page for words in ("Credit note", "Bill to", "Receipt", "Back to"))
    chosen = till.get(f"{path}/credit-notes/{note_id}?lang=de").text
    assert "Rechnungskorrektur" in chosen and f'href="{path}?lang=de"' in chosen


def test_a_saudi_credit_note_shows_its_code_and_speaks_arabic_too(till: Till) -> None:
    firm = make_firm(country="SA", currency="SAR")
    with job_session(firm.organisation_id) as session:
        session.get_one(Organisation, firm.organisation_id).tax_number = "300000000000003"
        invoice = make_invoice(session, firm)
        path, note_id = pay_address(session, invoice), make_credit_note(session, firm, invoice).id
    page = till.get(f"{path}/credit-notes/{note_id}").text
    assert 'src="data:image/svg+xml,' in page and "Credit note · \u2068إشعار دائن\u2069" in page


@pytest.mark.browser
@pytest.mark.parametrize("code", ["en", "ar", "ja"])
def test_nothing_is_wider_than_a_phone_and_print_shows_the_paper_alone(
    till: Till, firm: Firm, chromium: Any, code: str
) -> None:
    path, payment_id, note_id = credited(firm, code)
    context = chromium.new_context(viewport={"width": 320, "height": 568})
    page = context.new_page()
    for end in (f"receipts/{payment_id}", f"credit-notes/{note_id}"):
        page.emulate_media(media="screen")
        page.goto(f"{till.url}{path}/{end}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        page.emulate_media(media="print")
        assert not page.locator(".dock").is_visible() and not page.locator(".languages").is_visible()
        assert page.locator(".total .money").is_visible()
    context.close()

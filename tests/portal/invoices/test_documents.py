"""Documents: their titles, words and scripts; the same invoice gives the same bytes."""

import base64
import io
import re
import unicodedata
from decimal import Decimal

import pytest
from flask.testing import FlaskClient
from pypdf import PdfReader
from pypdf.generic import StreamObject
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.invoices.documents import rules
from portal.invoices.documents.facts import facts_of
from portal.invoices.documents.pdf import render_pdf
from portal.invoices.queries import get_invoice
from portal.organisations.models import Organisation
from portal.taxes.models import Tax
from tests.builders import Firm, make_credit_note, make_invoice, sign_in


@pytest.mark.parametrize(
    ("country", "registered", "buyer", "taxed", "total", "title"),
    [
        ("GB", True, True, True, "100", "vat_invoice"),
        ("GB", False, True, False, "100", "invoice"),
        ("US", True, False, True, "100", "invoice"),
        ("AU", True, False, True, "2000", "tax_invoice"),
        ("SG", True, False, True, "1000", "simplified_tax_invoice"),
        ("SG", True, False, True, "1000.01", "tax_invoice"),
        ("IN", True, True, True, "100", "tax_invoice"),
        ("IN", True, True, False, "100", "bill_of_supply"),
        *((country, True, True, False, "20000", "invoice") for country in ("GB", "AU", "AE", "SA", "ZA", "JP", "SG")),
        ("AE", True, True, True, "10000.01", "tax_invoice"),
        ("AE", True, False, True, "10000.01", "simplified_tax_invoice"),
        ("AE", True, True, True, "10000", "simplified_tax_invoice"),
        ("SA", True, False, True, "1", "tax_invoice"),
        ("SA", True, True, True, "1", "tax_invoice"),
        ("JP", True, True, True, "1", "qualified_invoice"),
    ],
)
def test_the_title_follows_the_law(
    country: str, registered: bool, buyer: bool, taxed: bool, total: str, title: str
) -> None:
    assert title == rules.title_of(
        country, is_registered=registered, buyer_is_registered=buyer, is_taxed=taxed, total=Decimal(total)
    )


def test_only_a_credit_note_of_taxed_lines_is_one_for_tax() -> None:
    assert rules.credit_title_of("AE", is_registered=True, is_taxed=True) == "tax_credit_note"
    assert rules.credit_title_of("AE", is_registered=True, is_taxed=False) == "credit_note"
    assert rules.credit_title_of("AE", is_registered=False, is_taxed=True) == "credit_note"


@pytest.mark.parametrize(
    ("kind", "titled"), [("out_of_scope", "Invoice"), ("exempt", "Invoice"), ("zero", "VAT invoice")]
)
def test_lines_outside_the_tax_alone_make_no_vat_invoice(session: Session, firm: Firm, kind: str, titled: str) -> None:
    organisation = session.get_one(Organisation, firm.organisation_id)
    organisation.tax_number = "GB980780684"
    usual = session.scalars(select(Tax).where(Tax.is_default)).one()
    usual.kind, usual.rates[0].rate = kind, Decimal(0)
    invoice = get_invoice(session, make_invoice(session, firm).id)
    assert facts_of(organisation, invoice)["title"] == titled


def test_every_language_has_every_word() -> None:
    assert {"ar", "de", "en", "es", "fr", "hi", "ja", "pt", "zh"} == set(rules.LANGUAGES)
    assert all(rules.word(key, language) for key in rules.KEYS for language in rules.LANGUAGES)


def test_the_saudi_code_counts_bytes_not_letters() -> None:
    code = base64.b64decode(
        rules.saudi_code("شركة", "310122393500003", "2026-01-02T03:04:05Z", Decimal("115.00"), Decimal("15.00"))
    )
    assert code[:2] == b"\x01\x08" and code[2:10].decode() == "شركة"
    assert code.endswith(b"\x04\x06115.00\x05\x0515.00")


def _text(session: Session, invoice_id: int) -> str:
    organisation = session.get_one(Organisation, get_invoice(session, invoice_id).organisation_id)
    pdf = render_pdf(organisation, get_invoice(session, invoice_id))
    return PdfReader(io.BytesIO(pdf)).pages[0].extract_text()


@pytest.mark.parametrize(
    ("locale", "word"),
    [
        ("en_GB", "VAT invoice"),
        ("de_DE", "Rechnungsdatum"),
        ("hi_IN", "कर"),
        ("ja_JP", "支払期限"),
        ("zh_CN", "到期日"),
    ],
)
def test_it_speaks_the_readers_language_and_can_be_searched(
    session: Session, firm: Firm, locale: str, word: str
) -> None:
    organisation = session.get_one(Organisation, firm.organisation_id)
    organisation.locale, organisation.tax_number = locale, "GB123456789"
    assert word in _text(session, make_invoice(session, firm).id)


def test_the_same_invoice_gives_the_same_bytes(session: Session, firm: Firm) -> None:
    invoice = make_invoice(session, firm)
    organisation = session.get_one(Organisation, invoice.organisation_id)
    first, second = (render_pdf(organisation, get_invoice(session, invoice.id)) for _ in range(2))
    assert first == second


def test_absurd_text_breaks_no_paper(session: Session, firm: Firm) -> None:
    organisation = session.get_one(Organisation, firm.organisation_id)
    organisation.locale = "ar_SA"
    organisation.country = "SA"
    organisation.name = "#panic() \u202e[x] $y$ 🦄 شركة {base}"
    assert "panic" in _text(session, make_invoice(session, firm).id)


def test_a_credit_note_on_paper_names_its_invoice_and_why(client: FlaskClient, session: Session, firm: Firm) -> None:
    note = make_credit_note(session, firm)
    sign_in(client, firm, "administrator")
    first, second = (client.get(f"/credit-notes/{note.id}/credit-note.pdf").data for _ in range(2))
    assert first == second
    said = PdfReader(io.BytesIO(first)).pages[0].extract_text()
    assert all(part in said for part in ("Credit note", note.number, "INV-00001", "The part was faulty", "£235.80"))


@pytest.mark.parametrize(("country", "is_private", "title"), [
    ("SA", True, "simplified_tax_invoice"), ("SA", False, "tax_invoice"), ("AE", False, "simplified_tax_invoice"),
])  # fmt: skip
def test_a_saudi_business_without_a_number_gets_the_full_invoice(country: str, is_private: bool, title: str) -> None:
    """ZATCA: the simplified one is for private persons. UAE, VAT regulation, art. 59: for the unregistered."""
    assert title == rules.title_of(
        country, is_registered=True, buyer_is_registered=False, is_taxed=True, total=Decimal(1),
        buyer_is_private=is_private,
    )  # fmt: skip


def test_an_arabic_paper_does_not_turn_every_line_round(session: Session, firm: Firm) -> None:
    """Chromium's reader takes the direction of the pages for that of the lines, and finds no name nor number then."""
    organisation = session.get_one(Organisation, firm.organisation_id)
    organisation.locale = "ar_AE"
    invoice = make_invoice(session, firm)
    pdf = render_pdf(organisation, get_invoice(session, invoice.id))
    assert PdfReader(io.BytesIO(pdf)).trailer["/Root"].get("/ViewerPreferences", {}).get("/Direction") != "/R2L"


def test_arabic_words_are_found_whole(session: Session, firm: Firm) -> None:
    """Readers turn Arabic round letter by letter: a ligature told as two letters comes out the wrong way (pdfium)."""
    organisation = session.get_one(Organisation, firm.organisation_id)
    organisation.locale = "ar_AE"
    invoice = make_invoice(session, firm)
    pdf = render_pdf(organisation, get_invoice(session, invoice.id))
    paper = PdfReader(io.BytesIO(pdf), strict=True)
    said = unicodedata.normalize("NFKC", paper.pages[0].extract_text())
    assert all(words in said for words in ("إلى", "الاستحقاق", "الإجمالي"))  # lam with alef, and with alef maksura
    maps = [each for each in map(paper.get_object, range(1, int(paper.trailer["/Size"])))
            if isinstance(each, StreamObject) and each.get("/Type") == "/CMap"]  # fmt: skip
    told = "".join(each.get_data().decode("latin-1") for each in maps)
    assert "FEFB>" in told and not re.search("> <0644(0622|0623|0625|0627|0649)>", told)


def test_a_paper_says_arabic_without_short_vowels_but_leaves_names_alone(session: Session, firm: Firm) -> None:
    organisation = session.get_one(Organisation, firm.organisation_id)
    organisation.locale, organisation.name = "ar_AE", "محمّد"
    invoice = get_invoice(session, make_invoice(session, firm, sent=False).id)
    invoice.work_done = "نفّذها Dana"
    facts = facts_of(organisation, invoice)
    assert facts["work"] == "\u2068نفذها Dana\u2069" and facts["firm"]["name"] == "\u2068محمّد\u2069"


def test_columns_that_nothing_stands_in_are_left_out(client: FlaskClient, session: Session, firm: Firm) -> None:
    """A credit note takes back amounts, not quantities at prices."""
    note = make_credit_note(session, firm)
    sign_in(client, firm, "administrator")
    paper = client.get(f"/credit-notes/{note.id}/credit-note.pdf").data
    said = PdfReader(io.BytesIO(paper)).pages[0].extract_text()
    assert "Tax" in said and "Amount" in said and "Quantity" not in said and "Price" not in said


def test_the_firms_number_is_called_what_the_reader_calls_it(session: Session, firm: Firm) -> None:
    organisation = session.get_one(Organisation, firm.organisation_id)
    organisation.locale, organisation.tax_number_label, organisation.tax_number = "fr_FR", "VAT number", "GB980780684"
    facts = facts_of(organisation, get_invoice(session, make_invoice(session, firm).id))
    assert facts["firm"]["tax_number"] == "N° de TVA GB980780684"


def test_hindi_syllables_are_told_whole_beside_their_shapes(session: Session, firm: Firm) -> None:
    """A vowel sign may stand before the letter that it follows: no map of single shapes can say so. Readers that know
    ActualText (tried: pdfium, mupdf, poppler) find the words; who goes by shapes alone (pypdf, pdfminer) does not."""
    organisation = session.get_one(Organisation, firm.organisation_id)
    organisation.locale = "hi_IN"
    pdf = render_pdf(organisation, get_invoice(session, make_invoice(session, firm).id))
    told = PdfReader(io.BytesIO(pdf)).pages[0].get_contents()
    assert told is not None
    for syllable in ("शि", "त्रा", "वि"):  # of राशि, मात्रा and विवरण
        assert f"ActualText<FEFF{syllable.encode('utf-16-be').hex().upper()}>".encode() in told.get_data()

"""Amounts in words, in each language that a document can be written in."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.invoices.documents.in_words import amount_in_words
from portal.invoices.documents.rules import LANGUAGES, law_of
from portal.shared.money import decimals_of
from portal.taxes.regions import packs

CURRENCIES = {"IN": "INR", "AE": "AED", "SA": "SAR", "KW": "KWD", "BH": "BHD", "OM": "OMR", "QA": "QAR", "MX": "MXN"}


@pytest.mark.parametrize(
    ("amount", "currency", "language", "words"),
    [
        ("123456.50", "INR", "en",
         "One lakh, twenty-three thousand, four hundred and fifty-six rupees and fifty paise only"),
        ("12345678.05", "INR", "hi", "एक करोड़ तेईस लाख पैंतालीस हज़ार छह सौ अठहत्तर रुपये और पाँच पैसे मात्र"),
        ("115.00", "SAR", "en", "One hundred and fifteen riyals only"),
        ("115.00", "SAR", "ar", "فقط مائة و خمسة عشر ريال سعودي لا غير"),
        ("1.005", "KWD", "en", "One dinar and five fils only"),
        ("1250.75", "AED", "fr", "Mille deux cent cinquante dirhams et soixante-quinze fils"),
        ("21.01", "AED", "de", "Einundzwanzig Dirham und ein Fils"),
        ("1160.00", "MXN", "es", "Mil ciento sesenta pesos 00/100 M.N."),
        ("1.00", "MXN", "es", "Un peso 00/100 M.N."), ("121.50", "MXN", "es", "Ciento veintiún pesos 50/100 M.N."),
        ("31.00", "MXN", "es", "Treinta y un pesos 00/100 M.N."),
        ("1000000.00", "MXN", "es", "Un millón de pesos 00/100 M.N."),
        ("1160.10", "MXN", "en", "One thousand, one hundred and sixty pesos and ten centavos only"),
        ("201.00", "INR", "es", "Doscientas una rupias"), ("1.00", "INR", "de", "Eine Rupie"),
        ("21.00", "INR", "fr", "Vingt et une roupies"),
        ("1200002.00", "INR", "pt", "Um milhão duzentas mil e duas rupias"),
        ("2.50", "INR", "pt", "Duas rupias e cinquenta paisas"), ("123.00", "INR", "ja", "百二十三ルピー"),
        ("10203.04", "INR", "zh", "壹万零贰佰零叁印度卢比肆派萨"), ("100000.00", "AED", "zh", "壹拾万迪拉姆整"),
        ("1000100.00", "AED", "zh", "壹佰万零壹佰迪拉姆整"), ("0.00", "AED", "zh", "零迪拉姆整"),
        ("1.00", "GBP", "en", ""),
    ],
)  # fmt: skip
def test_amounts_in_words(amount: str, currency: str, language: str, words: str) -> None:
    assert amount_in_words(Decimal(amount), currency, language) == words


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("country", sorted(CURRENCIES))
def test_every_country_that_wants_words_has_them_in_every_language(country: str, language: str) -> None:
    assert law_of(country)["in_words"]
    amount = Decimal(1234567).scaleb(-decimals_of(CURRENCIES[country]))
    assert amount_in_words(amount, CURRENCIES[country], language)


def test_no_other_country_asks_for_words() -> None:
    assert {country for country in packs() if law_of(country).get("in_words")} == set(CURRENCIES)


@given(st.integers(0, 10**11), st.sampled_from(["hi", "zh", "en", "ar", "es"]))
def test_different_amounts_have_different_words(minor: int, language: str) -> None:
    one, next_to_it = (amount_in_words(Decimal(each).scaleb(-2), "INR", language) for each in (minor, minor + 1))
    assert one and one != next_to_it

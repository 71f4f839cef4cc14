"""Amounts as each language and country writes them, whatever decimals the currency has."""

import pytest

from portal.shared import formats
from portal.shared.money import Money
from portal.shared.phrases import LANGUAGES

SPACE = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("minor", "currency", "locale", "written"),
    [
        (1234567, "JPY", "ja_JP", "￥1,234,567"),
        (1234567, "JPY", "de_DE", f"1.234.567{SPACE}¥"),
        (1234567, "JPY", "en_GB", "JP¥1,234,567"),
        (1234567, "KWD", "en_GB", f"KWD{SPACE}1,234.567"),
        (-1234567, "KWD", "ar_KW", f"-1,234.567{SPACE}د.ك."),
        (123456, "AED", "en_GB", f"AED{SPACE}1,234.56"),
        (123456, "GBP", "en_GB", "£1,234.56"),
        (123456, "CHF", "de_CH", f"CHF{SPACE}1’234.56"),
        (123456, "MXN", "es_MX", "$1,234.56"),
    ],
)
def test_an_amount_is_written_as_its_readers_write_it(minor: int, currency: str, locale: str, written: str) -> None:
    """CLDR's pattern with our own decimals, and a space between a code and a figure (CLDR, currency spacing)."""
    assert formats.money(Money(minor, currency), locale) == written


@pytest.mark.parametrize(
    ("language", "firm", "country", "locale"),
    [
        ("es", "en_GB", "MX", "es_MX"),
        ("de", "en_GB", "CH", "de_CH"),
        ("es", "en_GB", "GB", "es"),
        ("en", "de_DE", "DE", "en_GB"),
        ("de", "de_AT", "CH", "de_AT"),
    ],
)
def test_figures_follow_the_firms_country_in_the_customers_language(
    language: str, firm: str, country: str, locale: str
) -> None:
    assert LANGUAGES[language].locale(firm, country) == locale


@pytest.mark.parametrize(
    ("typed", "currency", "locale", "figures"),
    [
        ("£50", "GBP", "en_GB", "50"), ("50 £", "GBP", "de_DE", "50"), ("gbp 50", "GBP", "en_GB", "50"),
        ("50,00 €", "EUR", "de_DE", "50,00"), ("€50", "EUR", "en_IE", "50"), ("50 EUR", "EUR", "ar_AE", "50"),
        ("$50", "USD", "en_US", "50"), ("$50", "CAD", "en_CA", "50"), ("CA$50", "CAD", "en_US", "50"),
        ("50 $US", "USD", "fr_FR", "50"), ("$50", "USD", "fr_FR", "50"), ("US$50", "USD", "en_CA", "50"),
        ("50 kr", "DKK", "da_DK", "50"), ("\u200f50 د.إ.\u200f", "AED", "ar_AE", "50"), ("50", "GBP", "en_GB", "50"),
        ("¥5000", "JPY", "en_GB", "5000"), ("￥5000", "JPY", "ja_JP", "5000"),
        ("$50", "USD", "en_CA", "$50"), ("$50", "CAD", "en_US", "$50"), ("€50", "GBP", "en_GB", "€50"),
        ("USD 50", "GBP", "en_GB", "USD 50"), ("fifty", "GBP", "en_GB", "fifty"), ("", "GBP", "en_GB", ""),
    ],
)  # fmt: skip
def test_an_amount_may_carry_its_own_sign_and_no_other(typed: str, currency: str, locale: str, figures: str) -> None:
    assert formats.without_sign(typed, currency, locale) == figures

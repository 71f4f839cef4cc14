"""What an e-invoice tells in parts: addresses, and units by their code."""

import pytest

from portal.invoices.e_invoice.addresses import Address, parted
from portal.invoices.e_invoice.units import unit_code


@pytest.mark.parametrize(
    ("lines", "country", "parts"),
    [
        (["4 Canal Wharf", "Leeds LS11 5PU"], "GB", Address(("4 Canal Wharf",), "Leeds", "LS11 5PU")),
        (["4 Canal Wharf", "Leeds", "LS11 5PU"], "GB", Address(("4 Canal Wharf",), "Leeds", "LS11 5PU")),
        (["1234 High St", "Leeds"], "GB", Address(("1234 High St", "Leeds"))),
        (["Hof 2", "Hauptstr. 5", "10115 Berlin", "Deutschland"], "DE",
         Address(("Hof 2", "Hauptstr. 5", "Deutschland"), "Berlin", "10115")),
        (["8 rue du Bac", "75007 Paris Cedex 07"], "FR", Address(("8 rue du Bac",), "Paris Cedex 07", "75007")),
        (["Rua Augusta 1", "1000-001 Lisboa"], "PT", Address(("Rua Augusta 1",), "Lisboa", "1000-001")),
        (["Dam 1", "1012 JS Amsterdam"], "NL", Address(("Dam 1",), "Amsterdam", "1012 JS")),
        (["1 Grafton St", "Dublin 2, D02 X285"], "IE", Address(("1 Grafton St",), "Dublin 2", "D02 X285")),
        (["Hlavní 3", "110 00 Praha"], "CZ", Address(("Hlavní 3",), "Praha", "110 00")),
        (["12345 Elm St", "Springfield, IL 62701"], "US", Address(("12345 Elm St", "Springfield, IL 62701"))),
        (["10115"], "DE", Address(("10115",))),
        ([], "DE", Address(())),
    ],
)  # fmt: skip
def test_an_address_in_lines_is_told_in_parts(lines: list[str], country: str, parts: Address) -> None:
    assert parted(lines, country) == parts


@pytest.mark.parametrize(
    ("written", "code"),
    [("h", "HUR"), ("Std.", "HUR"), ("Hours", "HUR"), ("day", "DAY"), ("m", "MTR"), ("km", "KMT"), ("kg", "KGM"),
     ("sq m", "MTK"), ("m²", "MTK"), ("l", "LTR"), ("Stk.", "H87"), ("pcs", "H87"), ("", "C62"), ("visit", "C62")],
)  # fmt: skip
def test_a_unit_is_told_by_its_code(written: str, code: str) -> None:
    assert unit_code(written) == code

"""What tax lines say is told in each language; what the firm wrote itself stays as it is."""

import ast
import json
import re
from pathlib import Path

import pytest

from portal.shared.formats import decimal_mark_of
from portal.shared.languages import written_in
from portal.taxes import determination, regions, wording
from portal.taxes.regions.standing import exemptions_of
from portal.taxes.wording import parted, told_in, tongue

FOLDER = Path(wording.__file__).parent
FOREIGN = ("ar", "de", "es", "fr", "hi", "ja", "pt", "zh")
# Proper names, the same in each language.
NAMES = re.compile(
    r"(?:[CSI]?GST|[HQPR]ST|IVA|MVA|GST \+ [A-Z]+)(?: ?[\d.]+%?)?(?: [A-Z]{2})?|Ontario|Quebec|Manitoba|Saskatchewan"
    r"|British Columbia|New Brunswick|Nova Scotia|Newfoundland and Labrador|Prince Edward Island"
)


def words_in(language: str) -> dict[str, str]:
    return dict(json.loads((FOLDER / f"{language}.json").read_text("utf-8")))


@pytest.mark.parametrize("language", FOREIGN)
def test_each_language_has_every_sentence_with_the_same_things_filled_in(language: str) -> None:
    words = words_in(language)
    assert set(words) == set(words_in("de")) >= set(words_in("en"))
    for key, said in words.items():
        assert sorted(re.findall(r"{\w+}", said)) == sorted(re.findall(r"{\w+}", key)), key


def test_every_tax_and_every_exemption_that_a_firm_begins_with_has_its_words() -> None:
    packs = regions.packs().values()
    taxes = [tax for pack in packs for tax in [*pack["taxes"], *pack.get("groups", ())]]
    exemptions = [name for country in regions.packs() for names in exemptions_of(country).values() for name in names]
    said = {tax["name"] for tax in taxes} | {tax.get("why", "") for tax in taxes} | set(exemptions)
    assert [each for each in sorted(said) if each and not NAMES.fullmatch(each) and not _is_told(each)] == []


def test_what_a_firms_tax_number_is_called_has_its_words_unless_it_is_a_name_of_its_own() -> None:
    called = {pack["tax_number_label"] for pack in regions.packs().values()}
    own = {"ABN", "EIN", "GSTIN", "KRA PIN", "RFC", "UID-Nr.", "USt-IdNr."}
    assert {each for each in called if told_in("ar", each) == each} == own


def test_every_sentence_that_the_rules_say_has_its_words() -> None:
    said = [text for path in Path(determination.__file__).parent.glob("*.py") for text in _sentences(path)]
    assert len(said) > 20
    assert [each for each in said if not _is_told(each)] == []


def _sentences(path: Path) -> list[str]:
    """What is given as the reason to Determined, _usual or _of_kind, or as why; "X" where names are filled in."""
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id in ("Determined", "_usual", "_of_kind"):
                found += [text for each in node.args[1:] for text in _texts(each) if text not in _KINDS]
            found += [text for each in node.keywords if each.arg == "why" for text in _texts(each.value)]
    return found


_KINDS = ("zero", "reverse_charge", "out_of_scope", "")


def _texts(node: ast.AST) -> list[str]:
    if isinstance(node, ast.IfExp):
        return [*_texts(node.body), *_texts(node.orelse)]
    if isinstance(node, ast.Constant):
        return [str(node.value)]
    if isinstance(node, ast.JoinedStr):
        told: list[str] = [""]
        for part in node.values:
            said = _texts(part.value) or ["X"] if isinstance(part, ast.FormattedValue) else _texts(part)
            told = [before + after for before in told for after in said]
        return told
    return []


def _is_told(said: str) -> bool:
    """Anything may stand in place of a whole sentence's names."""
    if said in ("X: X", "inter-state: X", "customer X"):  # two sentences each, in the table below
        return True
    return all(told_in(language, said) != said for language in ("ar", "ja", "zh"))


@pytest.mark.parametrize(
    ("said", "language", "told"),
    [
        ("VAT 19%", "de", "USt 19 %"),
        ("VAT 5.5%", "fr", "TVA 5,5 %"),
        ("Consumption tax 8%", "ja", "消費税 8%"),
        ("Umsatzsteuer 19 %", "ja", "Umsatzsteuer 19 %"),
        ("Our own tax", "de", "Our own tax"),
        ("standard rate", "hi", "मानक दर"),
        ("reverse charge: VAT-registered in Austria", "fr", "autoliquidation : assujetti à la TVA (Autriche)"),
        ("inter-state: Maharashtra → Karnataka", "hi", "अंतर-राज्य: महाराष्ट्र → कर्नाटक"),
        ("GCC customer, supplied in Saudi Arabia", "de", "Kunde im Golf-Kooperationsrat, Lieferort: Saudi-Arabien"),
        ("customer exempt: Diplomatic mission, certificate A-1", "es",
         "cliente exento: misión diplomática, certificado A-1"),
        ("customer exempt: friend of the house", "de", "Kunde befreit: friend of the house"),
        ("exemption certificate expired on 2020-12-31 (VAT 5.5%)", "fr",
         "attestation d’exonération expirée le 31 décembre 2020 (TVA 5,5 %)"),
        ("exemption certificate expired on 2020-12-31 (standard rate)", "en",
         "exemption certificate expired on 31 December 2020 (standard rate)"),
        ("exemption certificate expired on 2020-99-99 (ours)", "de",
         "Befreiungsbescheinigung am 2020-99-99 abgelaufen (ours)"),
        ("chosen: our {word} <b>", "de", "gewählt: our {word} <b>"),
        ("inter-state: supply to a special economic zone", "zh", "跨邦：向经济特区供应"),
        ("customer VAT-registered in the EU", "zh", "客户在欧盟登记增值税"),
        ("customer overseas", "zh", "海外客户"),
        ("not taxable: Disbursement", "zh", "不征税：代垫款项"),
        ("tasa general", "en", "general rate"),
        ("tasa general", "es", "tasa general"),
        ("standard rate", "en", "standard rate"),
        ("GST/HST number", "fr", "N° de TPS/TVH"),
        ("GSTIN", "de", "GSTIN"),
    ],
)  # fmt: skip
def test_it_is_told_in_the_readers_language(said: str, language: str, told: str) -> None:
    assert told_in(language, said, mark="," if language == "fr" else ".") == told


def test_what_others_wrote_keeps_its_own_direction_in_arabic() -> None:
    assert "\u2068Smith & Co\u2069" in told_in("ar", "customer exempt: Smith & Co")
    assert told_in("ar", "intra-state: Dubai").endswith("\u2068دبي\u2069")


@pytest.mark.parametrize("path", sorted((FOLDER / "countries").glob("*.json")), ids=lambda path: path.stem)
def test_a_countrys_own_words_have_the_same_things_filled_in(path: Path) -> None:
    for key, said in json.loads(path.read_text("utf-8")).items():
        assert sorted(re.findall(r"{\w+}", said)) == sorted(re.findall(r"{\w+}", key)), key


@pytest.mark.parametrize(
    ("language", "country", "said", "told"),
    [
        ("de", "DE", "VAT 19%", "USt 19 %"),
        ("de", "AT", "VAT 20%", "USt 20 %"),
        ("de", "CH", "VAT 8.1%", "MWST 8.1 %"),
        ("de", "LI", "VAT 8.1%", "MWST 8.1 %"),
        ("de", "LI", "VAT number", "MWST-Nr."),
        ("de", "CH", "building outside the EU: Japan", "Gebäude ausserhalb der EU: Japan"),
        ("de", "CH", "Out of scope", "Nicht steuerbar"),
        ("fr", "CH", "VAT 8.1%", "TVA 8,1 %"),
        ("en", "CH", "VAT 8.1%", "VAT 8.1%"),
        ("de", "BE", "VAT 21%", "MwSt 21 %"),
        ("de", "LU", "VAT 17%", "MwSt 17 %"),
        ("de", "IT", "VAT 22%", "MwSt 22 %"),
        ("fr", "LU", "VAT 17%", "TVA 17 %"),
        ("fr", "CA", "GST 5 %", "TPS 5 %"),
        ("fr", "CA", "QST 9.975 %", "TVQ 9,975 %"),
        ("fr", "CA", "GST + QST", "TPS + TVQ"),
        ("fr", "CA", "HST ON 13 %", "TVH ON 13 %"),
        ("fr", "CA", "GST + PST BC", "TPS + TVP BC"),
        ("fr", "CA", "Nova Scotia", "Nouvelle-Écosse"),
        ("fr", "CA", "Zero-rated", "Détaxé"),
        ("fr", "CA", "GST/HST number", "N° de TPS/TVH"),
        ("de", "CA", "HST ON 13 %", "HST ON 13 %"),
        ("en", "CA", "GST + QST", "GST + QST"),
        ("fr", "AU", "GST 10%", "GST 10%"),
        ("zh", "NZ", "GST 15%", "GST 15%"),
        ("es", "MX", "IVA 16%", "IVA 16%"),
        ("fr", "MX", "IVA 16%", "IVA 16%"),
        ("ja", "JP", "Consumption tax 10%", "消費税 10%"),
        ("ar", "AE", "VAT 5%", "ضريبة القيمة المضافة 5%"),
        ("ar", "SA", "VAT 15%", "ضريبة القيمة المضافة 15%"),
    ],
)  # fmt: skip
def test_a_tax_is_called_what_the_firms_country_calls_it(language: str, country: str, said: str, told: str) -> None:
    mark = decimal_mark_of(written_in(language, country) or language)
    assert told_in(tongue(language, country), said, mark=mark) == told


@pytest.mark.parametrize(
    ("words", "tax", "why"),
    [
        ("VAT 20%, standard rate", "VAT 20%", "standard rate"),
        ("VAT 0%, GCC customer, supplied in Oman", "VAT 0%", "GCC customer, supplied in Oman"),
        (
            "Sales tax Rochester, NY, tax of the service address",
            "Sales tax Rochester, NY",
            "tax of the service address",
        ),
        ("not registered for tax", "", "not registered for tax"),
        ("Tax of ours, because we say so", "Tax of ours", "because we say so"),
        ("", "", ""),
    ],
)
def test_a_tax_and_its_reason_are_told_apart(words: str, tax: str, why: str) -> None:
    assert parted(words) == (tax, why)

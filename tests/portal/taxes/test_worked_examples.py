"""Worked examples of tax offices, of Zoho and of accountants, each with its source: (document, what must come out)."""

from typing import Any

import pytest

from portal.taxes.reckoning_file import breakdown_of

HMRC = "HMRC VATREC12010"
ZOHO_OVERRIDE = "Zoho Books help, tax override"
ZOHO_ROUND_OFF = "Zoho FSM help, rounding off preferences"
INDIA = "caclubindia, question 421372"
AUSTRALIA = "A New Tax System (Goods and Services Tax) Act 1999, s 9-90"
PROBE = "TAX.md §2, to be probed against Zoho: our side of it"
JAPAN = "Japan's National Tax Agency: one rounding per invoice and rate"


def _line(price: str, *taxes: tuple[str, str], quantity: str = "1", **more: Any) -> dict[str, Any]:
    bears = [{"name": name, "rate": rate} for name, rate in taxes]
    return {"quantity": quantity, "unit_price": price, "taxes": bears, **more}


def _document(*lines: dict[str, Any], currency: str = "GBP", **more: Any) -> dict[str, Any]:
    return {"currency": currency, "lines": list(lines), **more}


VAT, GST10, HALVES, IGST = ("VAT", "20"), ("GST", "10"), (("CGST", "9"), ("SGST", "9")), ("IGST", "18")
TWO = (_line("123.45", GST10), _line("123.46", GST10))
OF_THREE = [_line(price, ("T", "4")) for price in ("20", "10", "5")]
TDS = {"name": "TDS", "rate": "1", "kind": "withholding"}
BILL = _line("45000", ("GST", "18"))
REVERSE = {"name": "Domestic reverse charge", "rate": "20", "kind": "reverse_charge"}
NOT_IN_FORCE = {"name": "No tax", "rate": "0", "kind": "out_of_scope"}
FIFTHS = [_line("105", ("JCT", "8")), _line("105", ("JCT", "8")), _line("98", ("JCT", "10"))]
NICKEL = _line("0.05", GST10)
UNTAXED = _line("20.63")

EXAMPLES: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("India, within a state: the halves are rounded by themselves", INDIA,
     _document(_line("635.25", *HALVES), currency="INR"),
     {"taxes_by_name": {"CGST": "57.17", "SGST": "57.17"}, "tax_total": "114.34"}),
    ("India, between states", INDIA, _document(_line("635.25", IGST), currency="INR"), {"tax_total": "114.35"}),
    ("Zoho: tax on the whole", ZOHO_OVERRIDE, _document(*TWO, currency="CAD"), {"tax_total": "24.69"}),
    ("Zoho: tax per line", ZOHO_OVERRIDE, _document(*TWO, currency="CAD", rounding="line"), {"tax_total": "24.70"}),
    ("Zoho: half goes up", ZOHO_OVERRIDE, _document(_line("12.345"), currency="CAD"), {"total": "12.35"}),
    ("Zoho FSM: tax inside, on the document", "Zoho FSM help, tax settings",
     _document(*OF_THREE, currency="USD", price_includes_tax=True),
     {"tax_total": "1.35", "subtotal": "33.65", "total": "35.00"}),
    ("Zoho FSM: tax inside, per line", "Zoho FSM help, tax settings",
     _document(*OF_THREE, currency="USD", price_includes_tax=True, rounding="line"), {"tax_total": "1.34"}),
    ("Zoho: the line is rounded before it is taxed", "Zoho community, tax calculation based on actual price",
     _document(_line("54.54545", GST10), currency="AUD"),
     {"line_totals": ["54.55"], "tax_total": "5.46", "total": "60.01"}),
    ("Zoho: total to the whole", ZOHO_ROUND_OFF, _document(UNTAXED, round_total_to="1"),
     {"rounding_adjustment": "0.37", "total": "21.00"}),
    ("Zoho: total to the half", ZOHO_ROUND_OFF, _document(UNTAXED, round_total_to="0.50"),
     {"rounding_adjustment": "-0.13", "total": "20.50"}),
    ("Zoho: total to the quarter", ZOHO_ROUND_OFF, _document(UNTAXED, round_total_to="0.25"), {"total": "20.75"}),
    ("Zoho: a group has no amount of its own", "live sales order SO-00001",
     _document(_line("464", ("CGST2.5", "2.5"), ("SGST2.5", "2.5")), currency="INR"),
     {"taxes_by_name": {"CGST2.5": "11.60", "SGST2.5": "11.60"}, "total": "487.20"}),
    ("Zoho: a bill with tax deducted at source", "live bill", _document(
        {**BILL, "taxes": [*BILL["taxes"], TDS]}, currency="INR"),
     {"subtotal": "45000.00", "tax_total": "8100.00", "total": "53100.00", "withholding": "-450.00",
      "amount_due": "52650.00"}),
    ("Quebec: QST on the price without GST", "Revenu Québec, basic rules (since 2013)",
     _document(_line("100", ("GST", "5"), ("QST", "9.975")), currency="CAD"),
     {"taxes_by_name": {"GST": "5.00", "QST": "9.98"}, "total": "114.98"}),
    ("Quebec before 2013: QST on the price with GST", "Revenu Québec", _document({
        "quantity": "1", "unit_price": "100", "taxes": [
            {"name": "GST", "rate": "5"}, {"name": "QST", "rate": "9.5", "compound": True, "base_includes": ["GST"]}],
     }, currency="CAD"), {"taxes_by_name": {"GST": "5.00", "QST": "9.98"}, "total": "114.98"}),
    ("Australia: a price with GST holds one eleventh", AUSTRALIA,
     _document(_line("110", GST10), currency="AUD", price_includes_tax=True),
     {"tax_total": "10.00", "subtotal": "100.00"}),
    ("Australia: half a cent goes up", AUSTRALIA, _document(_line("0.05", GST10), currency="AUD"),
     {"tax_total": "0.01"}),
    ("New Zealand: half a cent may be dropped", "Goods and Services Tax Act 1985, s 19O",
     _document(_line("0.10", ("GST", "15")), currency="NZD", rounding_mode="half_down"), {"tax_total": "0.01"}),
    ("Japan: one rounding for each rate, down", JAPAN,
     _document(*FIFTHS, currency="JPY", rounding_mode="down"),
     {"taxes_by_name": {"JCT": "25"}, "subtotal": "308", "total": "333"}),
    ("United Kingdom: half a penny goes up", HMRC, _document(_line("0.025", VAT, quantity="1")), {"tax_total": "0.01"}),
    ("United Kingdom: reverse charge is stated, not added", "HMRC, domestic reverse charge", _document(
        {"quantity": "1", "unit_price": "1000", "taxes": [REVERSE]}),
     {"taxes_by_name": {"Domestic reverse charge": "0.00"}, "tax_total": "0.00", "total": "1000.00"}),
    ("Germany: a gross price", "UStDV § 35", _document(
        _line("119", ("MwSt", "19")), currency="EUR", price_includes_tax=True), {"tax_total": "19.00"}),
    ("Emirates: 5 % to the fils", "Zoho UAE help", _document(_line("99.99", ("VAT", "5")), currency="AED"),
     {"tax_total": "5.00", "total": "104.99"}),
    ("Saudi Arabia: per category on the document", "ZATCA, as EN 16931",
     _document(_line("0.05", ("VAT", "15")), _line("0.05", ("VAT", "15")), currency="SAR"), {"tax_total": "0.02"}),
    ("Bahrain: three decimals", "ISO 4217", _document(_line("1.235", ("VAT", "10")), currency="BHD"),
     {"tax_total": "0.124", "total": "1.359"}),
    ("Oman: 5 % to the baisa", "ISO 4217", _document(_line("12.345", ("VAT", "5")), currency="OMR"),
     {"tax_total": "0.617", "total": "12.962"}),
    ("Kuwait and Qatar: no tax in force", "TAX.md §1.2", _document({**_line("12.345"), "taxes": [NOT_IN_FORCE]},
     currency="KWD"), {"tax_total": "0.000", "total": "12.345"}),
    ("United States: to the third decimal, then half up", "Streamlined Sales and Use Tax Agreement, s 324",
     _document(_line("235.80", ("Sales tax", "8.875")), currency="USD"), {"tax_total": "20.93", "total": "256.73"}),
    ("South Africa", "Zoho South Africa help", _document(_line("100", ("VAT", "15")), currency="ZAR"),
     {"total": "115.00"}),
    ("Singapore: a price with GST", "Zoho Singapore help",
     _document(_line("109", ("GST", "9")), currency="SGD", price_includes_tax=True), {"tax_total": "9.00"}),
    ("Switzerland: to five centimes", "cash rounding of the franc",
     _document(_line("19.90", ("MWST", "8.1")), currency="CHF", round_total_to="0.05"),
     {"tax_total": "1.61", "rounding_adjustment": "-0.01", "total": "21.50"}),
    ("Malaysia: service tax", "Royal Malaysian Customs", _document(_line("100", ("SST", "8")), currency="MYR"),
     {"total": "108.00"}),
    ("Kenya", "Value Added Tax Act", _document(_line("100", ("VAT", "16")), currency="KES"), {"total": "116.00"}),
    ("Mexico: withheld two thirds of IVA", "CFDI: total = subtotal + transferred - withheld", _document(
        {"quantity": "1", "unit_price": "1000", "taxes": [
            {"name": "IVA", "rate": "16"}, {"name": "IVA ret.", "rate": "10.6667", "kind": "withholding"},
            {"name": "ISR ret.", "rate": "10", "kind": "withholding"}]}, currency="MXN"),
     {"total": "1160.00", "withholding": "-206.67", "amount_due": "953.33"}),
    ("A discount before tax lowers the tax", "Zoho FSM help, types of discounts",
     _document(_line("100", VAT), document_discount={"type": "percent", "value": "10", "applied": "before_tax"}),
     {"discount": "10.00", "subtotal": "90.00", "tax_total": "18.00", "total": "108.00"}),
    ("A discount after tax leaves it", "Zoho FSM help, types of discounts",
     _document(_line("100", VAT), document_discount={"type": "percent", "value": "10", "applied": "after_tax"}),
     {"discount": "12.00", "tax_total": "20.00", "total": "108.00"}),
    ("Half a cent twice, rounded once", PROBE, _document(NICKEL, NICKEL), {"tax_total": "0.01", "total": "0.11"}),
    ("Half a cent twice, rounded on each line", PROBE, _document(NICKEL, NICKEL, rounding="line"),
     {"tax_total": "0.02", "total": "0.12"}),
    ("A line's discount is rounded, not what is left", PROBE,
     _document({**NICKEL, "discount_percent": "10"}), {"line_totals": ["0.04"], "total": "0.04"}),
    ("With tax inside, tax is rounded first", PROBE,
     _document(_line("52.50", ("VAT", "12")), price_includes_tax=True), {"tax_total": "5.63", "subtotal": "46.87"}),
    ("Three of a group, each by itself", PROBE, _document(_line("1.50", ("A", "3.33"), ("B", "3.33"), ("C", "3.33"))),
     {"taxes_by_name": {"A": "0.05", "B": "0.05", "C": "0.05"}, "total": "1.65"}),
    ("A fee for each piece, with VAT on top of it", "the arithmetic's own", _document({
        "quantity": "3", "unit_price": "10", "taxes": [
            {"name": "Eco fee", "rate": "0.25", "kind": "fixed_per_unit"},
            {"name": "VAT", "rate": "20", "compound": True, "base_includes": ["Eco fee"]}]}),
     {"taxes_by_name": {"Eco fee": "0.75", "VAT": "6.15"}, "total": "36.90"}),
    ("The same, inside the price", "the arithmetic's own", _document({
        "quantity": "1", "unit_price": "36.90", "taxes": [
            {"name": "Eco fee", "rate": "0.75", "kind": "fixed_per_unit"},
            {"name": "VAT", "rate": "20", "compound": True}]}, price_includes_tax=True),
     {"taxes_by_name": {"Eco fee": "0.75", "VAT": "6.15"}, "subtotal": "30.00", "total": "36.90"}),
]  # fmt: skip


@pytest.mark.parametrize(("document", "expected"), [one[2:] for one in EXAMPLES], ids=[one[0] for one in EXAMPLES])
def test_the_worked_example_comes_out(document: dict[str, Any], expected: dict[str, Any]) -> None:
    found = breakdown_of(document)
    assert {name: found[name] for name in expected} == expected


def test_every_example_names_its_source() -> None:
    assert all(source for _, source, _, _ in EXAMPLES)

"""The EN 16931 files: the standard's own rules over generated invoices, by a checker that reads only the XML."""

from collections import defaultdict
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from xml.etree import ElementTree

import facturx
import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from portal.invoices.e_invoice import making, rules
from portal.invoices.e_invoice.cii import cii_invoice
from portal.invoices.e_invoice.ubl import ubl_invoice
from portal.organisations.models import Organisation
from portal.taxes.arithmetic import Charge, Discount, Line, LineTax, Policy, reckon
from tests.builders import Firm, make_invoice, sign_in

TAXES = [
    LineTax("1", "VAT 20%", Decimal(20)), LineTax("2", "VAT 5%", Decimal(5)),
    LineTax("3", "VAT 0%", Decimal(0), "zero"), LineTax("4", "Exempt", Decimal(0), "exempt"),
    LineTax("5", "Reverse charge", Decimal(20), "reverse_charge"),
]  # fmt: skip
NAMES = {
    "cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
}
CENT = Decimal("0.01")
amounts = st.integers(1, 500_000).map(lambda cents: Decimal(cents) * CENT)
lines = st.builds(
    Line, quantity=st.integers(1, 4000).map(lambda q: Decimal(q) / 100), unit_price=amounts,
    taxes=st.sampled_from(TAXES).map(lambda tax: (tax,)),
)  # fmt: skip
discounts = st.none() | st.integers(1, 90).map(lambda p: Discount("percent", Decimal(p)))
charges = st.lists(amounts.map(lambda amount: Charge(amount, (TAXES[0],))), max_size=1)


def _header() -> rules.Header:
    seller = rules.Party("A & B <Heating>", "GB", ("1 High St",), "GB123456789")
    buyer = rules.Party("Käufer ]]> GmbH", "DE", (), "DE123456789")
    return rules.Header("INV-1", date(2026, 1, 2), date(2026, 2, 1), "GBP", seller, buyer)


@st.composite
def e_invoices(draw: st.DrawFn) -> rules.EInvoice:
    chosen = draw(st.lists(lines, min_size=1, max_size=6))
    includes_tax = draw(st.booleans())
    breakdown = reckon(
        chosen, Policy("GBP", price_includes_tax=includes_tax), discount=draw(discounts), charges=draw(charges)
    )
    printed = [rules.PrintedLine(f"Line {n}", "", one.quantity, one.taxes[0].key) for n, one in enumerate(chosen)]
    return rules.e_invoice(_header(), printed, breakdown, includes_tax=includes_tax, paid=Decimal("0.00"))


def _money(at: ElementTree.Element, path: str) -> Decimal:
    return Decimal(at.findtext(path, "0", NAMES))


@settings(max_examples=60, deadline=None)
@given(e_invoices())
def test_ubl_obeys_the_rules_of_the_standard(invoice: rules.EInvoice) -> None:
    root = ElementTree.fromstring(ubl_invoice(invoice))
    total = root.find("cac:LegalMonetaryTotal", NAMES)
    assert total is not None
    line_sum, net = _money(total, "cbc:LineExtensionAmount"), _money(total, "cbc:TaxExclusiveAmount")
    gross, tax = _money(total, "cbc:TaxInclusiveAmount"), _money(root, "cac:TaxTotal/cbc:TaxAmount")
    less, more = _money(total, "cbc:AllowanceTotalAmount"), _money(total, "cbc:ChargeTotalAmount")
    bases: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    line_nets = Decimal(0)
    for line in root.findall("cac:InvoiceLine", NAMES):
        category = line.find("cac:Item/cac:ClassifiedTaxCategory", NAMES)
        line_nets += _add(bases, category, _money(line, "cbc:LineExtensionAmount"))
    found = {"true": Decimal(0), "false": Decimal(0)}
    for extra in root.findall("cac:AllowanceCharge", NAMES):
        which = extra.findtext("cbc:ChargeIndicator", "", NAMES)
        amount = _money(extra, "cbc:Amount")
        _add(bases, extra.find("cac:TaxCategory", NAMES), amount if which == "true" else -amount)
        found[which] += amount
    rows = root.findall("cac:TaxTotal/cac:TaxSubtotal", NAMES)
    assert line_nets == line_sum  # BR-CO-10
    assert (found["false"], found["true"]) == (less, more)  # BR-CO-11, BR-CO-12
    assert net == line_sum - less + more  # BR-CO-13
    assert tax == sum(_money(row, "cbc:TaxAmount") for row in rows)  # BR-CO-14
    assert gross == net + tax  # BR-CO-15
    paid, rounding = _money(total, "cbc:PrepaidAmount"), _money(total, "cbc:PayableRoundingAmount")
    assert _money(total, "cbc:PayableAmount") == gross - paid + rounding  # BR-CO-16
    for row in rows:
        _check_row(row, bases)


def _add(bases: dict[tuple[str, str], Decimal], category: ElementTree.Element | None, amount: Decimal) -> Decimal:
    assert category is not None
    bases[_key(category)] += amount
    return amount


def _key(category: ElementTree.Element) -> tuple[str, str]:
    return category.findtext("cbc:ID", "", NAMES), category.findtext("cbc:Percent", "", NAMES)


def _check_row(row: ElementTree.Element, bases: dict[tuple[str, str], Decimal]) -> None:
    category = row.find("cac:TaxCategory", NAMES)
    assert category is not None
    base, tax = _money(row, "cbc:TaxableAmount"), _money(row, "cbc:TaxAmount")
    assert base == bases[_key(category)]  # BR-S-08
    exact = base * _money(category, "cbc:Percent") / 100
    assert abs(tax - exact.quantize(CENT, ROUND_HALF_UP)) <= CENT  # BR-CO-17, BR-S-09
    needs_reason = _key(category)[0] in ("E", "AE", "O")
    assert needs_reason == bool(category.findtext("cbc:TaxExemptionReason", "", NAMES))


@settings(max_examples=15, deadline=None)
@given(e_invoices())
def test_cii_is_valid_by_the_standards_own_schema(invoice: rules.EInvoice) -> None:
    assert facturx.xml_check_xsd(cii_invoice(invoice), flavor="factur-x", level="en16931")


@settings(max_examples=15, deadline=None)
@given(e_invoices())
def test_ubl_is_valid_by_the_standards_own_schema(invoice: rules.EInvoice) -> None:
    assert facturx.xml_check_xsd(ubl_invoice(invoice), flavor="autodetect")


def test_a_line_without_tax_or_reason_is_refused() -> None:
    breakdown = reckon([Line(Decimal(1), Decimal(5))], Policy("GBP"))
    with pytest.raises(rules.CannotExport, match="Line 1"):
        rules.e_invoice(
            _header(), [rules.PrintedLine("x", "", Decimal(1))], breakdown, includes_tax=False, paid=Decimal(0)
        )


def test_the_pdf_carries_the_data(session: Session, firm: Firm) -> None:
    invoice = make_invoice(session, firm)
    organisation = session.get_one(Organisation, firm.organisation_id)
    assert making.is_offered(organisation, invoice)
    _, data = facturx.get_xml_from_pdf(making.facturx_of(organisation, invoice))
    assert b"235.80" in data and b"INV-00001" in data
    assert b">235.80</cbc:PayableAmount>" in making.ubl_of(organisation, invoice)


def test_the_page_offers_the_files_of_a_sent_invoice_only(client: FlaskClient, session: Session, firm: Firm) -> None:
    sent, draft = make_invoice(session, firm).id, make_invoice(session, firm, sent=False).id
    sign_in(client, firm, "administrator")
    assert "Factur-X" in client.get(f"/invoices/{sent}").text
    assert "Factur-X" not in client.get(f"/invoices/{draft}").text
    assert client.get(f"/invoices/{sent}/e-invoice.xml").data.startswith(b"<?xml")
    assert client.get(f"/invoices/{sent}/e-invoice.pdf").data.startswith(b"%PDF")
    assert "sent invoices" in client.get(f"/invoices/{draft}/e-invoice.xml").text

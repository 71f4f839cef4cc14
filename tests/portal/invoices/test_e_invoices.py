"""The EN 16931 files: the standard's own rules over generated invoices, by a checker that reads only the XML."""

from collections import defaultdict
from dataclasses import replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from xml.etree import ElementTree

import facturx
import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.catalogue.models import Item
from portal.customers.models import Customer
from portal.invoices import actions, drafts
from portal.invoices.e_invoice import making, rules
from portal.invoices.e_invoice.cii import cii_invoice
from portal.invoices.e_invoice.ubl import ubl_invoice
from portal.invoices.pricing import Cut, Pricing
from portal.invoices.queries import get_invoice
from portal.organisations.models import Organisation
from portal.shared.money import Money
from portal.shared.running import job_session
from portal.taxes.arithmetic import Breakdown, Charge, Discount, Line, LineTax, Policy, credit, reckon
from portal.taxes.standing.models import Exemption
from tests.builders import Firm, make_credit_note, make_firm, make_invoice, make_work_order, post, sign_in
from tests.portal.invoices.test_taxing import FRENCH, billed, settled
from tests.portal.payments.test_deposits import send, take

TAXES = [
    LineTax("1", "VAT 20%", Decimal(20)),
    LineTax("2", "VAT 5%", Decimal(5)),
    LineTax("3", "VAT 0%", Decimal(0), "zero"),
    LineTax("4", "Exempt", Decimal(0), "exempt"),
    LineTax("5", "Reverse charge", Decimal(20), "reverse_charge"),
]
UNTAXED = ("", "E", "Diplomatic mission")  # an exempt customer's line bears no tax at all  # fmt: skip
NAMES = {
    "cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
}
CENT = Decimal("0.01")
INSIDE = "prices with tax inside"  # as the header's reference, for who checks only the file
amounts = st.integers(1, 500_000).map(lambda cents: Decimal(cents) * CENT)
lines = st.builds(
    Line, quantity=st.integers(1, 4000).map(lambda q: Decimal(q) / 100), unit_price=amounts,
    taxes=st.sampled_from([*TAXES, None]).map(lambda tax: (tax,) if tax else ()),
)  # fmt: skip
discounts = st.none() | st.builds(
    Discount, st.just("percent"), st.integers(1, 90).map(Decimal), st.sampled_from(["before_tax", "after_tax"])
)
charges = st.lists(st.builds(Charge, amounts, st.sampled_from([(TAXES[0],), ()])), max_size=1)


def _header(seller: str = "GB", buyer: str = "DE", buyer_number: str = "DE123456789", **more: str) -> rules.Header:
    return rules.Header(
        "INV-1", date(2026, 1, 2), date(2026, 2, 1), "GBP",
        rules.Party("A & B <Heating>", seller, ("1 High St",), f"{seller}123456789"),
        rules.Party("Käufer ]]> GmbH", buyer, (), buyer_number), **more,
    )  # fmt: skip


@st.composite
def told_breakdowns(draw: st.DrawFn) -> tuple[rules.EInvoice, Breakdown]:
    chosen = draw(st.lists(lines, min_size=1, max_size=6))
    includes_tax = draw(st.booleans())
    policy = Policy(
        "GBP", price_includes_tax=includes_tax, round_total_to=draw(st.sampled_from([None, Decimal("0.05")]))
    )
    breakdown = reckon(tuple(chosen), policy, discount=draw(discounts), charges=tuple(draw(charges)))
    printed = [
        rules.PrintedLine(f"Line {n}", "", one.quantity, *((one.taxes[0].key,) if one.taxes else UNTAXED))
        for n, one in enumerate(chosen)
    ]
    header = _header(
        draw(st.sampled_from(["GB", "DE", "FR"])), draw(st.sampled_from(["GB", "DE", "US"])),
        reference=INSIDE if includes_tax else "",
    )  # fmt: skip
    if draw(st.booleans()):
        taken = [Money(draw(st.integers(0, part.total.minor)), "GBP") for part in breakdown.lines]
        assume(any(taken))
        breakdown = credit(breakdown, policy, taken)
        header = replace(header, kind=rules.CREDIT_NOTE, credits="INV-0")
    told = rules.e_invoice(header, printed, breakdown, includes_tax=includes_tax, paid=Decimal("0.00"))
    return told, breakdown


def e_invoices() -> st.SearchStrategy[rules.EInvoice]:
    return told_breakdowns().map(lambda both: both[0])


@settings(max_examples=60, deadline=None)
@given(told_breakdowns())
def test_an_e_invoice_says_what_its_paper_says(both: tuple[rules.EInvoice, Breakdown]) -> None:
    """Of a credit note too: net, discount, rounding of the total, and what is to pay."""
    told, paper = both
    assume(not paper.discount or any(part.discount_share for part in paper.lines))  # after tax it is refused
    assert (told.net, told.gross) == (paper.subtotal.decimal, (paper.subtotal + paper.tax_total).decimal)
    assert (told.rounding, told.due) == (paper.rounding_adjustment.decimal, paper.total.decimal)
    assert told.sum_of(charges=False) == (Decimal(0) if told.header.reference else paper.discount.decimal)


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
    for line in [*root.findall("cac:InvoiceLine", NAMES), *root.findall("cac:CreditNoteLine", NAMES)]:
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
        _check_row(row, bases, is_exact=invoice.header.kind == rules.INVOICE and invoice.header.reference != INSIDE)


def test_of_what_a_credit_note_leaves_there_is_no_row() -> None:
    """BR-S-01, BR-S-08, BR-E-01: a category stands in the breakdown only where a line has it."""
    policy = Policy("GBP")
    whole = reckon(tuple(Line(Decimal(1), Decimal(10), (tax,)) for tax in TAXES), policy)
    taken = credit(whole, policy, [Money(500 if at == 1 else 0, "GBP") for at in range(len(TAXES))])
    printed = [rules.PrintedLine(tax.name, "", Decimal(1), tax.key) for tax in TAXES]
    header = replace(_header(), kind=rules.CREDIT_NOTE, credits="INV-0")
    told = rules.e_invoice(header, printed, taken, includes_tax=False, paid=Decimal(0))
    assert [(group.category, group.rate, group.base, group.tax) for group in told.groups] == [
        ("S", 5, Decimal("5.00"), Decimal("0.25"))
    ]  # fmt: skip
    assert (told.net, told.gross) == (Decimal("5.00"), Decimal("5.25"))


def _add(bases: dict[tuple[str, str], Decimal], category: ElementTree.Element | None, amount: Decimal) -> Decimal:
    assert category is not None
    bases[_key(category)] += amount
    return amount


def _key(category: ElementTree.Element) -> tuple[str, str]:
    return category.findtext("cbc:ID", "", NAMES), category.findtext("cbc:Percent", "", NAMES)


def _check_row(row: ElementTree.Element, bases: dict[tuple[str, str], Decimal], *, is_exact: bool) -> None:
    """BR-CO-17 wants base × rate rounded to two decimals, and that is what an invoice of net prices says to the cent.

    Prices with tax inside keep their gross, and a credit note the cents that the rest of its invoice leaves: both can
    be a cent away, which CEN/TC 434's schematron passes (it asks for less than one of the currency).
    """
    category = row.find("cac:TaxCategory", NAMES)
    assert category is not None
    base, tax = _money(row, "cbc:TaxableAmount"), _money(row, "cbc:TaxAmount")
    assert base == bases[_key(category)]  # BR-S-08
    wanted = (base * _money(category, "cbc:Percent") / 100).quantize(CENT, ROUND_HALF_UP)
    assert tax == wanted if is_exact else abs(tax - wanted) <= CENT  # BR-CO-17, BR-S-09
    needs_reason = _key(category)[0] in ("E", "AE", "O", "K", "G")
    assert needs_reason == bool(category.findtext("cbc:TaxExemptionReason", "", NAMES))


@settings(max_examples=15, deadline=None)
@given(e_invoices())
def test_cii_is_valid_by_the_standards_own_schema(invoice: rules.EInvoice) -> None:
    assert facturx.xml_check_xsd(cii_invoice(invoice), flavor="factur-x", level="en16931")


@settings(max_examples=15, deadline=None)
@given(e_invoices())
def test_ubl_is_valid_by_the_standards_own_schema(invoice: rules.EInvoice) -> None:
    assert facturx.xml_check_xsd(ubl_invoice(invoice), flavor="autodetect")


def test_a_credit_of_the_delivery_alone_has_a_line() -> None:
    """The standard wants one at least [BR-16]; the files' own schemas want it too."""
    policy, charge = Policy("GBP"), Charge(Decimal(10), (TAXES[0],))
    whole = reckon([Line(Decimal(1), Decimal(5), taxes=(TAXES[0],))], policy, charges=(charge,))
    part = credit(whole, policy, [Money(0, "GBP"), Money(1000, "GBP")])
    header = replace(_header(), kind=rules.CREDIT_NOTE, credits="INV-0")
    printed = [rules.PrintedLine("Service", "", Decimal(1), TAXES[0].key)]
    told = rules.e_invoice(header, printed, part, includes_tax=False, paid=Decimal(0))
    assert [(item.printed.name, item.net) for item in told.items] == [("Shipping", Decimal(10))]
    assert (told.extras, told.line_sum, told.gross) == ((), Decimal(10), Decimal(12))
    assert facturx.xml_check_xsd(cii_invoice(told), flavor="factur-x", level="en16931")
    assert facturx.xml_check_xsd(ubl_invoice(told), flavor="autodetect")


@pytest.mark.parametrize(
    ("line", "taxes", "category"), [(("1",), (TAXES[0],), "E"), (("", "O", "Not registered for tax"), (), "O")]
)
def test_shipping_without_a_tax_is_a_charge_that_says_why(
    line: tuple[str, ...], taxes: tuple[LineTax, ...], category: str
) -> None:
    """Outside the tax only where all else is: the standard takes the two apart [BR-O-11]."""
    breakdown = reckon(
        (Line(Decimal(1), Decimal(100), taxes),), Policy("GBP"), charges=(Charge(Decimal("9.99")),)
    )  # fmt: skip
    found = rules.e_invoice(
        _header(), [rules.PrintedLine("Work", "", Decimal(1), *line)], breakdown, includes_tax=False, paid=Decimal(0)
    )
    (extra,) = found.extras
    assert (extra.is_charge, extra.amount, extra.group.category) == (True, Decimal("9.99"), category)
    assert found.gross == breakdown.total.decimal and extra.group.reason


@pytest.mark.parametrize(
    ("kind", "words"), [("withholding", "is withheld"), ("fixed_per_unit", "is so much for each unit")]
)
def test_what_the_standard_has_no_way_to_say_is_refused_in_plain_words(kind: str, words: str) -> None:
    breakdown = reckon(
        (Line(Decimal(1), Decimal(100), (TAXES[0], LineTax("9", "Fee", Decimal(1), kind))),), Policy("GBP")
    )
    line = rules.PrintedLine("Work", "", Decimal(1), "1")
    with pytest.raises(rules.CannotExport, match=f"Fee {words}"):
        rules.e_invoice(_header(), [line], breakdown, includes_tax=False, paid=Decimal(0))


def test_a_line_without_tax_or_reason_is_refused() -> None:
    breakdown = reckon([Line(Decimal(1), Decimal(5))], Policy("GBP"))
    with pytest.raises(rules.CannotExport, match="Line 1"):
        rules.e_invoice(
            _header(), [rules.PrintedLine("x", "", Decimal(1))], breakdown, includes_tax=False, paid=Decimal(0)
        )


def _numbered(session: Session, firm: Firm, number: str = "GB980780684") -> Organisation:
    organisation = session.get_one(Organisation, firm.organisation_id)
    organisation.tax_number = number
    session.commit()
    return organisation


def test_the_pdf_carries_the_data(session: Session, firm: Firm) -> None:
    organisation = _numbered(session, firm)
    invoice = make_invoice(session, firm)
    assert making.is_offered(organisation, invoice)
    _, data = facturx.get_xml_from_pdf(making.facturx_of(organisation, invoice))
    assert b"235.80" in data and b"INV-00001" in data
    ubl = making.ubl_of(organisation, invoice)
    assert b">235.80</cbc:PayableAmount>" in ubl and b"<cbc:Percent>20</cbc:Percent>" in ubl


def test_the_page_offers_the_files_of_a_sent_invoice_only(client: FlaskClient, session: Session, firm: Firm) -> None:
    _numbered(session, firm)
    sent, draft = make_invoice(session, firm).id, make_invoice(session, firm, sent=False).id
    sign_in(client, firm, "administrator")
    assert "Factur-X" in client.get(f"/invoices/{sent}").text
    assert "Factur-X" not in client.get(f"/invoices/{draft}").text
    assert client.get(f"/invoices/{sent}/e-invoice.xml").data.startswith(b"<?xml")
    assert client.get(f"/invoices/{sent}/e-invoice.pdf").data.startswith(b"%PDF")
    assert "sent invoices" in client.get(f"/invoices/{draft}/e-invoice.xml").text


def test_a_name_from_before_with_what_xml_forbids_leaves_a_file_that_can_be_read(
    client: FlaskClient, session: Session, firm: Firm
) -> None:
    _numbered(session, firm)
    session.execute(update(Customer).values(name="Mill\ufffe House\uffff"))
    sent = make_invoice(session, firm)
    sign_in(client, firm, "administrator")
    assert "Mill House" in ElementTree.fromstring(client.get(f"/invoices/{sent.id}/e-invoice.xml").data).itertext()
    assert client.get(f"/invoices/{sent.id}/e-invoice.pdf").data.startswith(b"%PDF")


@pytest.mark.parametrize(
    ("seller", "buyer", "buyer_number", "category"),
    [("DE", "FR", "FR123", "K"), ("DE", "FR", "", "Z"), ("DE", "US", "", "G"), ("DE", "GB", "GB1", "G"),
     ("DE", "DE", "DE1", "Z"), ("GB", "FR", "FR123", "G"), ("GB", "GB", "", "Z")],
)  # fmt: skip
def test_a_rate_of_nought_says_why_across_borders(seller: str, buyer: str, buyer_number: str, category: str) -> None:
    """K also names the country that the goods went to (BR-IC-11, BR-IC-12)."""
    line = Line(Decimal(1), Decimal(5), (TAXES[2],))
    printed = [rules.PrintedLine("x", "", Decimal(1), "3")]
    told = rules.e_invoice(
        _header(seller, buyer, buyer_number), printed, reckon((line,), Policy("GBP")), includes_tax=False,
        paid=Decimal(0),
    )  # fmt: skip
    assert [group.category for group in told.groups] == [item.group.category for item in told.items] == [category]
    assert bool(told.groups[0].reason) == (category != "Z")
    root = ElementTree.fromstring(ubl_invoice(told))
    delivered = root.findtext("cac:Delivery/cac:DeliveryLocation/cac:Address/cac:Country/cbc:IdentificationCode", "",
                              NAMES)  # fmt: skip
    assert delivered == (buyer if category == "K" else "")


def test_a_credit_note_is_told_with_its_invoice(client: FlaskClient, session: Session, firm: Firm) -> None:
    _numbered(session, firm)
    note = make_credit_note(session, firm, share="0.5")
    sign_in(client, firm, "administrator")
    page = client.get(f"/credit-notes/{note.id}").text
    assert "(UBL)" in page and "(Factur-X)" in page
    root = ElementTree.fromstring(client.get(f"/credit-notes/{note.id}/e-credit-note.xml").data)
    assert root.tag.endswith("CreditNote-2}CreditNote") and root.findtext("cbc:CreditNoteTypeCode", "", NAMES) == "381"
    assert root.findtext("cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID", "", NAMES) == "INV-00001"
    assert root.findtext("cac:LegalMonetaryTotal/cbc:PayableAmount", "", NAMES) == str(note.total.decimal)
    _, data = facturx.get_xml_from_pdf(client.get(f"/credit-notes/{note.id}/e-credit-note.pdf").data)
    assert b">381<" in data and b"INV-00001" in data


def test_elsewhere_no_file_of_a_credit_note_is_made(client: FlaskClient, session: Session) -> None:
    firm = make_firm(country="AU", currency="AUD")
    with job_session(firm.organisation_id) as own:
        note_id = make_credit_note(own, firm).id
    sign_in(client, firm, "administrator")
    assert "(UBL)" not in client.get(f"/credit-notes/{note_id}").text
    answer = client.get(f"/credit-notes/{note_id}/e-credit-note.xml")
    assert answer.status_code == 422 and "firms in the EU and the UK" in answer.text


def test_work_outside_the_tax_is_told_without_vat_numbers() -> None:
    """BR-O-2 to 4: a business outside the EU, where the rules found no tax of ours."""
    breakdown = reckon((Line(Decimal(1), Decimal(5)),), Policy("GBP"))
    printed = [rules.PrintedLine("x", "", Decimal(1), "", "O", "business outside the EU: Switzerland")]
    told = rules.e_invoice(_header("DE", "CH"), printed, breakdown, includes_tax=False, paid=Decimal(0))
    for file, vat_number in ((ubl_invoice(told), b"PartyTaxScheme"), (cii_invoice(told), b"SpecifiedTaxRegistration")):
        assert vat_number not in file and b"DE123456789" in file and b"outside the EU: Switzerland" in file
    assert facturx.xml_check_xsd(cii_invoice(told), flavor="factur-x", level="en16931")
    assert facturx.xml_check_xsd(ubl_invoice(told), flavor="autodetect")


@pytest.mark.parametrize("tax", [None, LineTax("o", "Out of scope", Decimal(0), "out_of_scope")])
def test_a_discount_and_shipping_beside_what_is_outside_the_tax_are_outside_too(tax: LineTax | None) -> None:
    """BR-O-11 to 14: no other category stands beside it."""
    taxes = (tax,) if tax else ()
    breakdown = reckon(
        (Line(Decimal(1), Decimal(50), taxes),), Policy("GBP"), discount=Discount("percent", Decimal(10)),
        charges=(Charge(Decimal(5)),),
    )  # fmt: skip
    printed = [rules.PrintedLine("x", "", Decimal(1), *(("o",) if tax else ("", "O", "Disbursement")))]
    told = rules.e_invoice(_header("DE", "CH"), printed, breakdown, includes_tax=False, paid=Decimal(0))
    root = ElementTree.fromstring(ubl_invoice(told))
    categories = [*root.iter(f"{{{NAMES['cac']}}}TaxCategory"), *root.iter(f"{{{NAMES['cac']}}}ClassifiedTaxCategory")]
    assert {_key(each) for each in categories} == {("O", "")} and len(categories) == 4
    assert _money(root, "cac:LegalMonetaryTotal/cbc:PayableAmount") == 50
    assert facturx.xml_check_xsd(cii_invoice(told), flavor="factur-x", level="en16931")


@pytest.mark.parametrize("laid_out", [1, 3])
def test_money_laid_out_for_the_customer_is_outside_the_tax_and_needs_an_invoice_of_its_own(
    app: Flask, laid_out: int
) -> None:
    firm, office = settled(app, "GB", "GBP", {"country": "GB", "street": "1 High St", "city": "Leeds",
                                              "postal_code": "LS1 4AP"})  # fmt: skip
    with job_session(firm.organisation_id) as own:
        disbursement = own.scalars(select(Exemption.id).where(Exemption.name == "Disbursement")).one()
        for item in own.scalars(select(Item).order_by(Item.id).limit(laid_out)):
            item.exemption_id = disbursement
        _numbered(own, firm, "GB980780684")
        own.get_one(Organisation, firm.organisation_id).registrations = "Companies House: 01234567"
    sent = billed(app, firm)
    assert {line.tax_why for line in sent.lines if line.tax_id is None} == {"Disbursement"}
    answer = office.get(f"/invoices/{sent.id}/e-invoice.xml")
    if laid_out < 3:
        assert answer.status_code == 422 and "outside the tax needs an invoice of its own" in answer.text
        return
    root = ElementTree.fromstring(answer.data)
    row = root.find("cac:TaxTotal/cac:TaxSubtotal/cac:TaxCategory", NAMES)
    assert row is not None and row.findtext("cbc:ID", "", NAMES) == "O"
    assert row.findtext("cbc:TaxExemptionReason", "", NAMES) == "Disbursement"
    buyer = root.find("cac:AccountingCustomerParty/cac:Party/cac:PostalAddress", NAMES)
    assert buyer is not None
    parts = [buyer.findtext(f"cbc:{part}", "", NAMES) for part in ("StreetName", "CityName", "PostalZone")]
    assert parts == ["1 High St", "Leeds", "LS1 4AP"]
    units = [each.get("unitCode") for each in root.iter(f"{{{NAMES['cbc']}}}InvoicedQuantity")]
    assert units == ["C62", "HUR", "C62"]


def test_an_exempt_customers_invoice_and_credit_note_are_told_with_the_reason(app: Flask) -> None:
    firm, office = settled(app, "DE", "EUR", {"country": "DE"})
    with job_session(firm.organisation_id) as own:
        mission = own.scalars(select(Exemption.id).where(Exemption.name == "Diplomatic mission")).one()
        own.get_one(Customer, firm.customer_id).exemption_id = mission
        _numbered(own, firm, "DE136695976")
    sent = billed(app, firm)
    with job_session(firm.organisation_id) as own:
        note = make_credit_note(own, firm, get_invoice(own, sent.id), share="0.5")
    for page in (f"/invoices/{sent.id}/e-invoice.xml", f"/credit-notes/{note.id}/e-credit-note.xml"):
        row = ElementTree.fromstring(office.get(page).data).find("cac:TaxTotal/cac:TaxSubtotal", NAMES)
        assert row is not None and row.findtext("cac:TaxCategory/cbc:ID", "", NAMES) == "E"
        assert row.findtext("cac:TaxCategory/cbc:TaxExemptionReason", "", NAMES) == "Diplomatic mission"


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"whole": Cut(percent=Decimal(10), applied="after_tax")}, "no discount after tax"),
        ({"adjustment": Money(-777, "GBP"), "adjustment_reason": "Goodwill"}, "no adjustment after tax"),
        ({"adjustment": Money(-5, "GBP"), "adjustment_reason": "Goodwill"}, "no adjustment after tax"),
        ({}, ""),
    ],
)
def test_what_is_no_rounding_is_not_told_as_rounding(
    client: FlaskClient, session: Session, firm: Firm, wanted: dict[str, object], words: str
) -> None:
    draft = get_invoice(session, make_invoice(session, firm, sent=False).id, lock=True)
    zero, organisation = Money.zero("GBP"), _numbered(session, firm)
    pricing = Pricing(**{"adjustment": zero, "shipping": zero, **wanted})  # type: ignore[arg-type]
    drafts.price_draft(session, organisation, draft, pricing, Decimal(100))
    actions.issue_invoice(session, organisation, draft)
    session.commit()
    note = make_credit_note(session, firm, draft)
    sign_in(client, firm, "administrator")
    for path in (f"/invoices/{draft.id}/e-invoice.xml", f"/credit-notes/{note.id}/e-credit-note.xml"):
        said = client.get(path).text
        assert words in said if words else said.startswith("<?xml") and "PayableRoundingAmount" in said


def test_who_rounds_otherwise_than_the_standard_is_told_that_it_has_no_file(
    client: FlaskClient, session: Session, firm: Firm
) -> None:
    _numbered(session, firm).rounding_mode = "down"
    session.commit()
    invoice, note = make_invoice(session, firm), make_credit_note(session, firm)
    sign_in(client, firm, "administrator")
    for path in (f"/invoices/{invoice.id}/e-invoice.xml", f"/credit-notes/{note.id}/e-credit-note.pdf"):
        answer = client.get(path)
        assert answer.status_code == 422 and "rounded so that a half goes up" in answer.text
    assert "E-invoices (UBL, Factur-X) are made only where a half goes up" in client.get("/settings/documents").text


def test_tax_that_is_far_from_its_base_is_refused() -> None:
    """The validators of EN 16931 allow a difference of one in BR-CO-17; rounding thousands of lines passes that."""
    lines = [Line(Decimal(1), Decimal("0.03"), taxes=(TAXES[0],))] * 300
    breakdown = reckon(tuple(lines), Policy("GBP", rounding="line"))
    printed = [rules.PrintedLine("x", "", Decimal(1), "1")] * 300
    with pytest.raises(rules.CannotExport, match="too far"):
        rules.e_invoice(_header(), printed, breakdown, includes_tax=False, paid=Decimal(0))


def test_they_speak_the_language_of_the_paper(app: Flask) -> None:
    firm, _ = settled(app, "DE", "EUR", {"country": "FR", "tax_number": FRENCH})
    with job_session(firm.organisation_id) as session:
        session.get_one(Customer, firm.customer_id).language = "fr"
        session.get_one(Organisation, firm.organisation_id).tax_number = "DE136695976"
    sent = billed(app, firm)
    with job_session(firm.organisation_id) as session:
        organisation = session.get_one(Organisation, firm.organisation_id)
        ubl = making.ubl_of(organisation, get_invoice(session, sent.id)).decode()
    assert "<cbc:TaxExemptionReason>Autoliquidation<" in ubl and "Reverse charge" not in ubl


@pytest.mark.parametrize(
    ("seller", "buyer", "tax", "advice"),
    [
        ("DE123456789", "", TAXES[4], "customer's VAT number.*customer's page"),  # BR-AE-02
        ("", "FR123456789", TAXES[4], "your VAT number.*Settings, Documents and money"),
        ("", "", TAXES[0], "your VAT number.*Settings, Documents and money"),  # BR-S-02
        ("", "", TAXES[2], "your VAT number.*Settings, Documents and money"),  # BR-Z-02
        ("", "", TAXES[3], "your VAT number.*Settings, Documents and money"),  # BR-E-02
        ("", "", None, "a number that tells who you are.*other numbers of your firm"),  # BR-CO-26
    ],
)
def test_a_number_that_a_category_needs_is_asked_for(seller: str, buyer: str, tax: LineTax | None, advice: str) -> None:
    header = rules.Header(
        "INV-1", date(2026, 1, 2), None, "EUR", rules.Party("A", "DE", (), seller), rules.Party("B", "FR", (), buyer)
    )
    line = Line(quantity=Decimal(1), unit_price=Decimal(100), taxes=(tax,) if tax else ())
    printed = rules.PrintedLine("Work", "", Decimal(1), *((tax.key,) if tax else ("", "O", "Not registered for tax")))
    for kind, next_step in ((rules.INVOICE, "bill it again"), (rules.CREDIT_NOTE, "another credit note")):
        with pytest.raises(rules.CannotExport, match=f"{advice}.*{next_step}"):
            rules.e_invoice(
                replace(header, kind=kind), [printed], reckon((line,), Policy("EUR")), includes_tax=False,
                paid=Decimal(0),
            )  # fmt: skip


def test_who_asks_for_the_file_is_told_which_number_is_missing(
    client: FlaskClient, session: Session, firm: Firm
) -> None:
    invoice, note = make_invoice(session, firm), make_credit_note(session, firm)
    sign_in(client, firm, "administrator")
    for path in (f"/invoices/{invoice.id}/e-invoice.xml", f"/credit-notes/{note.id}/e-credit-note.pdf"):
        answer = client.get(path)
        assert answer.status_code == 422 and "needs your VAT number" in answer.text


def test_who_is_not_registered_is_known_by_another_number(app: Flask) -> None:
    """A small business has no VAT number: then the first of its other numbers says who it is [BT-30]."""
    firm, office = settled(app, "DE", "EUR", {"country": "DE"})
    form = {"registered": "no", "place": "", "from": "", "until": ""}
    assert post(office, "/settings/taxes/registration", form).status_code == 303
    with job_session(firm.organisation_id) as own:
        own.get_one(Organisation, firm.organisation_id).registrations = "Steuernummer: 12/345/67890"
        own.commit()
    invoice = billed(app, firm)
    data = office.get(f"/invoices/{invoice.id}/e-invoice.xml").data
    assert b"<cbc:CompanyID>12/345/67890</cbc:CompanyID>" in data and b"PartyTaxScheme" not in data
    assert facturx.xml_check_xsd(data, flavor="autodetect")
    _, inside = facturx.get_xml_from_pdf(office.get(f"/invoices/{invoice.id}/e-invoice.pdf").data)
    assert b"12/345/67890" in inside


@pytest.mark.parametrize("deposit", [0, 5000])
def test_the_file_stays_what_was_sent(client: FlaskClient, firm: Firm, deposit: int) -> None:
    """A deposit that the invoice took off stands in it; what is credited later does not, nor when it is made."""
    with job_session(firm.organisation_id) as own:
        _numbered(own, firm)
        job_id = make_work_order(own, firm).id
    sign_in(client, firm, "administrator")
    if deposit:
        take(firm, job_id, deposit)
    invoice_id = send(firm, job_id, client)
    pages = (f"/invoices/{invoice_id}/e-invoice.xml", f"/invoices/{invoice_id}/e-invoice.pdf")
    sent = [client.get(page).data for page in pages]
    total = ElementTree.fromstring(sent[0]).find("cac:LegalMonetaryTotal", NAMES)
    assert total is not None
    paid = Decimal(deposit) / 100
    assert (_money(total, "cbc:PrepaidAmount"), _money(total, "cbc:PayableAmount")) == (paid, Decimal("235.80") - paid)
    with job_session(firm.organisation_id) as own:
        make_credit_note(own, firm, get_invoice(own, invoice_id))
    assert [client.get(page).data for page in pages] == sent
    _, inside = facturx.get_xml_from_pdf(sent[1])
    assert f">{paid:.2f}</ram:TotalPrepaidAmount>".encode() in inside

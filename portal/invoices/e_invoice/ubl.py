"""UBL 2.1 Invoice and CreditNote."""

from decimal import Decimal
from xml.etree.ElementTree import Element

from portal.invoices.e_invoice.rules import CREDIT_NOTE, EInvoice, Extra, Group, Header, Item, Party
from portal.invoices.e_invoice.writing import named, put, written


def ubl_invoice(invoice: EInvoice) -> bytes:
    head = invoice.header
    is_credit = head.kind == CREDIT_NOTE
    kind = "CreditNote" if is_credit else "Invoice"
    root = Element(named("crn:CreditNote" if is_credit else "inv:Invoice"))
    put(root, "cbc:CustomizationID", "urn:cen.eu:en16931:2017")
    put(root, "cbc:ID", head.number)
    put(root, "cbc:IssueDate", head.issued_on.isoformat())
    if head.due_on and not is_credit:
        put(root, "cbc:DueDate", head.due_on.isoformat())
    put(root, f"cbc:{kind}TypeCode", head.kind)
    if head.tax_point and not is_credit:
        put(root, "cbc:TaxPointDate", head.tax_point.isoformat())
    put(root, "cbc:DocumentCurrencyCode", head.currency)
    put(root, "cbc:BuyerReference", head.reference or head.number)
    if head.credits:
        put(root, "cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID", head.credits)
    _party(put(root, "cac:AccountingSupplierParty/cac:Party"), head.seller, is_outside=invoice.is_outside)
    _party(put(root, "cac:AccountingCustomerParty/cac:Party"), head.buyer, is_outside=invoice.is_outside)
    if invoice.delivered_to or head.supplied_on:
        delivery = put(root, "cac:Delivery")
        put(delivery, "cbc:ActualDeliveryDate", (head.supplied_on or head.issued_on).isoformat())
    if invoice.delivered_to:
        country = "cac:DeliveryLocation/cac:Address/cac:Country/cbc:IdentificationCode"
        put(delivery, country, invoice.delivered_to)
    for extra in invoice.extras:
        _extra(root, extra, head)
    _taxes(root, invoice)
    _totals(put(root, "cac:LegalMonetaryTotal"), invoice)
    for number, item in enumerate(invoice.items, start=1):
        line = put(root, f"cac:{kind}Line")
        _line(line, number, item, head.currency, "Credited" if is_credit else "Invoiced")
    return written(root)


def _party(at: Element, party: Party, *, is_outside: bool) -> None:
    if party.tax_number and is_outside:
        put(at, "cac:PartyIdentification/cbc:ID", party.tax_number)
    address = put(at, "cac:PostalAddress")
    if party.lines:
        put(address, "cbc:StreetName", ", ".join(party.lines))
    for name, part in (("CityName", party.city), ("PostalZone", party.postal_code), ("CountrySubentity", party.region)):
        if part:
            put(address, f"cbc:{name}", part)
    put(address, "cac:Country/cbc:IdentificationCode", party.country)
    if party.tax_number and not is_outside:
        scheme = put(at, "cac:PartyTaxScheme")
        put(scheme, "cbc:CompanyID", party.tax_number)
        put(scheme, "cac:TaxScheme/cbc:ID", "VAT")
    entity = put(at, "cac:PartyLegalEntity")
    put(entity, "cbc:RegistrationName", party.name)
    if party.registration:
        put(entity, "cbc:CompanyID", party.registration)
    if party.email:
        put(at, "cac:Contact/cbc:ElectronicMail", party.email)


def _category(at: Element, name: str, group: Group, *, why: bool = False) -> None:
    category = put(at, name)
    put(category, "cbc:ID", group.category)
    if group.category != "O":
        put(category, "cbc:Percent", group.rate.normalize())
    if why and group.reason:
        put(category, "cbc:TaxExemptionReason", group.reason)
    put(category, "cac:TaxScheme/cbc:ID", "VAT")


def _extra(root: Element, extra: Extra, head: Header) -> None:
    at = put(root, "cac:AllowanceCharge")
    put(at, "cbc:ChargeIndicator", "true" if extra.is_charge else "false")
    put(at, "cbc:AllowanceChargeReason", head.shipping if extra.is_charge else head.discount)
    put(at, "cbc:Amount", extra.amount, currencyID=head.currency)
    _category(at, "cac:TaxCategory", extra.group)


def _taxes(root: Element, invoice: EInvoice) -> None:
    currency = invoice.header.currency
    at = put(root, "cac:TaxTotal")
    put(at, "cbc:TaxAmount", invoice.tax, currencyID=currency)
    for group in invoice.groups:
        row = put(at, "cac:TaxSubtotal")
        put(row, "cbc:TaxableAmount", group.base, currencyID=currency)
        put(row, "cbc:TaxAmount", group.tax, currencyID=currency)
        _category(row, "cac:TaxCategory", group, why=True)


def _totals(at: Element, invoice: EInvoice) -> None:
    figures: tuple[tuple[str, Decimal], ...] = (
        ("LineExtensionAmount", invoice.line_sum), ("TaxExclusiveAmount", invoice.net),
        ("TaxInclusiveAmount", invoice.gross), ("AllowanceTotalAmount", invoice.sum_of(charges=False)),
        ("ChargeTotalAmount", invoice.sum_of(charges=True)), ("PrepaidAmount", invoice.paid),
        ("PayableRoundingAmount", invoice.rounding), ("PayableAmount", invoice.due),
    )  # fmt: skip
    for name, amount in figures:
        put(at, f"cbc:{name}", amount, currencyID=invoice.header.currency)


def _line(at: Element, number: int, item: Item, currency: str, which: str) -> None:
    put(at, "cbc:ID", number)
    put(at, f"cbc:{which}Quantity", item.printed.quantity, unitCode=item.printed.unit)
    put(at, "cbc:LineExtensionAmount", item.net, currencyID=currency)
    goods = put(at, "cac:Item")
    if item.printed.description:
        put(goods, "cbc:Description", item.printed.description)
    put(goods, "cbc:Name", item.printed.name)
    _category(goods, "cac:ClassifiedTaxCategory", item.group)
    price = put(at, "cac:Price")
    put(price, "cbc:PriceAmount", item.net, currencyID=currency)
    put(price, "cbc:BaseQuantity", item.printed.quantity, unitCode=item.printed.unit)

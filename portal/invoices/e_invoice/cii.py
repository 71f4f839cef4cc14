"""UN/CEFACT Cross Industry Invoice: what Factur-X carries inside a PDF."""

from datetime import date
from decimal import Decimal
from xml.etree.ElementTree import Element

from portal.invoices.e_invoice.rules import EInvoice, Extra, Group, Header, Item, Party
from portal.invoices.e_invoice.writing import named, put, written


def cii_invoice(invoice: EInvoice) -> bytes:
    head = invoice.header
    root = Element(named("rsm:CrossIndustryInvoice"))
    put(
        root, "rsm:ExchangedDocumentContext/ram:GuidelineSpecifiedDocumentContextParameter/ram:ID",
        "urn:cen.eu:en16931:2017",
    )  # fmt: skip
    document = put(root, "rsm:ExchangedDocument")
    put(document, "ram:ID", head.number)
    put(document, "ram:TypeCode", head.kind)
    _day(put(document, "ram:IssueDateTime"), head.issued_on)
    trade = put(root, "rsm:SupplyChainTradeTransaction")
    for number, item in enumerate(invoice.items, start=1):
        _line(put(trade, "ram:IncludedSupplyChainTradeLineItem"), number, item)
    agreement = put(trade, "ram:ApplicableHeaderTradeAgreement")
    put(agreement, "ram:BuyerReference", head.reference or head.number)
    _party(put(agreement, "ram:SellerTradeParty"), head.seller, is_outside=invoice.is_outside)
    _party(put(agreement, "ram:BuyerTradeParty"), head.buyer, is_outside=invoice.is_outside)
    delivery = put(trade, "ram:ApplicableHeaderTradeDelivery")
    if invoice.delivered_to:
        put(delivery, "ram:ShipToTradeParty/ram:PostalTradeAddress/ram:CountryID", invoice.delivered_to)
    if invoice.delivered_to or head.supplied_on:
        event = put(delivery, "ram:ActualDeliverySupplyChainEvent/ram:OccurrenceDateTime")
        _day(event, head.supplied_on or head.issued_on)
    _settlement(put(trade, "ram:ApplicableHeaderTradeSettlement"), invoice)
    return written(root)


def _settlement(at: Element, invoice: EInvoice) -> None:
    put(at, "ram:InvoiceCurrencyCode", invoice.header.currency)
    for group in invoice.groups:
        _tax(at, group, invoice.header.tax_point)
    for extra in invoice.extras:
        _extra(at, extra, invoice.header)
    if invoice.header.due_on:
        _day(put(at, "ram:SpecifiedTradePaymentTerms/ram:DueDateDateTime"), invoice.header.due_on)
    sums = put(at, "ram:SpecifiedTradeSettlementHeaderMonetarySummation")
    put(sums, "ram:LineTotalAmount", invoice.line_sum)
    put(sums, "ram:ChargeTotalAmount", invoice.sum_of(charges=True))
    put(sums, "ram:AllowanceTotalAmount", invoice.sum_of(charges=False))
    put(sums, "ram:TaxBasisTotalAmount", invoice.net)
    put(sums, "ram:TaxTotalAmount", invoice.tax, currencyID=invoice.header.currency)
    put(sums, "ram:RoundingAmount", invoice.rounding)
    put(sums, "ram:GrandTotalAmount", invoice.gross)
    put(sums, "ram:TotalPrepaidAmount", invoice.paid)
    put(sums, "ram:DuePayableAmount", invoice.due)
    if invoice.header.credits:
        put(at, "ram:InvoiceReferencedDocument/ram:IssuerAssignedID", invoice.header.credits)


def _tax(at: Element, group: Group, tax_point: date | None) -> None:
    tax = put(at, "ram:ApplicableTradeTax")
    put(tax, "ram:CalculatedAmount", group.tax)
    put(tax, "ram:TypeCode", "VAT")
    if group.reason:
        put(tax, "ram:ExemptionReason", group.reason)
    put(tax, "ram:BasisAmount", group.base)
    put(tax, "ram:CategoryCode", group.category)
    if tax_point:
        put(tax, "ram:TaxPointDate/udt:DateString", tax_point.strftime("%Y%m%d"), format="102")
    _rate(tax, group)


def _rate(at: Element, group: Group) -> None:
    if group.category != "O":
        put(at, "ram:RateApplicablePercent", group.rate.normalize())


def _category(tax: Element, group: Group) -> None:
    put(tax, "ram:TypeCode", "VAT")
    put(tax, "ram:CategoryCode", group.category)
    _rate(tax, group)


def _extra(at: Element, extra: Extra, head: Header) -> None:
    one = put(at, "ram:SpecifiedTradeAllowanceCharge")
    put(one, "ram:ChargeIndicator/udt:Indicator", "true" if extra.is_charge else "false")
    put(one, "ram:ActualAmount", extra.amount)
    put(one, "ram:Reason", head.shipping if extra.is_charge else head.discount)
    _category(put(one, "ram:CategoryTradeTax"), extra.group)


def _party(at: Element, party: Party, *, is_outside: bool) -> None:
    if party.tax_number and is_outside:
        put(at, "ram:ID", party.tax_number)
    put(at, "ram:Name", party.name)
    if party.registration:
        put(at, "ram:SpecifiedLegalOrganization/ram:ID", party.registration)
    address = put(at, "ram:PostalTradeAddress")
    parts = (
        ("PostcodeCode", party.postal_code), ("LineOne", ", ".join(party.lines)), ("CityName", party.city),
        ("CountryID", party.country), ("CountrySubDivisionName", party.region),
    )  # fmt: skip
    for name, part in parts:
        if part:
            put(address, f"ram:{name}", part)
    if party.tax_number and not is_outside:
        put(at, "ram:SpecifiedTaxRegistration/ram:ID", party.tax_number, schemeID="VA")


def _line(at: Element, number: int, item: Item) -> None:
    put(at, "ram:AssociatedDocumentLineDocument/ram:LineID", number)
    goods = put(at, "ram:SpecifiedTradeProduct")
    put(goods, "ram:Name", item.printed.name)
    if item.printed.description:
        put(goods, "ram:Description", item.printed.description)
    quantity: Decimal = item.printed.quantity
    price = put(at, "ram:SpecifiedLineTradeAgreement/ram:NetPriceProductTradePrice")
    put(price, "ram:ChargeAmount", item.net)
    put(price, "ram:BasisQuantity", quantity, unitCode=item.printed.unit)
    put(at, "ram:SpecifiedLineTradeDelivery/ram:BilledQuantity", quantity, unitCode=item.printed.unit)
    settled = put(at, "ram:SpecifiedLineTradeSettlement")
    _category(put(settled, "ram:ApplicableTradeTax"), item.group)
    put(settled, "ram:SpecifiedTradeSettlementLineMonetarySummation/ram:LineTotalAmount", item.net)


def _day(at: Element, day: date) -> None:
    put(at, "udt:DateTimeString", day.strftime("%Y%m%d"), format="102")

"""Our rows as the mapping wants them: what each is called, what must be in Zoho before it, how its payload is made."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from portal.accounting import mapping, rules
from portal.accounting.agreement import comparison
from portal.accounting.agreement.queries import sent_beside
from portal.accounting.exemptions import ReasonsThere, reason_there, reasons_there
from portal.accounting.invoice_extras import ROUNDING, Extras, LineRecord
from portal.accounting.mirror import credit_note_source, dated_taxes, each_unit, money_sources
from portal.accounting.mirror.source import Need as Need
from portal.accounting.mirror.source import Source as Source
from portal.accounting.mirror.source import Twins as Twins
from portal.accounting.mirror.source import present
from portal.accounting.models import TAX_RATE
from portal.accounting.tax_standing import (
    NAMING_AUTHORITIES,
    TAXED_BY_PLACE,
    place_there,
    standing,
    untaxed_contact,
    untaxed_item,
)
from portal.catalogue.models import Item
from portal.customers.models import Address, Customer
from portal.invoices.models import DRAFT, Invoice, InvoiceLine
from portal.invoices.queries import balance_of
from portal.organisations.models import Organisation
from portal.shared import clock
from portal.shared.money import Money
from portal.taxes.authorities.queries import get_authority
from portal.taxes.models import Tax
from portal.taxes.regions.standing import standing_of


def read(session: Session, module: str, local_id: int) -> Source | None:
    """None for a record that is not there, or is not to leave us yet."""
    return _READERS[module](session, local_id)


def _tax(session: Session, tax_id: int) -> Source | None:
    tax = session.get(Tax, tax_id, populate_existing=True)
    if tax is None:
        return None
    if tax.kind == "group":
        return _tax_group(tax)
    time_zone, country = session.execute(select(Organisation.time_zone, Organisation.country)).one()
    levied = tax.authority_id if country in NAMING_AUTHORITIES else None
    authority = get_authority(session, levied).name if levied else ""
    record = mapping.TaxRecord(tax.name, tax.rate_on(clock.today(time_zone)), authority)
    return Source(
        f"Tax {tax.name}", tax.name, lambda _twins, name, _persons: mapping.tax_payload(replace(record, name=name)),
        stays_here=tax.kind in rules.TAXES_THAT_STAY_HERE,
    )  # fmt: skip


def _tax_group(tax: Tax) -> Source:
    member_ids = [each.tax_id for each in tax.members if each.tax.kind not in rules.TAXES_THAT_STAY_HERE]

    def build(twins: Twins, name: str, _persons: Mapping[str, str]) -> dict[str, Any]:
        return {"tax_group_name": name, "taxes": ",".join(twins("tax", each) for each in member_ids)}

    return Source(
        f"Tax group {tax.name}", tax.name, build, needs=[("tax", each) for each in member_ids],
        stays_here=len(member_ids) < 2,
    )  # fmt: skip


def _customer(session: Session, customer_id: int) -> Source | None:
    customer = session.get(
        Customer, customer_id, populate_existing=True,
        options=[joinedload(Customer.contacts), joinedload(Customer.addresses)],  # few of each: one statement
    )  # fmt: skip
    if customer is None:
        return None
    country, time_zone = session.execute(select(Organisation.country, Organisation.time_zone)).one()
    lasts = customer.certificate_until is None or customer.certificate_until >= clock.today(time_zone)
    reason = reason_there(session, customer.exemption_id) if lasts else ""
    record = _customer_record(customer, country, untaxed_contact(country, reason))
    return Source(
        f"Customer {customer.name}", customer.name,
        lambda _twins, name, persons: mapping.contact_payload(record, name, persons),
        spare_name=rules.with_number(customer.name, customer.number, mapping.LONGEST_CONTACT_NAME), customer=record,
        is_inactive=not customer.is_active,
    )  # fmt: skip


def _customer_record(customer: Customer, home: str, untaxed: Mapping[str, Any]) -> mapping.CustomerRecord:
    people = [
        mapping.PersonRecord(str(each.id), each.first_name, each.last_name, each.email, each.phone, each.is_primary)
        for each in customer.contacts
    ]
    billing, shipping = _address(customer.addresses, "billing"), _address(customer.addresses, "service")
    country = billing.country if billing else ""
    return mapping.CustomerRecord(
        customer.number, customer.kind, customer.name, customer.email, customer.phone, customer.payment_terms_days,
        billing, shipping, people,
        {**standing(home, country, customer.tax_treatment, customer.tax_number), **untaxed},
    )  # fmt: skip


def _address(addresses: Sequence[Address], use: str) -> mapping.AddressRecord | None:
    found = next((each for each in addresses if each.use == use), None)
    if found is None:
        return None
    return mapping.AddressRecord(found.street, found.city, found.state, found.postal_code, found.country)


def _item(session: Session, item_id: int) -> Source | None:
    item = session.get(Item, item_id, populate_existing=True)
    if item is None:
        return None
    currency, country = session.execute(select(Organisation.currency, Organisation.country)).one()
    tax_id = None if country in TAXED_BY_PLACE else each_unit.stand_ins(session).get(item.tax_id or 0, item.tax_id)
    untaxed = untaxed_item(country, reason_there(session, item.exemption_id))

    def build(twins: Twins, name: str, _persons: Mapping[str, str]) -> dict[str, Any]:
        record = mapping.ItemRecord(
            item.code, item.kind, item.name, item.description, item.unit, item.unit_price, currency,
            twins("tax", tax_id),
        )  # fmt: skip
        return mapping.item_payload(record, name) | untaxed

    return Source(
        f"{item.kind.capitalize()} {item.name}", item.name, build, needs=present(("tax", tax_id)),
        spare_name=rules.with_number(item.name, item.code, mapping.LONGEST_ITEM_NAME), is_inactive=not item.is_active,
    )  # fmt: skip


_WHOLE = (selectinload(Invoice.lines), joinedload(Invoice.balance_row))


def _invoice(session: Session, invoice_id: int) -> Source | None:
    invoice = session.get(Invoice, invoice_id, populate_existing=True, options=_WHOLE)
    if invoice is None or invoice.status == DRAFT or not (invoice.number and invoice.issued_on and invoice.due_on):
        return None
    number, issued_on, due_on = invoice.number, invoice.issued_on, invoice.due_on
    stands, beside = balance_of(invoice), sent_beside(session, invoice.id, invoice.currency)
    reasons, tax_ids = reasons_there(session), [*(line.tax_id for line in invoice.lines), invoice.shipping_tax_id]
    borne = dated_taxes.borne_by(session, tax_ids, invoice.breakdown or {})
    home = session.scalars(select(Organisation.country)).one()
    places = [line.place_of_supply for line in invoice.lines]
    place = place_there(home, places, standing_of(home).get("aliases", {}))

    def build(twins: Twins, name: str, _persons: Mapping[str, str]) -> dict[str, Any]:
        known = borne.naming(twins)
        record = mapping.InvoiceRecord(
            name, invoice.reference, issued_on, due_on, invoice.terms_days, twins("customer", invoice.customer_id),
            [_line(line, known, reasons) for line in invoice.lines],
            replace(_extras(invoice, known, beside), place_of_supply=place),
        )  # fmt: skip
        return mapping.invoice_payload(record)

    of_lines = [*(("item", line.item_id) for line in invoice.lines), *borne.needs]
    return Source(
        f"Invoice {number}", number, build, needs=present(("customer", invoice.customer_id), *of_lines),
        spare_name=rules.number_beside(number), unsettled=borne.unsettled, undecided=borne.undecided,
        invoice_ids=[invoice.id], figures=figures_of(invoice), is_void=invoice.status == "void",
        given_up=invoice.written_off.decimal if stands.is_written_off else None,
        is_open_again=bool(stands.written_off_minor) and not stands.is_written_off,
    )  # fmt: skip


def figures_of(invoice: Invoice) -> comparison.Figures:
    """Of an invoice that was sent, read with its lines."""
    return comparison.our_figures(
        invoice.number or "", [(line.name, line.line_total.decimal) for line in invoice.lines],
        Money(invoice.shipping_minor, invoice.currency).decimal, invoice.breakdown or {},
    )  # fmt: skip


def _line(line: InvoiceLine, twins: Twins, reasons: ReasonsThere) -> LineRecord:
    return LineRecord(
        line.name, line.description, line.quantity, line.unit, line.unit_price, line.line_total,
        twins("item", line.item_id), twins("tax", line.tax_id),
        line.discount.decimal if line.discount_minor else f"{line.discount_percent or 0:f}%",
        reasons.of_line(line.tax_id, line.tax_reason),
    )  # fmt: skip


def _extras(invoice: Invoice, twins: Twins, beside: Decimal) -> Extras:
    """From what was frozen at issue. Zoho takes no rounding of the total from us: it goes as part of the adjustment.

    beside  what a person had sent besides, so that both sides come to the same
    """
    frozen = invoice.breakdown or {}
    rounding = Decimal(frozen.get("rounding_adjustment", "0")) + beside
    reasons = [invoice.adjustment_reason or "Adjustment"] if invoice.adjustment_minor else []
    each_unit_taxes = each_unit.charged_beside(frozen)
    reasons += [name for name, _ in each_unit_taxes]
    return Extras(
        discount=Decimal(frozen.get("discount", "0")), is_discount_before_tax=invoice.discount_applied == "before_tax",
        shipping=Money(invoice.shipping_minor, invoice.currency).decimal,
        shipping_tax_remote_id=twins("tax", invoice.shipping_tax_id),
        adjustment=Money(invoice.adjustment_minor, invoice.currency).decimal + rounding
        + sum((amount for _, amount in each_unit_taxes), Decimal(0)),
        adjustment_reason=", ".join([*reasons, ROUNDING] if rounding else reasons),
        prices_include_tax=bool(frozen.get("policy", {}).get("price_includes_tax")),
    )  # fmt: skip


_READERS: dict[str, Callable[[Session, int], Source | None]] = {
    "tax": _tax, "customer": _customer, "item": _item, "invoice": _invoice, "payment": money_sources.payment,
    "credit_note": credit_note_source.credit_note, TAX_RATE: dated_taxes.read,
}  # fmt: skip

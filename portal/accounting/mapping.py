"""Our records as Zoho's payloads. Pure: rows are read elsewhere, ids of twins are looked up elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from babel import Locale

from portal.accounting.invoice_extras import Extras, extras_payload, known_ids
from portal.accounting.invoice_extras import LineRecord as LineRecord
from portal.shared.money import Money, decimals_of

PAYMENT_MODES = {
    "card": "creditcard", "terminal": "creditcard", "cash": "cash", "cheque": "check", "bank_transfer": "banktransfer",
}  # fmt: skip
REFUND_MODES = {"stripe": "creditcard", "dispute": "creditcard", "cash": "cash", "bank_transfer": "banktransfer"}
LONGEST_CONTACT_NAME, LONGEST_ITEM_NAME = 200, 100
_COUNTRIES = Locale("en").territories


@dataclass(frozen=True)
class PersonRecord:
    """key stays the same over edits, so that an update finds the person again."""

    key: str
    first_name: str
    last_name: str
    email: str
    phone: str
    is_primary: bool


@dataclass(frozen=True)
class AddressRecord:
    street: str
    city: str
    state: str
    postal_code: str
    country: str  # two letters


@dataclass(frozen=True)
class CustomerRecord:
    number: str
    kind: str
    name: str
    email: str
    phone: str
    payment_terms_days: int | None
    billing: AddressRecord | None
    shipping: AddressRecord | None
    people: Sequence[PersonRecord] = field(default_factory=tuple)
    standing: Mapping[str, Any] = field(default_factory=dict)  # for tax, in the edition's own fields


@dataclass(frozen=True)
class TaxRecord:
    name: str
    percentage: Decimal
    authority: str = ""  # where the edition has them


@dataclass(frozen=True)
class ItemRecord:
    code: str
    kind: str
    name: str
    description: str
    unit: str
    unit_price: Decimal
    currency: str
    tax_remote_id: str


@dataclass(frozen=True)
class InvoiceRecord:
    number: str
    reference: str
    issued_on: date
    due_on: date
    terms_days: int
    customer_remote_id: str
    lines: Sequence[LineRecord]
    extras: Extras = field(default_factory=Extras)


@dataclass(frozen=True)
class PaymentRecord:
    number: str
    reference: str
    provider_payment_id: str
    method: str
    received_on: date
    amount: Money
    customer_remote_id: str
    applied: Sequence[tuple[str, Money]]  # remote invoice id, how much


def tax_payload(tax: TaxRecord) -> dict[str, Any]:
    payload = {"tax_name": tax.name, "tax_percentage": _plain(tax.percentage), "tax_type": "tax"}
    return payload | ({"tax_authority_name": tax.authority} if tax.authority else {})


def contact_payload(customer: CustomerRecord, name: str, person_ids: Mapping[str, str]) -> dict[str, Any]:
    """
    name        the customer's, or the one that is free in Zoho
    person_ids  key → contact_person_id of those Zoho has: it replaces the whole list and drops whoever lacks an id
    """
    payload: dict[str, Any] = {
        "contact_name": name,
        "contact_type": "customer",
        "customer_sub_type": customer.kind,
        "contact_number": customer.number,
        "ignore_auto_number_generation": True,
        "contact_persons": [_person(person, person_ids) for person in people_of(customer)],
        **customer.standing,
    }
    if customer.kind == "business":
        payload["company_name"] = customer.name
    if customer.payment_terms_days is not None:
        payload["payment_terms"] = customer.payment_terms_days
    for key, address in (("billing_address", customer.billing), ("shipping_address", customer.shipping)):
        if address is not None:
            payload[key] = _address(address)
    return payload


def people_of(customer: CustomerRecord) -> list[PersonRecord]:
    """Its contacts; before them the customer's own e-mail and phone where no contact has them."""
    people = list(customer.people)
    known = {person.email for person in people}
    if (customer.email and customer.email not in known) or (customer.phone and not people):
        first, _, last = customer.name.rpartition(" ") if customer.kind == "individual" else (customer.name, "", "")
        people.insert(0, PersonRecord("own", first[:100], last[:100], customer.email, customer.phone, is_primary=False))
    chosen = next((at for at, person in enumerate(people) if person.is_primary), 0)
    return [
        PersonRecord(each.key, each.first_name, each.last_name, each.email, each.phone, is_primary=at == chosen)
        for at, each in enumerate(people)
    ]


def person_ids(customer: CustomerRecord, answered: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """key → contact_person_id, read from the persons of an answer by what they are called."""
    ids = {
        tuple(str(each.get(part) or "") for part in ("first_name", "last_name", "email")): str(
            each["contact_person_id"]
        )
        for each in answered
    }
    people = people_of(customer)
    return {
        person.key: ids[person.first_name, person.last_name, person.email]
        for person in people if (person.first_name, person.last_name, person.email) in ids
    }  # fmt: skip


def item_payload(item: ItemRecord, name: str) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "name": name,
        "sku": item.code,
        "rate": _rate(item.unit_price, item.currency),
        "description": item.description,
        "product_type": "service" if item.kind == "service" else "goods",
    }
    if item.unit:
        payload["unit"] = item.unit
    if item.tax_remote_id:
        payload["tax_id"] = item.tax_remote_id
    return payload


def invoice_payload(invoice: InvoiceRecord) -> dict[str, Any]:
    return {
        "customer_id": invoice.customer_remote_id,
        "invoice_number": invoice.number,
        "reference_number": invoice.reference,
        "date": invoice.issued_on.isoformat(),
        "payment_terms": invoice.terms_days,
        "due_date": invoice.due_on.isoformat(),
        "is_inclusive_tax": invoice.extras.prices_include_tax,
        "line_items": [_line(line, order) for order, line in enumerate(invoice.lines, 1)],
        **extras_payload(invoice.extras),
    }


def payment_payload(payment: PaymentRecord) -> dict[str, Any]:
    return {
        "customer_id": payment.customer_remote_id,
        "payment_mode": PAYMENT_MODES.get(payment.method, "others"),
        "amount": payment.amount.decimal,
        "date": payment.received_on.isoformat(),
        "reference_number": payment.provider_payment_id,
        "description": " · ".join(filter(None, [payment.number, payment.reference])),
        "invoices": [
            {"invoice_id": remote_id, "amount_applied": amount.decimal} for remote_id, amount in payment.applied
        ],
    }


def _line(line: LineRecord, order: int) -> dict[str, Any]:
    """Zoho rounds a rate to the currency's decimals before it multiplies. A finer price therefore goes as one piece of
    the line's own total, with quantity and price told in words, so that both sides agree to the cent."""
    decimals = decimals_of(line.total.currency)
    is_fine = line.unit_price != round(line.unit_price, decimals)
    told = f"{_plain(line.quantity)} {line.unit}".strip() + f" × {_plain(line.unit_price)}"
    payload: dict[str, Any] = {
        "name": line.name,
        "description": f"{told}\n{line.description}".strip()[:2000] if is_fine else line.description,
        "rate": line.total.decimal if is_fine else _rate(line.unit_price, line.total.currency),
        "quantity": Decimal(1) if is_fine else _plain(line.quantity),
        "item_order": order,
        "tax_id": line.tax_remote_id,  # "" keeps the item's own tax from stepping in
    }
    if line.discount and not is_fine:
        payload["discount"] = line.discount
    if line.unit and not is_fine:
        payload["unit"] = line.unit
    return payload | known_ids(line)


def _person(person: PersonRecord, person_ids: Mapping[str, str]) -> dict[str, Any]:
    payload = {
        "first_name": person.first_name, "last_name": person.last_name, "email": person.email,
        "phone": person.phone, "is_primary_contact": person.is_primary,
    }  # fmt: skip
    if person.key in person_ids:
        payload["contact_person_id"] = person_ids[person.key]
    return payload


def _address(address: AddressRecord) -> dict[str, Any]:
    return {
        "address": address.street, "city": address.city, "state": address.state, "zip": address.postal_code,
        "country": str(_COUNTRIES.get(address.country, address.country)),
    }  # fmt: skip


def _rate(price: Decimal, currency: str) -> Decimal:
    return price.quantize(Decimal(1).scaleb(-decimals_of(currency)), rounding=ROUND_HALF_UP)


def _plain(value: Decimal) -> Decimal:
    """Without the zeros that a column's scale adds, and without an exponent."""
    short = value.normalize()
    return short if short.as_tuple().exponent <= 0 else short.quantize(Decimal(1))  # type: ignore[operator]

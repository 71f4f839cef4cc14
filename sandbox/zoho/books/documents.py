"""What invoices and credit notes share: customer, lines, terms, totals."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from .. import arithmetic, errors, fields
from ..ledger import Ledger
from ..wire import Record, as_number
from . import lines, taxes

KEPT = (
    "reference_number", "notes", "terms", "payment_terms_label", "is_inclusive_tax", "is_discount_before_tax",
    "discount_type", "salesperson_name", "adjustment_description", "template_id", "allow_partial_payments",
    "payment_options", "place_of_supply", "gst_treatment", "gst_no", "vat_treatment", "tax_treatment",
    "is_reverse_charge_applied", "tax_authority_id", "tax_exemption_id", "billing_address_id",
    "shipping_address_id", "shipping_charge_tax_id", "cfdi_usage", "location_id", "reason",
)  # fmt: skip
USUAL: Record = {
    "reference_number": "", "notes": "", "terms": "", "payment_terms": 0, "payment_terms_label": "Due on Receipt",
    "is_inclusive_tax": False, "is_discount_before_tax": True, "discount_type": "item_level", "discount": 0,
    "shipping_charge": 0, "shipping_charge_tax_id": "", "adjustment": 0, "adjustment_description": "Adjustment",
    "salesperson_name": "", "template_id": "", "template_name": "Standard Template", "contact_persons": [],
    "custom_fields": [], "line_items": [], "sub_statuses": [], "allow_partial_payments": False,
    "payment_options": {"payment_gateways": []}, "rounding_mode": "round_half_up", "vat_treatment": "",
}  # fmt: skip


def write(books: Ledger, module: str, document: Record, body: Any) -> Record:
    """The document with a body laid over it and its totals computed anew."""
    fields.require(body)
    document = USUAL | document
    _set_customer(books, document, body)
    document |= fields.known(body, KEPT)
    _check_choices(document)
    _set_amounts(document, body)
    _set_dates(books, document, body)
    if "line_items" in body:
        document["line_items"] = lines.read(books, body["line_items"], document["line_items"])
    if "custom_fields" in body:
        own_id = document.get("invoice_id") or document.get("creditnote_id") or ""
        document["custom_fields"] = fields.custom_fields(books, module, body["custom_fields"], own_id)
    return total(books, document)


def total(books: Ledger, document: Record) -> Record:
    """Compute and store the totals, the taxes and each line's share of them."""
    items = document["line_items"]
    by_item = document["discount_type"] == "item_level"
    found = arithmetic.compute([lines.priced(books, one, by_item) for one in items], _terms(books, document))
    for line, totals in zip(items, found.lines, strict=True):
        lines.store_totals(line, totals, inclusive=document["is_inclusive_tax"])
    document |= {
        "sub_total": found.sub_total, "tax_total": found.tax_total, "total": found.total,
        "total_taxable_amount": found.taxable, "roundoff_value": found.roundoff,
        "discount_total": found.discount + sum((one.discount for one in found.lines), Decimal(0)),
        "discount_amount": found.discount, "shipping_charge_exclusive_of_tax": found.shipping,
        "shipping_charge_inclusive_of_tax": found.shipping + found.shipping_tax,
        "sub_total_inclusive_of_tax": _gross(found) if document["is_inclusive_tax"] else 0,
        "taxes": [{"tax_id": tax.tax_id, "tax_name": tax.name, "tax_percentage": tax.percentage,
                   "tax_amount": amount} for tax, amount in found.taxes],
        "tax_rounding": books.settings["tax_rounding"],
        "transaction_rounding_type": books.settings["rounding_type"],
    }  # fmt: skip
    return document


def customer_facts(books: Ledger, document: Record) -> Record:
    """What an answer repeats of the customer and of the currency."""
    contact = books.find("contacts", document["customer_id"])
    currency = books.currency(document["currency_id"])
    people = {one["contact_person_id"]: one for one in contact["contact_persons"]}
    primary = people.get(contact["primary_contact_id"], {})
    return {
        "customer_name": contact["contact_name"], "company_name": contact["company_name"],
        "email": primary.get("email", ""), "phone": primary.get("phone", ""),
        "currency_code": currency["currency_code"], "currency_symbol": currency["currency_symbol"],
        "price_precision": currency["price_precision"],
        "billing_address": contact["billing_address"], "shipping_address": contact["shipping_address"],
        "contact_persons_associated": [_associated(people[one]) for one in document["contact_persons"]
                                       if one in people],
        "custom_field_hash": fields.custom_field_hash(document["custom_fields"]),
    }  # fmt: skip


def _associated(person: Record) -> Record:
    return {"contact_person_id": person["contact_person_id"], "first_name": person["first_name"],
            "last_name": person["last_name"], "contact_person_email": person["email"],
            "phone": person["phone"], "mobile": person["mobile"],
            "contact_person_name": f"{person['first_name']} {person['last_name']}".strip(),
            "communication_preference": {"is_email_enabled": True}}  # fmt: skip


def _set_customer(books: Ledger, document: Record, body: Record) -> None:
    if body.get("customer_id"):
        document["customer_id"] = str(body["customer_id"])
    contact = books.store.peek(books.id, "contacts", document.get("customer_id", ""))
    if contact is None:
        raise errors.Refusal(404, 1002, "The Customer is not accessible.")
    if "currency_id" in body or "currency_id" not in document:
        document["currency_id"] = books.currency(body.get("currency_id") or contact["currency_id"])["currency_id"]
    if "contact_persons" in body:
        _check_persons(contact, body["contact_persons"])
        document["contact_persons"] = list(body["contact_persons"])
    if "payment_terms" not in body and "created_time" not in document:
        document |= {name: contact[name] for name in ("payment_terms", "payment_terms_label")}


def _check_persons(contact: Record, given: Any) -> None:
    known = {one["contact_person_id"] for one in contact["contact_persons"]}
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise errors.invalid_value("contact_persons")
    if not set(given) <= known:
        raise errors.gone("Contact Person")


def _check_choices(document: Record) -> None:
    if document["discount_type"] not in ("item_level", "entity_level"):
        raise errors.invalid_value("discount_type")
    for name, limit in (("reference_number", 100), ("notes", 5000), ("terms", 10000)):
        fields.text(document, name, limit)


def _set_amounts(document: Record, body: Record) -> None:
    for name in ("shipping_charge", "adjustment"):
        if name in body:
            document[name] = as_number(body[name], name)
    if "discount" in body:
        document["discount"] = lines.discount(body["discount"])
    rate = as_number(body.get("exchange_rate", document.get("exchange_rate")), "exchange_rate")
    document["exchange_rate"] = rate or Decimal(1)


def _set_dates(books: Ledger, document: Record, body: Record) -> None:
    before = document.get("date", "")
    document["date"] = fields.day(body, "date", before or books.today().isoformat())
    books.check_open(before, document["date"])
    document["payment_terms"] = fields.whole(body, "payment_terms", "Payment Terms", document["payment_terms"])
    moved = {"date", "payment_terms"} & set(body) or "due_date" not in document
    days = timedelta(days=document["payment_terms"])
    counted = (date.fromisoformat(document["date"]) + days).isoformat()
    document["due_date"] = fields.day(body, "due_date", counted if moved else document["due_date"])


def _terms(books: Ledger, document: Record) -> arithmetic.Terms:
    whole_document = document["discount_type"] == "entity_level"
    return arithmetic.Terms(
        precision=books.currency(document["currency_id"])["price_precision"],
        inclusive=bool(document["is_inclusive_tax"]),
        discount=document["discount"] if whole_document else Decimal(0),
        discount_before_tax=bool(document["is_discount_before_tax"]),
        shipping=Decimal(document["shipping_charge"]),
        shipping_taxes=taxes.members(books, document["shipping_charge_tax_id"]),
        adjustment=Decimal(document["adjustment"]),
        item_level=books.settings["tax_rounding"] == "item_level",
        increment=Decimal(str(books.settings["rounding_increment"])),
    )


def _gross(found: arithmetic.Totals) -> Decimal:
    return sum((one.net for one in found.lines), Decimal(0))

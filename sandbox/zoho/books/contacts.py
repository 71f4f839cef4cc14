"""Customers: contacts and what a contact's answer says about its money."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

from .. import errors, fields
from ..ledger import Ledger
from ..listing import Listing, answer_list
from ..registry import Call, operation
from ..wire import Answer, Record, as_number
from . import persons, upsert

KEPT = (
    "company_name", "website", "language_code", "customer_sub_type", "contact_number", "notes", "owner_id",
    "gst_no", "gst_treatment", "place_of_contact", "tax_treatment", "tax_reg_no", "vat_treatment", "vat_reg_no",
    "country_code", "is_taxable", "tax_id", "tax_authority_id", "tax_exemption_id", "track_1099", "tax_regime",
    "legal_name", "tax_exemption_certificate_number", "payment_terms_label", "default_templates",
    "opening_balances",
)  # fmt: skip
ADDRESS = ("attention", "address", "street2", "city", "state", "state_code", "zip", "country", "country_code",
           "phone", "fax")  # fmt: skip
LISTED = (
    "contact_id", "contact_name", "customer_name", "company_name", "contact_type", "customer_sub_type", "status",
    "payment_terms", "payment_terms_label", "currency_id", "currency_code", "first_name", "last_name", "email",
    "phone", "mobile", "source", "created_time", "last_modified_time", "outstanding_receivable_amount",
    "outstanding_receivable_amount_bcy", "unused_credits_receivable_amount",
    "unused_credits_receivable_amount_bcy", "custom_fields", "custom_field_hash", "contact_number", "website",
)  # fmt: skip
LISTING = Listing(
    "contacts", "Contacts",
    sorts=("contact_name", "first_name", "last_name", "email", "outstanding_receivable_amount", "created_time",
           "last_modified_time"),
    default_sort=("contact_name", "A"),
    texts=("contact_name", "company_name", "first_name", "last_name", "email", "phone"),
    exact=("contact_type",),
    searched=("contact_name", "company_name", "email", "phone", "notes"),
    filters={"Status.Active": lambda row: row["status"] == "active",
             "Status.Inactive": lambda row: row["status"] == "inactive",
             "Invoice.Unpaid": lambda row: row["outstanding_receivable_amount"] > 0},
    by_modification=True,
)  # fmt: skip


@operation("POST /contacts", "contacts.CREATE")
def create_contact(call: Call) -> Answer:
    fields.require(call.body, "contact_name")
    contact = _written(call.books, {"status": "active", "source": "api"}, call.body)
    added = call.books.add("contacts", contact)
    location = f"/api/v3/contacts/{added['contact_id']}"
    return Answer({"contact": show(call.books, added)}, "The contact has been added.", 201, location)


@operation("GET /contacts", "contacts.READ")
def list_contacts(call: Call) -> Answer:
    money = balances(call.books)
    full = [_with_money(call.books, row, money) for row in call.books.all("contacts")]
    return answer_list(call, LISTING, [{name: row.get(name, "") for name in LISTED} for row in full])


@operation("PUT /contacts", "contacts.UPDATE", books_only=True)
def upsert_contact(call: Call) -> Answer:
    return upsert.by_custom_field(call, "contacts", create_contact, update_contact)


@operation("DELETE /contacts", "contacts.DELETE")
def delete_contacts(call: Call) -> Answer:
    for contact_id in call.ids("contact_ids"):
        delete_contact(call, contact_id)
    return Answer(message="The contacts have been deleted.")


@operation("GET /contacts/{contact_id}", "contacts.READ")
def get_contact(call: Call, contact_id: str) -> Answer:
    return Answer({"contact": show(call.books, call.books.find("contacts", contact_id))})


@operation("PUT /contacts/{contact_id}", "contacts.UPDATE")
def update_contact(call: Call, contact_id: str) -> Answer:
    contact = _written(call.books, call.books.take("contacts", contact_id), call.body)
    call.books.keep("contacts", contact)
    return Answer({"contact": show(call.books, contact)}, "Contact information has been saved.")


@operation("DELETE /contacts/{contact_id}", "contacts.DELETE")
def delete_contact(call: Call, contact_id: str) -> Answer:
    call.books.find("contacts", contact_id)
    if has_transactions(call.books, contact_id):
        raise errors.in_use("customer")
    call.books.drop("contacts", contact_id)
    return Answer(message="The customer has been deleted.")


@operation("POST /contacts/{contact_id}/active", "contacts.CREATE")
def mark_active(call: Call, contact_id: str) -> Answer:
    return _mark(call, contact_id, "active")


@operation("POST /contacts/{contact_id}/inactive", "contacts.CREATE")
def mark_inactive(call: Call, contact_id: str) -> Answer:
    return _mark(call, contact_id, "inactive")


@operation("POST /contacts/{contact_id}/merge", "contacts.CREATE")
def merge_contact(call: Call, contact_id: str) -> Answer:
    """The contact's transactions become those of another, and it is gone. The documents name no body: the other one's
    id is taken from `contact_id` in it."""
    master = call.books.find("contacts", fields.text(call.body, "contact_id"))
    call.books.find("contacts", contact_id)
    for module in ("invoices", "customerpayments", "creditnotes"):
        for row in call.books.all(module):
            if row["customer_id"] == contact_id:
                call.books.keep(module, row | {"customer_id": master["contact_id"]})
    call.books.drop("contacts", contact_id)
    return Answer(message="The contacts have been merged.")


def show(books: Ledger, contact: Record) -> Record:
    """A contact as GET answers it."""
    shown = _with_money(books, contact, balances(books))
    shown["has_transaction"] = has_transactions(books, contact["contact_id"])
    if books.product == "books":
        shown |= {"outstanding_payable_amount": 0, "unused_credits_payable_amount": 0}
    return shown


def has_transactions(books: Ledger, contact_id: str) -> bool:
    return any(row["customer_id"] == contact_id
               for module in ("invoices", "customerpayments", "creditnotes")
               for row in books.all(module))  # fmt: skip


def balances(books: Ledger) -> dict[str, tuple[Decimal, Decimal]]:
    """Per contact: what is owed to us, and what of the customer's money is unused."""
    owed: dict[str, Decimal] = defaultdict(Decimal)
    unused: dict[str, Decimal] = defaultdict(Decimal)
    for invoice in books.all("invoices"):
        if invoice["status"] not in ("draft", "void"):
            owed[invoice["customer_id"]] += invoice["balance"]
    for payment in books.all("customerpayments"):
        unused[payment["customer_id"]] += payment["unused_amount"]
    for note in books.all("creditnotes"):
        if note["status"] == "open":
            unused[note["customer_id"]] += note["balance"]
    return {one: (owed[one], unused[one]) for one in {*owed, *unused}}


def _with_money(books: Ledger, contact: Record, money: dict[str, tuple[Decimal, Decimal]]) -> Record:
    owed, unused = money.get(contact["contact_id"], (Decimal(0), Decimal(0)))
    currency = books.currency(contact["currency_id"])
    return {
        **contact, **persons.primary_facts(contact), "customer_name": contact["contact_name"],
        "outstanding_receivable_amount": owed, "outstanding_receivable_amount_bcy": owed,
        "unused_credits_receivable_amount": unused, "unused_credits_receivable_amount_bcy": unused,
        "currency_code": currency["currency_code"], "currency_symbol": currency["currency_symbol"],
        "price_precision": currency["price_precision"],
        "custom_field_hash": fields.custom_field_hash(contact["custom_fields"]),
    }  # fmt: skip


def _written(books: Ledger, contact: Record, body: Record) -> Record:
    """The contact with what the body says laid over it: top-level fields merge, arrays are replaced."""
    fields.require(body)
    if "contact_name" in body:
        contact["contact_name"] = _free_name(books, body, contact.get("contact_id", ""))
    contact |= _plain_fields(body)
    _set_currency(books, contact, body)
    for name in ("billing_address", "shipping_address"):
        contact[name] = _address(books, contact.get(name), body.get(name))
    if "contact_persons" in body or "contact_persons" not in contact:
        persons.replace_all(books, contact, body.get("contact_persons"))
    if "custom_fields" in body or "custom_fields" not in contact:
        contact["custom_fields"] = fields.custom_fields(
            books, "contacts", body.get("custom_fields"), contact.get("contact_id", ""))  # fmt: skip
    return _with_defaults(contact)


def _with_defaults(contact: Record) -> Record:
    usual = {"company_name": "", "website": "", "notes": "", "contact_type": "customer", "language_code": "",
             "customer_sub_type": "business", "payment_terms": 0, "payment_terms_label": "Due on Receipt",
             "payment_terms_id": "", "credit_limit": 0, "is_taxable": True, "tax_id": "", "owner_id": "",
             "contact_number": "", "payment_reminder_enabled": True, "opening_balances": []}  # fmt: skip
    return usual | contact


def _plain_fields(body: Record) -> Record:
    plain = fields.known(body, KEPT)
    if "contact_type" in body:
        if body["contact_type"] not in ("customer", "vendor"):
            raise errors.invalid_value("contact_type")
        plain["contact_type"] = body["contact_type"]
    if "payment_terms" in body:
        plain["payment_terms"] = fields.whole(body, "payment_terms", "Payment Terms")
    if "credit_limit" in body:
        plain["credit_limit"] = as_number(body["credit_limit"], "credit_limit")
    return plain


def _free_name(books: Ledger, body: Record, own_id: str) -> str:
    """Names are unique in an organisation, whatever their case, inactive and vendor contacts included."""
    name = fields.text(body, "contact_name", 200).strip()
    if not name:
        raise errors.missing_value("contact_name")
    for row in books.all("contacts"):
        if row["contact_name"].casefold() == name.casefold() and row["contact_id"] != own_id:
            raise errors.name_taken(name)
    return name


def _set_currency(books: Ledger, contact: Record, body: Record) -> None:
    if "currency_id" not in body and "currency_id" in contact:
        return
    currency_id = books.currency(body.get("currency_id"))["currency_id"]
    if contact.get("currency_id", currency_id) != currency_id and has_transactions(books, contact["contact_id"]):
        raise errors.invalid_value("currency_id")
    contact["currency_id"] = currency_id


def _address(books: Ledger, before: Any, given: Any) -> Record:
    if before and given is None:
        return dict(before)
    if given is not None and not isinstance(given, dict):
        raise errors.invalid_value("address")
    address_id = before["address_id"] if before else books.new_id()
    texts = {name: fields.text(given or {}, name, 500 if name == "address" else 255) for name in ADDRESS}
    return {"address_id": address_id, **texts}


def _mark(call: Call, contact_id: str, status: str) -> Answer:
    contact = call.books.take("contacts", contact_id) | {"status": status}
    call.books.keep("contacts", contact)
    return Answer(message=f"The contact has been marked as {status}.")

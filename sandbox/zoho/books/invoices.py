"""Invoices: create, read, list, change, delete."""

from decimal import Decimal
from typing import Any

from .. import errors, fields
from ..ledger import Ledger
from ..listing import answer_list
from ..registry import Call, operation
from ..wire import Answer, Record
from . import applications, documents, upsert
from .invoice_answers import INVOICES, row_of, show

PDF = b"%PDF-1.4\n% Zoho stand-in: no real invoice\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


@operation("POST /invoices", "invoices.CREATE")
def create_invoice(call: Call) -> Answer:
    fields.require(call.body, "customer_id", "line_items")
    invoice = documents.write(call.books, "invoices", _blank(), call.body)
    invoice["invoice_number"] = _number(call, invoice)
    invoice = call.books.add("invoices", invoice)
    if call.says("send") or call.body.get("send") is True:
        invoice |= {"stage": "sent", "is_emailed": True}
    _store(call.books, invoice)
    location = f"/api/v3/invoices/{invoice['invoice_id']}"
    return Answer({"invoice": show(call.books, invoice)}, "The invoice has been created.", 201, location)


@operation("GET /invoices", "invoices.READ")
def list_invoices(call: Call) -> Answer:
    rows = [row_of(call.books, invoice) for invoice in call.books.all("invoices")]
    return answer_list(call, INVOICES, rows)


@operation("PUT /invoices", "invoices.UPDATE", books_only=True)
def upsert_invoice(call: Call) -> Answer:
    return upsert.by_custom_field(call, "invoices", create_invoice, update_invoice)


@operation("DELETE /invoices", "invoices.DELETE")
def delete_invoices(call: Call) -> Answer:
    for invoice_id in call.ids("invoice_ids"):
        delete_invoice(call, invoice_id)
    return Answer(message="The invoices have been deleted.")


@operation("GET /invoices/{invoice_id}", "invoices.READ")
def get_invoice(call: Call, invoice_id: str) -> Answer:
    invoice = call.books.find("invoices", invoice_id)
    if call.query.get("accept") == "pdf":
        return Answer(binary=PDF)
    return Answer({"invoice": show(call.books, invoice)})


@operation("PUT /invoices/{invoice_id}", "invoices.UPDATE")
def update_invoice(call: Call, invoice_id: str) -> Answer:
    before = call.books.find("invoices", invoice_id)
    invoice = documents.write(call.books, "invoices", call.books.take("invoices", invoice_id), call.body)
    _check_change(before, invoice)
    if call.body.get("invoice_number"):
        invoice["invoice_number"] = _free_number(call.books, fields.text(call.body, "invoice_number"), invoice_id)
    _store(call.books, invoice)
    return Answer({"invoice": show(call.books, invoice)}, "Invoice information has been updated.")


@operation("PUT /invoice/{invoice_id}/customfields", "invoices.UPDATE")
def update_custom_fields(call: Call, invoice_id: str) -> Answer:
    invoice = call.books.take("invoices", invoice_id)
    invoice["custom_fields"] = fields.custom_fields(call.books, "invoices", call.body, invoice_id)
    call.books.keep("invoices", invoice)
    return Answer(message="Custom Fields Updated Successfully")


@operation("DELETE /invoices/{invoice_id}", "invoices.DELETE")
def delete_invoice(call: Call, invoice_id: str) -> Answer:
    call.books.find("invoices", invoice_id)
    kinds = {row["kind"] for row in applications.of_invoice(call.books, invoice_id)}
    if applications.PAYMENT in kinds:
        sentence = "Payments have been recorded for these invoices. Hence they cannot be deleted"
        raise errors.Refusal(400, 4001, sentence)
    if applications.CREDIT in kinds:
        raise errors.Refusal(400, 12008, "This invoice has credits applied to it. Hence, it cannot be deleted")
    call.books.drop("invoices", invoice_id)
    return Answer(message="The invoice has been deleted.")


def _blank() -> Record:
    return {"stage": "draft", "status": "draft", "write_off_amount": Decimal(0), "payment_made": Decimal(0),
            "credits_applied": Decimal(0), "is_emailed": False, "is_viewed_by_client": False,
            "invoice_source": "Api", "issued_date": "", "notes": "Thanks for your business.",
            "payment_reminder_enabled": True, "reminders_sent": 0, "last_payment_date": ""}  # fmt: skip


def _store(books: Ledger, invoice: Record) -> None:
    applications.recount_invoice(books, invoice)
    books.keep("invoices", invoice)


def _number(call: Call, invoice: Record) -> str:
    """The organisation's next number, unless the caller insists on its own."""
    if call.says("ignore_auto_number_generation") or not call.books.settings["auto_number"]:
        fields.require(call.body, "invoice_number")
        return _free_number(call.books, fields.text(call.body, "invoice_number"), "")
    return next_free_number(call.books, "INV-", 6, "invoices", "invoice_number")


def next_free_number(books: Ledger, prefix: str, digits: int, module: str, name: str) -> str:
    taken = {row[name] for row in books.all(module)}
    while True:
        number = f"{prefix}{books.next_number(module):0{digits}d}"
        if number not in taken:
            return number


def _free_number(books: Ledger, number: str, own_id: str) -> str:
    for row in books.all("invoices"):
        if row["invoice_number"] == number and row["invoice_id"] != own_id:
            raise errors.already_exists(f'Invoice Number "{number}"')
    return number


def _check_change(before: Record, after: Record) -> None:
    received: Any = before["payment_made"] + before["credits_applied"]
    if before["customer_id"] != after["customer_id"] and received:
        sentence = "customer of this invoice cannot be changed because payments have been recorded"
        raise errors.Refusal(400, 3010, sentence)
    if after["total"] < received:
        raise errors.over_applied()

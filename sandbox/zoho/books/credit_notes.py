"""Credit notes: draft, open, closed (used up) or void."""

from decimal import Decimal

from .. import errors, fields
from ..ledger import Ledger
from ..listing import Listing, answer_list, having
from ..registry import Call, operation
from ..wire import Answer, Record
from . import applications, documents, upsert
from .invoices import next_free_number

LISTED = ("creditnote_id", "creditnote_number", "status", "reference_number", "date", "total", "balance",
          "customer_id", "customer_name", "currency_id", "currency_code", "created_time", "last_modified_time",
          "is_emailed", "custom_fields", "custom_field_hash")  # fmt: skip
STATUSES = ("draft", "open", "closed", "void")
LISTING = Listing(
    "creditnotes", "Credit Notes",
    sorts=("customer_name", "creditnote_number", "balance", "total", "date", "created_time", "last_modified_time"),
    default_sort=("created_time", "D"), texts=("creditnote_number", "reference_number", "customer_name"),
    amounts=("total",), dates=("date",), exact=("customer_id",), statuses={one: (one,) for one in STATUSES},
    searched=("creditnote_number", "reference_number", "customer_name"),
    filters={f"Status.{one.title()}": having("status", one) for one in STATUSES},
    by_modification=True,
)  # fmt: skip


@operation("POST /creditnotes", "creditnotes.CREATE")
def create_credit_note(call: Call) -> Answer:
    fields.require(call.body, "customer_id", "date", "line_items")
    stage = "draft" if call.body.get("is_draft") else "open"
    note = documents.write(call.books, "creditnotes", {"status": stage, "is_emailed": False}, call.body)
    note |= {"creditnote_number": _number(call), "balance": note["total"]}
    note = call.books.add("creditnotes", note)
    if call.query.get("invoice_id"):
        _apply_to(call.books, note, call.query["invoice_id"])
    location = f"/api/v3/creditnotes/{note['creditnote_id']}"
    return Answer({"creditnote": show(call.books, note["creditnote_id"])}, "The credit note has been created.",
                  201, location)  # fmt: skip


@operation("GET /creditnotes", "creditnotes.READ")
def list_credit_notes(call: Call) -> Answer:
    rows = [note | documents.customer_facts(call.books, note) for note in call.books.all("creditnotes")]
    return answer_list(call, LISTING, [{name: row[name] for name in LISTED} for row in rows])


@operation("PUT /creditnotes", "creditnotes.UPDATE", books_only=True)
def upsert_credit_note(call: Call) -> Answer:
    return upsert.by_custom_field(call, "creditnotes", create_credit_note, update_credit_note)


@operation("GET /creditnotes/{creditnote_id}", "creditnotes.READ")
def get_credit_note(call: Call, creditnote_id: str) -> Answer:
    return Answer({"creditnote": show(call.books, creditnote_id)})


@operation("PUT /creditnotes/{creditnote_id}", "creditnotes.UPDATE")
def update_credit_note(call: Call, creditnote_id: str) -> Answer:
    note = documents.write(call.books, "creditnotes", call.books.take("creditnotes", creditnote_id), call.body)
    call.books.keep("creditnotes", note)
    applications.settle_source(call.books, applications.CREDIT, creditnote_id)
    if call.books.find("creditnotes", creditnote_id)["balance"] < 0:
        raise errors.over_applied()
    return Answer({"creditnote": show(call.books, creditnote_id)}, "The credit note has been updated.")


@operation("DELETE /creditnotes/{creditnote_id}", "creditnotes.DELETE")
def delete_credit_note(call: Call, creditnote_id: str) -> Answer:
    _check_untouched(call.books, creditnote_id)
    call.books.drop("creditnotes", creditnote_id)
    return Answer(message="The credit note has been deleted.")


@operation("POST /creditnotes/{creditnote_id}/status/open", "creditnotes.CREATE")
def mark_open(call: Call, creditnote_id: str) -> Answer:
    _mark(call.books, creditnote_id, "open")
    return Answer(message="Status of the credit note has been changed to open.")


@operation("POST /creditnotes/{creditnote_id}/status/draft", "creditnotes.CREATE")
def mark_draft(call: Call, creditnote_id: str) -> Answer:
    _mark(call.books, creditnote_id, "draft")
    return Answer(message="The credit note has been marked as Draft.")


@operation("POST /creditnotes/{creditnote_id}/status/void", "creditnotes.CREATE")
def mark_void(call: Call, creditnote_id: str) -> Answer:
    _mark(call.books, creditnote_id, "void")
    return Answer(message="The credit note has been marked as void.")


@operation("POST /creditnotes/{creditnote_id}/email", "creditnotes.CREATE")
def email_credit_note(call: Call, creditnote_id: str) -> Answer:
    call.books.keep("creditnotes", call.books.take("creditnotes", creditnote_id) | {"is_emailed": True})
    return Answer(message="Your creditnote has been sent.")


@operation("POST /creditnotes/{creditnote_id}/invoices", "creditnotes.CREATE")
def apply_to_invoices(call: Call, creditnote_id: str) -> Answer:
    fields.require(call.body, "invoices")
    note = call.books.find("creditnotes", creditnote_id)
    _check_open(note)
    applications.apply(call.books, applications.CREDIT, note, creditnote_id, call.body["invoices"])
    return Answer(message="Credits have been applied to the invoice(s).")


@operation("GET /creditnotes/{creditnote_id}/invoices", "creditnotes.READ")
def list_credited_invoices(call: Call, creditnote_id: str) -> Answer:
    note = call.books.find("creditnotes", creditnote_id)
    rows = [{"creditnote_id": creditnote_id, "creditnote_number": note["creditnote_number"],
             "creditnote_invoice_id": one["application_id"], "date": one["date"], **_credited(call.books, one)}
            for one in applications.of_source(call.books, applications.CREDIT, creditnote_id)]  # fmt: skip
    return Answer({"invoices_credited": rows})


@operation("DELETE /creditnotes/{creditnote_id}/invoices/{creditnote_invoice_id}", "creditnotes.DELETE")
def take_credit_off(call: Call, creditnote_id: str, creditnote_invoice_id: str) -> Answer:
    application = call.books.find("applications", creditnote_invoice_id)
    if application["source_id"] != creditnote_id:
        raise errors.gone("Credit")
    applications.take_off(call.books, application)
    return Answer(message="Credits applied to an invoice have been deleted.")


def show(books: Ledger, creditnote_id: str) -> Record:
    note = books.find("creditnotes", creditnote_id)
    applied = applications.of_source(books, applications.CREDIT, creditnote_id)
    refunds = [row for row in books.all("creditnoterefunds") if row["creditnote_id"] == creditnote_id]
    invoices = [_credited(books, one) for one in applied]
    return {**note, **documents.customer_facts(books, note), "updated_time": note["last_modified_time"],
            "invoices": [{"invoice_id": one["invoice_id"], "invoice_number": one["invoice_number"],
                          "amount": one["credited_amount"]} for one in invoices],
            "invoices_credited": invoices, "creditnote_refunds": refunds}  # fmt: skip


def _credited(books: Ledger, application: Record) -> Record:
    invoice = books.find("invoices", application["invoice_id"])
    return {"invoice_id": invoice["invoice_id"], "invoice_number": invoice["invoice_number"],
            "credited_amount": application["amount"]}  # fmt: skip


def _number(call: Call) -> str:
    if not call.says("ignore_auto_number_generation"):
        return next_free_number(call.books, "CN-", 5, "creditnotes", "creditnote_number")
    fields.require(call.body, "creditnote_number")
    number = fields.text(call.body, "creditnote_number")
    if any(row["creditnote_number"] == number for row in call.books.all("creditnotes")):
        raise errors.already_exists(f'Credit Note Number "{number}"')
    return number


def _apply_to(books: Ledger, note: Record, invoice_id: str) -> None:
    balance = Decimal(books.find("invoices", invoice_id)["balance"])
    amount = min(balance, Decimal(note["total"]))
    if amount > 0:
        wanted = [{"invoice_id": invoice_id, "amount_applied": amount}]
        applications.apply(books, applications.CREDIT, note, note["creditnote_id"], wanted)


def _check_open(note: Record) -> None:
    if note["status"] != "open":
        raise errors.wrong_state("Only an open credit note can be applied.")


def _check_untouched(books: Ledger, creditnote_id: str) -> None:
    note = books.find("creditnotes", creditnote_id)
    if note["balance"] != note["total"]:
        raise errors.wrong_state("The credit note has been applied or refunded.")


def _mark(books: Ledger, creditnote_id: str, status: str) -> None:
    _check_untouched(books, creditnote_id)
    books.keep("creditnotes", books.take("creditnotes", creditnote_id) | {"status": status})

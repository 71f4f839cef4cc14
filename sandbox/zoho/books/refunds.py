"""Money given back: from a payment's unused part, and from an open credit note."""

from decimal import Decimal

from .. import errors, fields
from ..ledger import Ledger
from ..registry import Call, operation
from ..wire import Answer, Record, as_number
from . import applications

CONTEXT = {"page": 1, "per_page": 200, "has_more_page": False, "report_name": "Customer Payment Refunds",
           "sort_column": "date", "sort_order": "D"}  # fmt: skip


@operation("POST /customerpayments/{payment_id}/refunds", "customerpayments.CREATE")
def refund_payment(call: Call, payment_id: str) -> Answer:
    refund = _refund(call, applications.PAYMENT, payment_id, "payment_id")
    added = call.books.add("paymentrefunds", refund)
    applications.settle_source(call.books, applications.PAYMENT, payment_id)
    message = "The refund information for this payment has been saved."
    return Answer({"payment_refunds": [added]}, message)


@operation("GET /customerpayments/{payment_id}/refunds", "customerpayments.READ")
def list_payment_refunds(call: Call, payment_id: str) -> Answer:
    payment = call.books.find("customerpayments", payment_id)
    found = [row | {"payment_number": payment["payment_number"], "amount_bcy": row["amount"],
                    "amount_fcy": row["amount"]}
             for row in call.books.all("paymentrefunds") if row["payment_id"] == payment_id]  # fmt: skip
    return Answer({"payment_refunds": found, "page_context": CONTEXT})


@operation("GET /customerpayments/{payment_id}/refunds/{refund_id}", "customerpayments.READ")
def get_payment_refund(call: Call, payment_id: str, refund_id: str) -> Answer:
    return Answer({"payment_refunds": [_of(call.books, "paymentrefunds", refund_id, "payment_id", payment_id)]})


@operation("DELETE /customerpayments/{payment_id}/refunds/{refund_id}", "customerpayments.DELETE")
def delete_payment_refund(call: Call, payment_id: str, refund_id: str) -> Answer:
    _of(call.books, "paymentrefunds", refund_id, "payment_id", payment_id)
    call.books.drop("paymentrefunds", refund_id)
    applications.settle_source(call.books, applications.PAYMENT, payment_id)
    return Answer(message="The refund has been deleted.")


@operation("POST /creditnotes/{creditnote_id}/refunds", "creditnotes.CREATE")
def refund_credit_note(call: Call, creditnote_id: str) -> Answer:
    refund = _refund(call, applications.CREDIT, creditnote_id, "creditnote_id")
    added = call.books.add("creditnoterefunds", refund)
    applications.settle_source(call.books, applications.CREDIT, creditnote_id)
    return Answer({"creditnote_refund": added}, "The credit note amount is refunded successfully.")


@operation("GET /creditnotes/{creditnote_id}/refunds", "creditnotes.READ")
def list_credit_note_refunds(call: Call, creditnote_id: str) -> Answer:
    call.books.find("creditnotes", creditnote_id)
    found = [row for row in call.books.all("creditnoterefunds") if row["creditnote_id"] == creditnote_id]
    return Answer({"creditnote_refunds": found, "page_context": CONTEXT})


@operation("DELETE /creditnotes/{creditnote_id}/refunds/{creditnote_refund_id}", "creditnotes.DELETE")
def delete_credit_note_refund(call: Call, creditnote_id: str, creditnote_refund_id: str) -> Answer:
    _of(call.books, "creditnoterefunds", creditnote_refund_id, "creditnote_id", creditnote_id)
    call.books.drop("creditnoterefunds", creditnote_refund_id)
    applications.settle_source(call.books, applications.CREDIT, creditnote_id)
    return Answer(message="The credit note refund has been successfully deleted.")


def _refund(call: Call, kind: str, source_id: str, id_field: str) -> Record:
    """The refund as stored. Books wants to know the account the money leaves."""
    needed = ("date", "amount", "from_account_id") if call.product == "books" else ("date", "amount")
    fields.require(call.body, *needed)
    source = call.books.find(applications.MODULES[kind], source_id)
    call.books.check_open(fields.day(call.body, "date", ""))
    amount = as_number(call.body["amount"], "amount")
    if amount <= 0 or amount > _refundable(source, kind):
        raise errors.Refusal(400, 24016, "The refund amount exceeds the unused amount.")
    kept = fields.known(call.body, ("refund_mode", "reference_number", "description", "from_account_id"))
    usual = {"refund_mode": "cash", "reference_number": "", "description": "", "exchange_rate": 1}
    contact = call.books.find("contacts", source["customer_id"])
    return {id_field: source_id, **usual, **kept, "date": fields.day(call.body, "date", ""), "amount": amount,
            "customer_name": contact["contact_name"]}  # fmt: skip


def _refundable(source: Record, kind: str) -> Decimal:
    if kind == applications.CREDIT and source["status"] != "open":
        return Decimal(0)
    return applications.unused(source, kind)


def _of(books: Ledger, module: str, refund_id: str, owner_field: str, owner_id: str) -> Record:
    refund = books.find(module, refund_id)
    if refund[owner_field] != owner_id:
        raise errors.gone("Refund")
    return refund

"""What is done to invoices: sent, void, draft, e-mail, write-off, credits, payments taken off."""

from decimal import Decimal

from .. import errors, fields
from ..ledger import Ledger
from ..registry import Call, operation
from ..wire import Answer, Record
from . import applications
from .invoice_answers import credits_of, payments_of

MOST_MAILS, REMINDABLE = 10, ("sent", "viewed", "partially_paid")


@operation("POST /invoices/{invoice_id}/status/sent", "invoices.CREATE")
def mark_sent(call: Call, invoice_id: str) -> Answer:
    _send(call.books, invoice_id)
    return Answer(message="Invoice status has been changed to Sent.")


@operation("POST /invoices/status/sent", "invoices.CREATE")
def mark_many_sent(call: Call) -> Answer:
    for invoice_id in call.ids("invoice_ids"):
        _send(call.books, invoice_id)
    return Answer(message="The invoices have been marked as sent.")


@operation("POST /invoices/{invoice_id}/status/void", "invoices.CREATE")
def mark_void(call: Call, invoice_id: str) -> Answer:
    _void(call.books, invoice_id)
    return Answer(message="Invoice status has been changed to Void.")


@operation("POST /invoices/status/void", "invoices.CREATE")
def mark_many_void(call: Call) -> Answer:
    for invoice_id in call.ids("invoice_ids"):
        _void(call.books, invoice_id)
    return Answer(message="The invoices have been marked as void.")


@operation("POST /invoices/{invoice_id}/status/draft", "invoices.CREATE")
def mark_draft(call: Call, invoice_id: str) -> Answer:
    if call.books.find("invoices", invoice_id)["stage"] != "void":
        raise errors.wrong_state("Only a void invoice can be changed to Draft.")
    _stage(call.books, invoice_id, {"stage": "draft"})
    return Answer(message="Invoice status has been changed to Draft.")


@operation("POST /invoices/{invoice_id}/email", "invoices.CREATE")
def email_invoice(call: Call, invoice_id: str) -> Answer:
    fields.require(call.body, "to_mail_ids")
    _mail(call.books, invoice_id)
    return Answer(message="Your invoice has been sent.")


@operation("POST /invoices/email", "invoices.CREATE")
def email_invoices(call: Call) -> Answer:
    invoice_ids = call.ids("invoice_ids")
    if len(invoice_ids) > MOST_MAILS:
        raise errors.invalid_value("invoice_ids")
    for invoice_id in invoice_ids:
        _mail(call.books, invoice_id)
    return Answer(message="Mission accomplished! We've sent all the invoices.")


@operation("POST /invoices/{invoice_id}/paymentreminder", "invoices.CREATE")
def remind(call: Call, invoice_id: str) -> Answer:
    if call.books.find("invoices", invoice_id)["status"] not in REMINDABLE:
        raise errors.wrong_state("Only an open invoice can be reminded of.")
    return Answer(message="Your payment reminder has been sent.")


@operation("POST /invoices/{invoice_id}/writeoff", "invoices.CREATE")
def write_off(call: Call, invoice_id: str) -> Answer:
    _write_off(call.books, invoice_id)
    return Answer(message="Invoice has been written off.")


@operation("POST /invoices/writeoff", "invoices.CREATE")
def write_off_many(call: Call) -> Answer:
    for invoice_id in call.ids("invoice_ids"):
        _write_off(call.books, invoice_id)
    return Answer(message="The invoices have been written off.")


@operation("POST /invoices/{invoice_id}/writeoff/cancel", "invoices.CREATE")
def cancel_write_off(call: Call, invoice_id: str) -> Answer:
    _stage(call.books, invoice_id, {"write_off_amount": Decimal(0)})
    return Answer(message="The writeoff done for this invoice has been cancelled.")


@operation("GET /invoices/{invoice_id}/payments", "invoices.READ")
def list_payments(call: Call, invoice_id: str) -> Answer:
    call.books.find("invoices", invoice_id)
    return Answer({"payments": payments_of(call.books, invoice_id)})


@operation("DELETE /invoices/{invoice_id}/payments/{invoice_payment_id}", "invoices.DELETE")
def take_payment_off(call: Call, invoice_id: str, invoice_payment_id: str) -> Answer:
    _take_off(call.books, invoice_id, invoice_payment_id, applications.PAYMENT)
    return Answer(message="The payment has been deleted.")


@operation("GET /invoices/{invoice_id}/creditsapplied", "invoices.READ")
def list_credits(call: Call, invoice_id: str) -> Answer:
    call.books.find("invoices", invoice_id)
    return Answer({"credits": credits_of(call.books, invoice_id)})


@operation("DELETE /invoices/{invoice_id}/creditsapplied/{creditnotes_invoice_id}", "invoices.DELETE")
def take_credit_off(call: Call, invoice_id: str, creditnotes_invoice_id: str) -> Answer:
    _take_off(call.books, invoice_id, creditnotes_invoice_id, applications.CREDIT)
    return Answer(message="Credits applied to an invoice have been deleted.")


@operation("POST /invoices/{invoice_id}/credits", "invoices.CREATE")
def apply_credits(call: Call, invoice_id: str) -> Answer:
    """From unused payments and from open credit notes."""
    fields.require(call.body)
    sources = (("invoice_payments", applications.PAYMENT, "payment_id"),
               ("apply_creditnotes", applications.CREDIT, "creditnote_id"))  # fmt: skip
    for name, kind, id_field in sources:
        for one in call.body.get(name) or []:
            source = call.books.find(applications.MODULES[kind], one.get(id_field, ""))
            wanted = [{"invoice_id": invoice_id, "amount_applied": one.get("amount_applied")}]
            applications.apply(call.books, kind, source, source[id_field], wanted)
    return Answer(message="Credits have been applied to the invoice(s).")


@operation("GET /share/paymentlink", "settings.READ")
def payment_link(call: Call) -> Answer:
    invoice = call.books.find("invoices", call.query.get("transaction_id", ""))
    link = f"https://zohosecurepay.example/books/secure?CInvoiceID={invoice['invoice_id']}"
    return Answer({"data": {"share_link": link}})


def _send(books: Ledger, invoice_id: str) -> None:
    stage = books.find("invoices", invoice_id)["stage"]
    if stage == "void":
        raise errors.wrong_state("A void invoice cannot be marked as sent. Change it to Draft first.")
    if stage == "draft":
        _stage(books, invoice_id, {"stage": "sent"})


def _mail(books: Ledger, invoice_id: str) -> None:
    _send(books, invoice_id)
    _stage(books, invoice_id, {"is_emailed": True})


def _void(books: Ledger, invoice_id: str) -> None:
    """Payments and credits go back to the customer's unused credits."""
    books.find("invoices", invoice_id)
    for application in applications.of_invoice(books, invoice_id):
        applications.take_off(books, application)
    _stage(books, invoice_id, {"stage": "void"})


def _write_off(books: Ledger, invoice_id: str) -> None:
    invoice = books.find("invoices", invoice_id)
    if invoice["status"] in ("draft", "void", "paid"):
        raise errors.wrong_state("Only an open invoice can be written off.")
    _stage(books, invoice_id, {"write_off_amount": invoice["balance"]})


def _stage(books: Ledger, invoice_id: str, change: Record) -> None:
    invoice = books.take("invoices", invoice_id) | change
    applications.recount_invoice(books, invoice)
    books.keep("invoices", invoice)


def _take_off(books: Ledger, invoice_id: str, application_id: str, kind: str) -> None:
    application = books.find("applications", application_id)
    if application["invoice_id"] != invoice_id or application["kind"] != kind:
        raise errors.gone("Payment")
    applications.take_off(books, application)

"""An invoice as answers show it: whole, and as a row of the list."""

from datetime import date

from ..ledger import Ledger
from ..listing import Listing
from ..wire import Record
from . import applications, documents

LISTED = (
    "invoice_id", "customer_id", "customer_name", "company_name", "email", "phone", "status", "invoice_number",
    "reference_number", "date", "due_date", "currency_id", "currency_code", "currency_symbol", "price_precision",
    "created_time", "last_modified_time", "total", "balance", "is_emailed", "is_viewed_by_client",
    "reminders_sent", "last_payment_date", "custom_fields", "custom_field_hash", "exchange_rate", "adjustment",
    "shipping_charge", "write_off_amount", "salesperson_name", "template_id", "payment_made",
)  # fmt: skip
UNPAID = ("sent", "viewed", "overdue", "partially_paid")


INVOICES = Listing(
    "invoices", "Invoices",
    sorts=("customer_name", "invoice_number", "date", "due_date", "total", "balance", "created_time"),
    default_sort=("created_time", "D"),
    texts=("invoice_number", "reference_number", "customer_name", "email"),
    amounts=("total", "balance"), dates=("date", "due_date", "created_date"), exact=("customer_id",),
    searched=("invoice_number", "reference_number", "customer_name"),
    filters={
        "Status.Sent": lambda row: row["status"] in ("sent", "viewed"),
        "Status.Draft": lambda row: row["status"] == "draft",
        "Status.OverDue": lambda row: row["status"] == "overdue",
        "Status.Paid": lambda row: row["status"] == "paid",
        "Status.Void": lambda row: row["status"] == "void",
        "Status.Unpaid": lambda row: row["status"] in UNPAID,
        "Status.PartiallyPaid": lambda row: 0 < row["balance"] < row["total"] and row["status"] in UNPAID,
        "Status.Viewed": lambda row: row["status"] == "viewed",
    },
    statuses={"unpaid": UNPAID, "sent": ("sent", "viewed")}
    | {one: (one,) for one in ("draft", "overdue", "paid", "void", "partially_paid", "viewed")},
    by_modification=True,
)  # fmt: skip


def show(books: Ledger, invoice: Record) -> Record:
    """An invoice as GET answers it."""
    shown = {name: value for name, value in invoice.items() if name != "stage"}
    shown |= documents.customer_facts(books, invoice)
    shown |= {
        "status": status_on(invoice, books.today()), "invoice_url": _link(books, invoice),
        "created_by_id": books.organization["record_prefix"] + "000000012001",
        "credits": credits_of(books, invoice["invoice_id"]),
    }  # fmt: skip
    return shown


def row_of(books: Ledger, invoice: Record) -> Record:
    """A row of the list: no lines, no taxes; addresses with `zipcode`; the link once it has left draft."""
    known = invoice | documents.customer_facts(books, invoice)
    row = {name: known.get(name, "") for name in LISTED}
    row["status"] = status_on(invoice, books.today())
    row["created_date"] = invoice["created_time"][:10]
    row["due_days"] = _due_days(invoice, books.today())
    row["invoice_url"] = _link(books, invoice) if invoice["status"] != "draft" else ""
    for name in ("billing_address", "shipping_address"):
        address = dict(known[name])
        address["zipcode"] = address.pop("zip", "")
        row[name] = address
    return row | ({"tags": []} if books.product == "books" else {})


def status_on(invoice: Record, today: date) -> str:
    """An open invoice past its due date is overdue, partly paid or not."""
    late = date.fromisoformat(invoice["due_date"]) < today
    return "overdue" if late and invoice["status"] in ("sent", "viewed", "partially_paid") else str(invoice["status"])


def payments_of(books: Ledger, invoice_id: str) -> list[Record]:
    rows = []
    for one in applications.of_invoice(books, invoice_id, applications.PAYMENT):
        payment = books.find("customerpayments", one["source_id"])
        rows.append({
            "payment_id": payment["payment_id"], "payment_number": payment["payment_number"],
            "invoice_id": invoice_id, "invoice_payment_id": one["application_id"],
            "payment_mode": payment["payment_mode"], "description": payment["description"], "date": payment["date"],
            "reference_number": payment["reference_number"], "exchange_rate": payment["exchange_rate"],
            "amount": one["amount"], "tax_amount_withheld": one["tax_amount_withheld"],
            "online_transaction_id": "",
            "is_single_invoice_payment": len(applications.of_source(books, "payment", one["source_id"])) == 1,
        })  # fmt: skip
    return rows


def credits_of(books: Ledger, invoice_id: str) -> list[Record]:
    rows = []
    for one in applications.of_invoice(books, invoice_id, applications.CREDIT):
        note = books.find("creditnotes", one["source_id"])
        rows.append({"creditnote_id": note["creditnote_id"], "creditnotes_invoice_id": one["application_id"],
                     "creditnotes_number": note["creditnote_number"], "credited_date": one["date"],
                     "amount_applied": one["amount"]})  # fmt: skip
    return rows


def _link(books: Ledger, invoice: Record) -> str:
    """With the blank at its end that live answers have."""
    portal = books.organization["portal_name"]
    return f"https://zohosecurepay.example/{books.product}/{portal}/secure?CInvoiceID=2-{invoice['invoice_id']} "


def _due_days(invoice: Record, today: date) -> str:
    if invoice["status"] in ("draft", "void", "paid"):
        return ""
    days = (date.fromisoformat(invoice["due_date"]) - today).days
    return "Due Today" if days == 0 else f"Due in {days} day(s)" if days > 0 else f"Overdue by {-days} day(s)"

"""Money put on invoices: from payments and from credit notes, and taken off again."""

from decimal import Decimal
from typing import Any

from .. import errors
from ..ledger import Ledger
from ..wire import Record, as_number

PAYMENT, CREDIT = "payment", "creditnote"
MODULES = {PAYMENT: "customerpayments", CREDIT: "creditnotes"}


def of_invoice(books: Ledger, invoice_id: str, kind: str | None = None) -> list[Record]:
    return [row for row in books.all("applications")
            if row["invoice_id"] == invoice_id and kind in (None, row["kind"])]  # fmt: skip


def of_source(books: Ledger, kind: str, source_id: str) -> list[Record]:
    return [row for row in books.all("applications") if row["kind"] == kind and row["source_id"] == source_id]


def apply(books: Ledger, kind: str, source: Record, source_id: str, wanted: Any) -> None:
    """Put `wanted` ([{invoice_id, amount_applied}]) of a payment or credit note on invoices."""
    if not isinstance(wanted, list) or not all(isinstance(one, dict) for one in wanted):
        raise errors.invalid_value("invoices")
    for one in wanted:
        amount = as_number(one.get("amount_applied"), "amount_applied")
        _apply_one(books, kind, source, source_id, str(one.get("invoice_id", "")), amount, one)
    settle_source(books, kind, source_id)


def take_off(books: Ledger, application: Record) -> None:
    """Undo one application: the invoice opens again, the money is unused again."""
    books.drop("applications", application["application_id"])
    settle_invoice(books, application["invoice_id"])
    settle_source(books, application["kind"], application["source_id"])


def settle_invoice(books: Ledger, invoice_id: str) -> None:
    """Recount what an invoice has received; touches its last_modified_time."""
    invoice = books.take("invoices", invoice_id)
    recount_invoice(books, invoice)
    books.keep("invoices", invoice)


def recount_invoice(books: Ledger, invoice: Record) -> None:
    rows = of_invoice(books, invoice["invoice_id"])
    paid = sum((Decimal(row["amount"]) for row in rows if row["kind"] == PAYMENT), Decimal(0))
    credited = sum((Decimal(row["amount"]) for row in rows if row["kind"] == CREDIT), Decimal(0))
    invoice |= {"payment_made": paid, "credits_applied": credited,
                "balance": invoice["total"] - paid - credited - invoice["write_off_amount"],
                "last_payment_date": max((row["date"] for row in rows), default="")}  # fmt: skip
    invoice["status"] = _status(invoice)


def settle_source(books: Ledger, kind: str, source_id: str) -> None:
    """Recount what is left of a payment or a credit note."""
    source = books.take(MODULES[kind], source_id)
    rows = of_source(books, kind, source_id)
    applied = sum((Decimal(row["amount"]) for row in rows), Decimal(0))
    refunded = sum((Decimal(row["amount"]) for row in _refunds(books, kind, source_id)), Decimal(0))
    if kind == PAYMENT:
        source |= {"unused_amount": source["amount"] - applied - refunded, "amount_refunded": refunded}
    else:
        source["balance"] = source["total"] - applied - refunded
        if source["status"] in ("open", "closed"):
            source["status"] = "open" if source["balance"] else "closed"
    books.keep(MODULES[kind], source)


def unused(source: Record, kind: str) -> Decimal:
    return Decimal(source["unused_amount" if kind == PAYMENT else "balance"])


def _apply_one(
    books: Ledger, kind: str, source: Record, source_id: str, invoice_id: str, amount: Decimal, wanted: Record
) -> None:
    invoice = books.find("invoices", invoice_id)
    if amount <= 0:
        raise errors.invalid_value("amount_applied")
    if invoice["customer_id"] != source["customer_id"]:
        raise errors.invalid_value("invoice_id")
    if invoice["status"] in ("draft", "void"):
        raise errors.wrong_state(f"The invoice is {invoice['status']}. Mark it as sent first.")
    left = unused(books.find(MODULES[kind], source_id), kind)
    if amount > invoice["balance"] or amount > left:
        raise errors.over_applied()
    date = source["date"] if kind == PAYMENT else books.today().isoformat()
    books.add("applications", {"kind": kind, "source_id": source_id, "invoice_id": invoice_id, "amount": amount,
                               "date": date, "tax_amount_withheld": wanted.get("tax_amount_withheld", 0)})  # fmt: skip
    settle_invoice(books, invoice_id)
    settle_source(books, kind, source_id)


def _refunds(books: Ledger, kind: str, source_id: str) -> list[Record]:
    module, name = (("paymentrefunds", "payment_id") if kind == PAYMENT
                    else ("creditnoterefunds", "creditnote_id"))  # fmt: skip
    return [row for row in books.all(module) if row[name] == source_id]


def _status(invoice: Record) -> str:
    """The stored status; `overdue` depends on the day and is worked out when an invoice is shown."""
    if invoice["stage"] in ("draft", "void"):
        return str(invoice["stage"])
    if invoice["balance"] <= 0:
        return "paid"
    received = invoice["payment_made"] + invoice["credits_applied"]
    return "partially_paid" if received else str(invoice["stage"])

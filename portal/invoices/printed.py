"""What stands between the lines and the total, as printed. With lines, net and taxes these add up to the total.

Of an invoice, and of a credit note as far as it takes back.
"""

from decimal import Decimal
from typing import Any, NamedTuple

from portal.invoices.credit_notes.models import CreditNote
from portal.invoices.models import Invoice
from portal.shared.money import Money
from portal.taxes.naming import at_rate


class PrintedSum(NamedTuple):
    label: str
    amount: Money


def before_net(paper: Invoice | CreditNote) -> list[PrintedSum]:
    """The discount on the whole (taken off) and shipping, as far as there are any. A credit note's shipping is one of
    its lines."""
    shipping = Money.zero(paper.currency) if isinstance(paper, CreditNote) else _shipping(paper)
    sums = [PrintedSum("Shipping", shipping), PrintedSum(_discount_words(_invoice(paper)), -_amount(paper, "discount"))]
    return [one for one in sums if one.amount]


def after_tax(paper: Invoice | CreditNote) -> list[PrintedSum]:
    """The adjustment and the rounding of the total, as far as there are any."""
    sums = [
        PrintedSum(_invoice(paper).adjustment_reason or "Adjustment", _amount(paper, "adjustment")),
        PrintedSum("Rounding", _amount(paper, "rounding_adjustment")),
    ]
    return [one for one in sums if one.amount]


def withheld(paper: Invoice | CreditNote) -> list[PrintedSum]:
    """Below the total: what the customer pays to the state instead."""
    rows = [row for row in _frozen(paper).get("taxes", ()) if row["kind"] == "withholding" and Decimal(row["amount"])]
    names = [at_rate(row["name"], Decimal(row["rate"]), row["kind"]) for row in rows]
    return [
        PrintedSum(f"Withheld: {name}", Money.of(Decimal(row["amount"]), paper.currency))
        for name, row in zip(names, rows, strict=True)
    ]


def prepaid(invoice: Invoice) -> Money:
    """What deposits had paid when it was sent: what is paid later changes nothing of the paper."""
    return Money(invoice.prepaid_minor or 0, invoice.currency)


def taxes(invoice: Invoice) -> list[PrintedSum]:
    """Each tax row; its rate beside a name that does not say it."""
    kinds = {row["key"]: row["kind"] for row in _frozen(invoice).get("taxes", ())}
    return [
        PrintedSum(at_rate(row.name, row.rate, kinds.get(str(row.tax_id), "percent")), row.amount)
        for row in invoice.taxes
    ]  # fmt: skip


def _invoice(paper: Invoice | CreditNote) -> Invoice:
    return paper.invoice if isinstance(paper, CreditNote) else paper


def _frozen(paper: Invoice | CreditNote) -> dict[str, Any]:
    return paper.breakdown or {}


def _shipping(invoice: Invoice) -> Money:
    text = _frozen(invoice)
    charges = text.get("lines", [])[len(text.get("line_totals", [])) :]
    return Money.total((Money.of(part["total"], invoice.currency) for part in charges), invoice.currency)


def _amount(paper: Invoice | CreditNote, name: str) -> Money:
    return Money.of(Decimal(_frozen(paper).get(name, "0")), paper.currency)


def _discount_words(invoice: Invoice) -> str:
    percent = f" {invoice.discount_value.normalize():f} %" if invoice.discount_kind == "percent" else ""
    return f"Discount{percent}" + (" on the total" if invoice.discount_applied == "after_tax" else "")

"""What stands between the lines and the total, as printed. With lines, net and taxes these add up to the total."""

from decimal import Decimal
from typing import NamedTuple

from portal.invoices.models import Invoice
from portal.shared.money import Money


class PrintedSum(NamedTuple):
    label: str
    amount: Money


def before_net(invoice: Invoice) -> list[PrintedSum]:
    """The discount on the whole (taken off) and shipping, as far as there are any."""
    text = invoice.breakdown or {}
    discount = _amount(invoice, "discount")
    charges = text.get("lines", [])[len(text.get("line_totals", [])) :]
    shipping = Money.total((Money.of(part["total"], invoice.currency) for part in charges), invoice.currency)
    sums = [PrintedSum("Shipping", shipping), PrintedSum(_discount_words(invoice), -discount)]
    return [one for one in sums if one.amount]


def after_tax(invoice: Invoice) -> list[PrintedSum]:
    """The adjustment and the rounding of the total, as far as there are any."""
    sums = [
        PrintedSum(invoice.adjustment_reason or "Adjustment", _amount(invoice, "adjustment")),
        PrintedSum("Rounding", _amount(invoice, "rounding_adjustment")),
    ]
    return [one for one in sums if one.amount]


def withheld(invoice: Invoice) -> list[PrintedSum]:
    """Below the total: what the customer pays to the state instead."""
    rows = (invoice.breakdown or {}).get("taxes", ())
    return [
        PrintedSum(f"Withheld: {row['name']}", Money.of(Decimal(row["amount"]), invoice.currency))
        for row in rows if row["kind"] == "withholding"
    ]  # fmt: skip


def _amount(invoice: Invoice, name: str) -> Money:
    return Money.of(Decimal((invoice.breakdown or {}).get(name, "0")), invoice.currency)


def _discount_words(invoice: Invoice) -> str:
    percent = f" {invoice.discount_value.normalize():f} %" if invoice.discount_kind == "percent" else ""
    return f"Discount{percent}" + (" on the total" if invoice.discount_applied == "after_tax" else "")

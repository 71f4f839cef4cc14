"""Lines of a sales document: from the body, to the arithmetic, and back."""

import re
from decimal import Decimal
from typing import Any

from .. import arithmetic, errors, fields
from ..ledger import Ledger
from ..wire import Record, as_number
from . import taxes

KEPT = ("hsn_or_sac", "tax_exemption_id", "header_name", "tags", "item_custom_fields", "project_id",
        "account_id", "invoice_id", "invoice_item_id")  # fmt: skip
PERCENT = re.compile(r"\d+(\.\d+)?\s*%")


def read(books: Ledger, given: Any, before: list[Record]) -> list[Record]:
    """The whole list as a body gives it: lines that aren't in it are gone."""
    if not isinstance(given, list) or not given or not all(isinstance(one, dict) for one in given):
        raise errors.invalid_value("line_items")
    known = {one["line_item_id"]: one for one in before}
    return [_read_one(books, one, known, order) for order, one in enumerate(given)]


def discount(value: Any) -> Decimal | str:
    """A number, or text such as "10%"."""
    if isinstance(value, str) and PERCENT.fullmatch(value.strip()):
        return value.strip()
    return as_number(value, "discount")


def priced(books: Ledger, line: Record, by_item: bool) -> arithmetic.Line:
    """A line for the arithmetic; its own discount counts only when discounts are given by item."""
    given = line["discount"] if by_item else Decimal(0)
    reduction = given if isinstance(given, str) else Decimal(given)
    members = taxes.members(books, line["tax_id"])
    return arithmetic.Line(Decimal(line["quantity"]), Decimal(line["rate"]), reduction, members)


def store_totals(line: Record, totals: arithmetic.LineTotals, *, inclusive: bool) -> None:
    line |= {
        "discount_amount": totals.discount, "item_total": totals.item_total,
        "item_total_inclusive_of_tax": totals.net if inclusive else 0,
        "line_item_taxes": [
            {"tax_id": tax.tax_id, "tax_name": f"{tax.name} ({_short(tax.percentage)}%)", "tax_amount": amount}
            for tax, amount in totals.taxes
        ],
    }  # fmt: skip


def _read_one(books: Ledger, given: Record, known: dict[str, Record], order: int) -> Record:
    line_item_id = str(given.get("line_item_id") or "")
    if line_item_id and line_item_id not in known:
        raise errors.gone("Line Item")
    start = known[line_item_id] if line_item_id else _from_item(books, given)
    line = {**start, **fields.known(given, KEPT), "line_item_id": line_item_id or books.new_id(),
            "item_order": fields.whole(given, "item_order", "item_order", order)}  # fmt: skip
    for name, limit in (("name", 100), ("description", 2000), ("unit", 100), ("product_type", 30)):
        if name in given:
            line[name] = fields.text(given, name, limit)
    if not line["name"] and not line["description"]:
        raise errors.missing_value("name")
    return _with_amounts(books, line, given)


def _with_amounts(books: Ledger, line: Record, given: Record) -> Record:
    for name in ("rate", "quantity"):
        if name in given:
            line[name] = as_number(given[name], name)
    if line["quantity"] <= 0:
        raise errors.invalid_value("quantity")
    if "discount" in given:
        line["discount"] = discount(given["discount"])
    if "tax_id" in given:
        line["tax_id"] = given["tax_id"] or ""
    return line | {"bcy_rate": line["rate"], **_tax_facts(books, line["tax_id"])}


def _from_item(books: Ledger, given: Record) -> Record:
    usual = {"item_id": "", "name": "", "description": "", "unit": "", "rate": Decimal(0), "quantity": Decimal(1),
             "discount": Decimal(0), "tax_id": "", "product_type": "goods", "item_type": "sales", "tags": [],
             "line_item_category": "line_item", "item_custom_fields": [], "header_name": "",
             "tax_exemption_id": "", "hsn_or_sac": ""}  # fmt: skip
    if not given.get("item_id"):
        return usual
    item = books.store.peek(books.id, "items", str(given["item_id"]))
    if item is None or item["status"] != "active":
        raise errors.Refusal(400, 2006, "Item does not exist or is inactive.")
    names = ("item_id", "name", "description", "unit", "rate", "tax_id", "product_type", "item_type")
    return usual | {name: item[name] for name in names}


def _tax_facts(books: Ledger, tax_id: str) -> Record:
    if not tax_id:
        return {"tax_name": "", "tax_type": "tax", "tax_percentage": 0}
    tax = books.find("taxes", tax_id)
    return {name: tax[name] for name in ("tax_name", "tax_type", "tax_percentage")}


def _short(percentage: Decimal) -> str:
    return f"{percentage.normalize():f}"

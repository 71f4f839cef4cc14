"""A credit note in Zoho's words. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

ROUNDING = "Rounding"


@dataclass(frozen=True)
class CreditLine:
    """amount: what is taken back, after every discount; tax inside where prices include it."""

    name: str
    description: str
    amount: Decimal
    item_remote_id: str = ""
    tax_remote_id: str = ""


@dataclass(frozen=True)
class CreditRecord:
    """invoice_number: of the invoice that is taken back."""

    number: str
    invoice_number: str
    issued_on: date
    reason: str
    customer_remote_id: str
    prices_include_tax: bool
    lines: Sequence[CreditLine]


def credit_note_payload(note: CreditRecord) -> dict[str, Any]:
    """Each line is one piece of what it comes to: a part of a line has no quantity that both sides would agree on."""
    return {
        "customer_id": note.customer_remote_id,
        "creditnote_number": note.number,
        "reference_number": note.invoice_number,
        "date": note.issued_on.isoformat(),
        "notes": note.reason,
        "is_inclusive_tax": note.prices_include_tax,
        "line_items": [_line(line) for line in note.lines],
    }


def with_rounding(payload: dict[str, Any], rounding: Decimal) -> dict[str, Any]:
    """One more line, so that Zoho's own rounding of the taxes comes to our total."""
    return payload | {"line_items": [*payload["line_items"], _line(CreditLine(ROUNDING, "", rounding))]}


def _line(line: CreditLine) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "name": line.name, "description": line.description, "rate": line.amount, "quantity": Decimal(1),
        "tax_id": line.tax_remote_id,  # "" keeps the item's own tax from stepping in
    }  # fmt: skip
    return payload | {"item_id": line.item_remote_id} if line.item_remote_id else payload

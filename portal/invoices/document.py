"""The invoice as a PDF, by typst: data goes in as JSON, never into the template's text."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import typst
from flask import Response, make_response

from portal.invoices import printed
from portal.invoices.models import DRAFT, Invoice
from portal.invoices.printed import PrintedSum
from portal.organisations.models import Organisation
from portal.shared import formats

_FOLDER = Path(__file__).parent / "document_template"


def render_pdf(organisation: Organisation, invoice: Invoice) -> bytes:
    """`invoice` read with lines, tax rows and balance. In and out of a request; money in the firm's own locale."""
    facts = json.dumps(_facts(organisation, invoice), ensure_ascii=False)
    return bytes(_compiler().compile(format="pdf", sys_inputs={"facts": facts}))  # type: ignore[arg-type]


def pdf_response(organisation: Organisation, invoice: Invoice) -> Response:
    response = make_response(render_pdf(organisation, invoice))
    name = f"{invoice.number or 'draft'}.pdf"
    response.headers["Content-Type"] = "application/pdf"
    response.headers["Content-Disposition"] = f'inline; filename="{name}"'
    return response


@cache
def _compiler() -> typst.Compiler:
    return typst.Compiler(
        str(_FOLDER / "invoice.typ"), root=str(_FOLDER), font_paths=[str(_FOLDER / "fonts")], ignore_system_fonts=True
    )


def _facts(organisation: Organisation, invoice: Invoice) -> dict[str, Any]:
    locale = organisation.locale
    balance = invoice.balance_row.balance if invoice.balance_row else invoice.total
    paid = invoice.total - balance if invoice.status == "sent" else None
    return {
        "title": "Draft invoice" if invoice.status == DRAFT else "Invoice",
        "stamp": {"void": "VOID", "draft": "DRAFT"}.get(invoice.status, ""),
        "number": invoice.number or "",
        "firm": {
            "name": organisation.name, "address": organisation.address, "email": organisation.email,
            "phone": organisation.phone,
            "tax_number": f"{organisation.tax_number_label} {organisation.tax_number}" * bool(organisation.tax_number),
        },
        "customer": {
            "name": invoice.bill_to.get("name", ""), "lines": invoice.bill_to.get("lines", []),
            "tax_number": invoice.bill_to.get("tax_number", ""),
        },
        "dates": [
            [label, f"{day.day} {day:%B %Y}"]
            for label, day in (("Invoice date", invoice.issued_on), ("Due", invoice.due_on)) if day
        ],
        "reference": invoice.reference,
        "what": invoice.title,
        "work": invoice.work_done,
        "lines": [
            {
                "name": line.name, "description": line.description,
                "quantity": f"{formats.plain(line.quantity)} {line.unit}".strip(),
                "price": formats.price(line.unit_price), "tax": line.tax_name,
                "total": formats.amount(line.line_total, locale),
            }
            for line in invoice.lines
        ],
        "sums": _sums(invoice, locale),
        "total": formats.money(invoice.total, locale),
        "paid": formats.money(paid, locale) if paid else "",
        "balance": formats.money(balance, locale) if invoice.status == "sent" else "",
    }  # fmt: skip


def _sums(invoice: Invoice, locale: str) -> list[list[str]]:
    """What stands between the lines and the total."""
    taxes = [PrintedSum(f"{row.name} on {formats.money(row.base, locale)}", row.amount) for row in invoice.taxes]
    net = PrintedSum("Subtotal", invoice.subtotal)
    rows = [*printed.before_net(invoice), net, *taxes, *printed.after_tax(invoice)]
    return [[label, formats.money(amount, locale)] for label, amount in rows]

"""The invoice as a PDF, by typst: data goes in as JSON, never into the template's text."""

import io
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import segno
import typst
from flask import Response, make_response

from portal.invoices.documents.facts import facts_of
from portal.invoices.models import Invoice
from portal.organisations.models import Organisation

_FOLDER = Path(__file__).parent / "template"


def render_pdf(organisation: Organisation, invoice: Invoice, standards: Sequence[str] = ()) -> bytes:
    """`invoice` read with lines, tax rows, customer and balance. The same invoice gives the same bytes.

    standards  such as "a-3b", for a PDF that will carry data
    """
    facts = facts_of(organisation, invoice)
    code = facts.pop("code")
    inputs = {"facts": json.dumps(facts, ensure_ascii=False), "code": _drawn(code) if code else ""}
    # Without a time of its own the file would carry the moment it was made.
    made = int(invoice.sent_at.timestamp()) if invoice.sent_at else 0
    return bytes(
        _compiler().compile(
            format="pdf", sys_inputs=inputs, timestamp=made, pdf_standards=list(standards)  # type: ignore[arg-type]
        )
    )  # fmt: skip


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


def _drawn(code: str) -> str:
    drawing = io.BytesIO()
    segno.make(code, micro=False).save(drawing, kind="svg", border=1)
    return drawing.getvalue().decode()

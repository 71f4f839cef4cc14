"""The invoice as a PDF, by typst: data goes in as JSON, never into the template's text."""

import io
import json
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal

import segno
import typst
from flask import Response, make_response

from portal.invoices.credit_notes.models import CreditNote
from portal.invoices.documents.facts import credit_note_facts, facts_of
from portal.invoices.documents.readable import readable
from portal.invoices.models import Invoice
from portal.organisations.logos import for_paper
from portal.organisations.models import Organisation

_FOLDER = Path(__file__).parent / "template"
Standard = Literal["a-3b"]  # the one a PDF that carries data keeps


def render_pdf(organisation: Organisation, invoice: Invoice, standards: Sequence[Standard] = ()) -> bytes:
    """`invoice` read with lines, tax rows, customer and balance. The same invoice gives the same bytes.

    standards  for a PDF that will carry data
    """
    # Without a time of its own the file would carry the moment it was made.
    made = int(invoice.sent_at.timestamp()) if invoice.sent_at else 0
    return _printed(organisation, facts_of(organisation, invoice), made, standards)


def credit_note_pdf(organisation: Organisation, note: CreditNote, standards: Sequence[Standard] = ()) -> bytes:
    """`note` as get_credit_note reads it; standards as for render_pdf."""
    return _printed(organisation, credit_note_facts(organisation, note), int(note.created_at.timestamp()), standards)


def receipt_pdf(organisation: Organisation, facts: dict[str, Any], made: datetime) -> bytes:
    """facts: receipt_facts; made: when the payment was recorded."""
    return _printed(organisation, facts, int(made.timestamp()))


def record_pdf(facts: dict[str, Any], made: datetime) -> bytes:
    """facts: title; firm, its name and lines; facts, pairs of label and text; events, of when, what and who."""
    inputs = {"facts": json.dumps(facts, ensure_ascii=False)}
    return _compiled("record.typ", inputs, int(made.timestamp()))


def as_response(pdf: bytes, name: str) -> Response:
    response = make_response(pdf)
    response.headers["Content-Type"] = "application/pdf"
    response.headers["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    return response


def _printed(
    organisation: Organisation, facts: dict[str, Any], made: int, standards: Sequence[Standard] = ()
) -> bytes:  # fmt: skip
    """made: seconds since 1970, written into the file."""
    code, logo = facts.pop("code"), for_paper(organisation, facts["firm"]["logo"])
    inputs = {
        "facts": json.dumps(facts, ensure_ascii=False), "code": drawn(code),
        "logo": json.dumps(list(logo)),  # its bytes, as text only comes in
    }  # fmt: skip
    return _compiled("invoice.typ", inputs, made, standards)


def _compiled(template: str, inputs: dict[str, str], made: int, standards: Sequence[Standard] = ()) -> bytes:
    pdf = _compiler(template).compile(format="pdf", sys_inputs=inputs, timestamp=made, pdf_standards=list(standards))
    if not isinstance(pdf, bytes):
        raise TypeError(f"{template} came out as {type(pdf).__name__}, not as one file")
    return readable(pdf)


@cache
def _compiler(template: str) -> typst.Compiler:
    return typst.Compiler(
        str(_FOLDER / template), root=str(_FOLDER), font_paths=[str(_FOLDER / "fonts")], ignore_system_fonts=True
    )


def drawn(code: str) -> str:
    """A QR code as SVG; "" for none."""
    if not code:
        return ""
    drawing = io.BytesIO()
    segno.make(code, micro=False).save(drawing, kind="svg", border=1)
    return drawing.getvalue().decode()

"""What the mapping lets a firm send keeps to Zoho's published documents as well."""

import json
from typing import Any

import pytest

from portal.accounting.mirror.drain import drain
from portal.gateways.zoho import wire
from portal.gateways.zoho.calls import Answer, Line, Target
from tests.contract.zoho_contract import load
from tests.portal.accounting.doings import credit, pay, sent_invoice
from tests.portal.accounting.stand_in import LinkedFirm, linked, zoho
from tests.portal.accounting.test_both_ways import edit
from tests.portal.accounting.test_field_directions import custom_field, keep

__all__ = ["linked", "zoho"]
MAPPINGS = [
    {
        "customer": {"tax_number": "vat_reg_no", "notes": "website", "payment_terms_days": "cf:cf_ours"},
        "item": {"description": "purchase_description", "unit": "cf:cf_ours"},
        "invoice": {"title": "terms", "work_done": "salesperson_name"},
        "payment": {"words": "", "number": "description", "reference": "cf:cf_ours"},
        "credit_note": {"reason": "terms"},
    },
    {
        "customer": {"tax_number": "cf:cf_ours", "notes": "legal_name", "payment_terms_days": ""},
        "item": {"description": "cf:cf_ours", "unit": "description"},
        "invoice": {"title": "notes", "work_done": "cf:cf_ours"},
        "payment": {"words": "cf:cf_ours", "reference": ""},
        "credit_note": {"reason": "cf:cf_ours"},
    },
]  # fmt: skip
LISTS = {"contacts", "items", "invoices", "customerpayments", "creditnotes"}


def test_every_mapped_request_keeps_to_zohos_own_documents(linked: LinkedFirm, monkeypatch: pytest.MonkeyPatch) -> None:
    contract, problems, custom = load(), [], set()
    real = Line.call

    def held_against_the_documents(
        line: Line, target: Target, token: str, method: str, path: str, query: Any = None, body: Any = None, **more: Any
    ) -> Answer:
        as_sent = None if body is None else json.loads(wire.encode(body))
        named = {"organization_id": target.organisation} | dict(query or {})
        problems.extend(contract.check_request(method, f"/books/v3{path}", named, as_sent))
        if "custom_fields" in (as_sent or {}):
            custom.add((method, path.strip("/").partition("/")[0]))
        return real(line, target, token, method, path, query, body, **more)

    monkeypatch.setattr(Line, "call", held_against_the_documents)
    for entity in LISTS:
        custom_field(linked, entity, "cf_ours")
    edit(linked, notes="maple.example", tax_number="GB999999973", payment_terms_days=21)
    for mapping in MAPPINGS:
        for module, rows in mapping.items():
            keep(linked, module, **{ours: {"theirs": theirs} for ours, theirs in rows.items()})
        pay(linked, sent_invoice(linked), method="cheque")
        credit(linked, sent_invoice(linked))
        drain(linked.organisation_id)
    assert [(each.module, each.state, each.last_error) for each in linked.mirror() if each.state != "in_step"] == []
    assert {("POST", each) for each in LISTS} <= custom and ("PUT", "contacts") in custom
    assert problems == []

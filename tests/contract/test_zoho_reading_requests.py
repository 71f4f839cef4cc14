"""Every request with which changes are read back, held against Zoho's published documents."""

import json
from typing import Any

import pytest

from portal.gateways.zoho import wire
from portal.gateways.zoho.calls import Answer, Line, Target
from tests.contract.zoho_contract import load
from tests.portal.accounting.both_ways import act, both_ways, let_time_pass, look
from tests.portal.accounting.doings import sent_invoice
from tests.portal.accounting.stand_in import LinkedFirm, linked, zoho
from tests.portal.accounting.test_both_ways import at
from tests.portal.accounting.test_credit_notes_back import credit_there, lines_there
from tests.portal.accounting.test_payments_back import MODULES, paid_there

__all__ = ["linked", "zoho"]
# Not in the documents of these lists, but used by others (zoho/API.md §8): a live organisation has to confirm them.
UNDOCUMENTED = ("last_modified_time", "sort_column")


def test_every_request_keeps_to_zohos_own_documents(linked: LinkedFirm, monkeypatch: pytest.MonkeyPatch) -> None:
    contract, problems, seen = load(), [], set()
    real = Line.call

    def held_against_the_documents(
        line: Line, target: Target, token: str, method: str, path: str, query: Any = None, body: Any = None, **more: Any
    ) -> Answer:
        seen.add((method, path.rstrip("0123456789")))
        as_sent = None if body is None else json.loads(wire.encode(body))
        named = {"organization_id": target.organisation} | dict(query or {})
        problems.extend(contract.check_request(method, f"/books/v3{path}", named, as_sent))
        return real(line, target, token, method, path, query, body, **more)

    invoice = sent_invoice(linked)
    monkeypatch.setattr(Line, "call", held_against_the_documents)
    both_ways(linked, *MODULES, "credit_note")
    paid_there(linked, invoice, 100)
    act(linked, f"PUT {at(linked)}", notes="Changed there")
    credit_there(linked, invoice, lines_there(linked, rate=10, quantity=1)[:1], applied=False)
    let_time_pass(linked)
    look(linked)
    lists = {("GET", "/contacts"), ("GET", "/items"), ("GET", "/customerpayments"), ("GET", "/invoices")}
    assert lists < seen and sum(path.startswith("/creditnotes") for _, path in seen) == 2
    assert [each for each in problems if not any(name in each for name in UNDOCUMENTED)] == []

"""The contract sees what is wrong, not only that all is well."""

import pytest

from tests.contract.zoho_contract import load

ORG = {"organization_id": "1"}
INVOICE = {"customer_id": "2", "line_items": [{"item_id": "3", "rate": 1, "quantity": 1}]}


@pytest.mark.parametrize(
    ("method", "path", "query", "body", "complaint"),
    [
        ("POST", "/invoices", {}, INVOICE, "organization_id is missing"),
        ("POST", "/invoices", ORG | {"senn": "true"}, INVOICE, "parameter senn is not in the documents"),
        ("POST", "/invoices", ORG, INVOICE | {"due_data": "2026-01-01"}, "due_data: not in the documents"),
        ("POST", "/invoices", ORG, {"line_items": []}, "'customer_id' is a required"),
        ("POST", "/invoices", ORG, INVOICE | {"payment_terms": "Net 15"}, "is not of type 'integer'"),
        ("POST", "/invoices", ORG, INVOICE | {"line_items": [{"item_id": 3}]}, "is not of type 'string'"),
        ("POST", "/invoises", ORG, INVOICE, "no such call"),
        ("PATCH", "/invoices", ORG, INVOICE, "no such call"),
    ],
)
def test_a_wrong_request_is_found(method: str, path: str, query: dict, body: dict, complaint: str) -> None:
    assert any(complaint in one for one in load().check_request(method, path, query, body))


def test_a_right_request_passes_with_its_whole_path() -> None:
    assert load().check_request("POST", "/eu/api/books/v3/invoices", ORG | {"send": "true"}, INVOICE) == []


def test_a_wrong_answer_is_found() -> None:
    contract = load()
    assert contract.check_answer("POST", "/invoices", 200, {"code": 0})
    assert contract.check_answer("GET", "/contacts", 200, {"code": "0", "contacts": []})
    assert contract.check_answer("GET", "/contacts", 200, {"code": 0, "contacts": [{"contact_id": 4}]})

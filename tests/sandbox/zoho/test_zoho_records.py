"""Names, numbers, lists, custom fields: the rules that records keep."""

import re
from typing import Any

import pytest

from tests.sandbox.zoho.running_zoho import NORTHGATE, Client


def test_a_contact_name_is_unique_whatever_its_case_on_create_and_rename(zoho: Client) -> None:
    zoho.control("POST", f"/orgs/{NORTHGATE}/act", {"do": "POST /contacts", "body": {"contact_name": "Mill Lane"}})
    other = zoho.contact("Other")
    assert zoho.refusal("POST", "/contacts", {"contact_name": "MILL lane"}) == (400, 3062)
    assert zoho.refusal("PUT", f"/contacts/{other}", {"contact_name": "mill lane"}) == (400, 3062)
    zoho.ok("PUT", f"/contacts/{other}", {"contact_name": "OTHER"})


def test_put_merges_fields_and_replaces_lists(zoho: Client) -> None:
    people = [{"first_name": "Ada", "email": "ada@x.example"}, {"first_name": "Ben"}]
    made = zoho.ok("POST", "/contacts", {"contact_name": "A", "notes": "n", "contact_persons": people})["contact"]
    assert made["email"] == "ada@x.example"
    path = f"/contacts/{made['contact_id']}"
    changed = zoho.ok("PUT", path, {"contact_persons": [made["contact_persons"][1]]})["contact"]
    assert [one["first_name"] for one in changed["contact_persons"]] == ["Ben"]
    assert changed["notes"] == "n"


def test_ids_and_stamps_look_as_on_the_wire(zoho: Client) -> None:
    answer = zoho.call("POST", "/contacts", {"contact_name": "A"})
    contact = answer.json()["contact"]
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/api/v3/contacts/{contact['contact_id']}"
    assert re.fullmatch(r"815001\d{12}", contact["contact_id"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}", contact["created_time"])


def test_invoice_numbers_run_on_unless_the_caller_insists(zoho: Client) -> None:
    own = {"ignore_auto_number_generation": "true"}
    customer_id = zoho.contact()
    body = {"customer_id": customer_id, "line_items": [{"name": "x", "rate": 1}]}
    assert zoho.ok("POST", "/invoices", body | {"invoice_number": "MINE"})["invoice"]["invoice_number"] == "INV-000001"
    assert zoho.refusal("POST", "/invoices", body, **own) == (400, 1025)
    zoho.ok("POST", "/invoices", body | {"invoice_number": "INV-000002"}, **own)
    assert zoho.refusal("POST", "/invoices", body | {"invoice_number": "INV-000002"}, **own) == (400, 1001)
    assert zoho.ok("POST", "/invoices", body)["invoice"]["invoice_number"] == "INV-000003"
    assert len(zoho.ok("GET", "/invoices", invoice_number="INV-000002")["invoices"]) == 1


def test_items_refuse_a_second_of_the_same_name_or_sku_and_stay_while_used(zoho: Client) -> None:
    item = zoho.ok("POST", "/items", {"name": "Valve", "rate": 5, "sku": "V1"})["item"]
    assert zoho.refusal("POST", "/items", {"name": "valve", "rate": 5}) == (400, 1001)
    assert zoho.refusal("POST", "/items", {"name": "Other", "rate": 5, "sku": "v1"}) == (400, 1001)
    zoho.ok("POST", "/invoices", {"customer_id": zoho.contact(), "line_items": [{"item_id": item["item_id"]}]})
    assert zoho.call("DELETE", f"/items/{item['item_id']}").status_code == 400
    assert [one["sku"] for one in zoho.ok("GET", "/items", sku="V1")["items"]] == ["V1"]


def test_lists_page_sort_and_cap(zoho: Client) -> None:
    for name in ("B", "a", "C"):
        zoho.contact(name)
    answer = zoho.ok("GET", "/contacts", per_page=2, sort_column="contact_name", sort_order="D")
    assert [one["contact_name"] for one in answer["contacts"]] == ["C", "B"]
    assert answer["page_context"]["has_more_page"] is True
    assert zoho.ok("GET", "/contacts", per_page=500)["page_context"]["per_page"] == 200
    assert zoho.refusal("GET", "/contacts", sort_column="nonsense") == (400, 2)
    assert zoho.refusal("GET", "/contacts", filter_by="Status.Nonsense") == (400, 2)


def test_changes_since_a_moment_include_that_moment(zoho: Client) -> None:
    invoice = zoho.invoice()
    stamp = invoice["last_modified_time"]
    assert len(zoho.ok("GET", "/invoices", last_modified_time=stamp)["invoices"]) == 1
    assert zoho.ok("GET", "/invoices", last_modified_time="2099-01-01T00:00:00+0000")["invoices"] == []
    assert zoho.refusal("GET", "/invoices", last_modified_time=stamp.replace("+", " ")) == (400, 2)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", "/contacts", {}, 400, 1025), ("POST", "/contacts", {"contact_name": "x" * 201}, 400, 15),
        ("GET", "/contacts/1", None, 404, 1002), ("GET", "/nothing/here", None, 404, 5),
        ("PATCH", "/invoices", {}, 405, 37), ("POST", "/invoices", {"customer_id": "1", "line_items": [{}]}, 404, 1002),
    ],
)  # fmt: skip
def test_refusals_carry_their_code(zoho: Client, method: str, path: str, body: Any, status: int, code: int) -> None:
    assert zoho.refusal(method, path, body) == (status, code)


def test_payment_terms_must_be_a_whole_number(zoho: Client) -> None:
    body = {"customer_id": zoho.contact(), "line_items": [{"name": "x", "rate": 1}], "payment_terms": "Net 15"}
    assert zoho.refusal("POST", "/invoices", body) == (400, 2)


def test_bodies_come_as_json_or_in_the_old_form(zoho: Client) -> None:
    address = f"{zoho.base}/eu/api/books/v3/contacts?organization_id={NORTHGATE}"
    headers = {"Authorization": f"Zoho-oauthtoken {zoho.token}"}
    old = zoho.http.post(address, data={"JSONString": '{"contact_name":"Old"}'}, headers=headers, timeout=5)
    assert old.status_code == 201
    plain = zoho.http.post(address, data={"contact_name": "Plain"}, headers=headers, timeout=5)
    assert (plain.status_code, plain.json()["code"]) == (400, 1038)


def test_upsert_finds_by_a_unique_custom_field_on_books_only(zoho: Client) -> None:
    field = {"entity": "contacts", "label": "Portal id", "api_name": "cf_portal_id", "is_unique": True}
    zoho.control("POST", f"/orgs/{NORTHGATE}/customfields", field)
    headers = {"X-Unique-Identifier-Key": "cf_portal_id", "X-Unique-Identifier-Value": "42", "X-Upsert": "true"}
    first = zoho.call("PUT", "/contacts", {"contact_name": "Up"}, headers).json()["contact"]
    second = zoho.call("PUT", "/contacts", {"contact_name": "Upped"}, headers).json()["contact"]
    assert first["contact_id"] == second["contact_id"] and second["contact_name"] == "Upped"
    assert second["custom_field_hash"]["cf_portal_id"] == "42"
    zoho.product = "invoice"
    assert zoho.call("PUT", "/contacts", {"contact_name": "Up"}, headers).status_code == 405


def test_the_invoice_product_reads_the_same_records_without_accounts(zoho: Client) -> None:
    invoice = zoho.invoice(50)
    payment = zoho.pay(invoice, 50)
    assert payment["account_name"] == "Undeposited Funds"
    zoho.product = "invoice"
    same = zoho.ok("GET", f"/customerpayments/{payment['payment_id']}")["payment"]
    assert "account_id" not in same and same["bcy_amount"] == 50


def test_the_organisation_may_come_in_invoices_header(zoho: Client) -> None:
    answer = zoho.http.get(f"{zoho.base}/eu/api/invoice/v3/items", timeout=5, headers={
        "Authorization": f"Zoho-oauthtoken {zoho.token}", "X-com-zoho-invoice-organizationid": NORTHGATE})  # fmt: skip
    assert answer.status_code == 200

"""The server itself: what survives a restart, several at once, pages for people."""

import re
from pathlib import Path

import requests

from sandbox.zoho.store import Store
from tests.sandbox.zoho.running_zoho import NORTHGATE, SERVICING, Client, running


def test_records_tokens_and_numbers_survive_a_restart(tmp_path: Path) -> None:
    first = running(tmp_path)
    zoho = Client(next(first)).sign_in()
    invoice = zoho.invoice("12.30")
    first.close()
    second = running(tmp_path)
    again = Client(next(second), token=zoho.token)
    assert again.get_invoice(invoice["invoice_id"]) == invoice
    assert again.invoice(1)["invoice_number"] == "INV-000002"
    assert len(again.control("GET", "/orgs")["organizations"]) == 8
    second.close()


def test_without_a_folder_nothing_is_kept_and_two_run_side_by_side() -> None:
    first, second = running(), running()
    one, two = Client(next(first)).sign_in(), Client(next(second)).sign_in()
    one.contact("Only here")
    assert two.ok("GET", "/contacts")["contacts"] == []
    first.close()
    second.close()


def test_a_write_that_fails_half_way_is_undone() -> None:
    store = Store(None)
    try:
        with store.transaction():
            store.put("o", "m", "1", {"a": 1})
            raise KeyError
    except KeyError:
        pass
    assert store.all("o", "m") == []


def test_every_page_says_that_nothing_is_real(zoho: Client) -> None:
    invoice = zoho.invoice(10)
    payment = zoho.pay(invoice, 4)
    root = f"{zoho.base}/eu/app/books/{NORTHGATE}"
    paths = ["", f"/invoices/{invoice['invoice_id']}", f"/contacts/{invoice['customer_id']}",
             f"/customerpayments/{payment['payment_id']}"]  # fmt: skip
    for address in (f"{zoho.base}/", *(root + path for path in paths)):
        page = requests.get(address, timeout=5)
        assert page.status_code == 200 and "no real books, no money moves" in page.text
    overview = requests.get(root, timeout=5).text
    assert invoice["invoice_number"] in overview and 'http-equiv="refresh"' in overview


def test_the_invoice_organisation_has_a_past(zoho: Client) -> None:
    page = requests.get(f"{zoho.base}/eu/app/invoice/{SERVICING}", timeout=5).text
    assert "Harbour Hotel" in page and "INV-000001" in page


def test_tests_can_make_their_own_organisation_and_read_everything_of_it(zoho: Client) -> None:
    wanted = {"user": "new@firm.example", "dc": "in", "name": "New", "currency_code": "INR", "country_code": "IN",
              "time_zone": "Asia/Kolkata", "taxes": [["IGST", 18]]}  # fmt: skip
    made = zoho.control("POST", "/orgs", wanted)
    client = Client(zoho.base, made["organization_id"], dc="in", user="new@firm.example").sign_in()
    contact = client.ok("POST", "/contacts", {"contact_name": "A"})["contact"]
    assert contact["created_time"].endswith("+0530") and contact["currency_code"] == "INR"
    records = client.control("GET", f"/orgs/{made['organization_id']}/records", module="contacts")["contacts"]
    assert [one["contact_name"] for one in records] == ["A"]
    assert re.fullmatch(r"\d{8,11}", made["organization_id"])

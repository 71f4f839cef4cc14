"""Every call the stand-in answers, held against Zoho's own documents: what we sent and what came back."""

from typing import Any

import pytest

import sandbox.zoho.books  # noqa: F401  announces the calls
from sandbox.zoho.registry import OPERATIONS
from tests.contract.zoho_contract import ZohoContract, load
from tests.sandbox.zoho.running_zoho import Client


class Checked:
    """A client whose every call goes through the contract; collects the complaints."""

    def __init__(self, client: Client, contract: ZohoContract) -> None:
        self.client, self.contract = client, contract
        self.complaints: list[str] = []

    def __call__(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        answer = self.client.call(method, path, body, **query)
        assert answer.json()["code"] == 0, (method, path, answer.text)
        about_none = path == "/organizations" or path.startswith("/organizations/")
        sent = query if about_none else {"organization_id": self.client.organization_id} | query
        self.complaints += self.contract.check_request(method, path, sent, body)
        self.complaints += self.contract.check_answer(method, path, answer.status_code, answer.json())
        return answer.json()

    def verdict(self) -> None:
        assert not self.complaints, "\n".join(sorted(set(self.complaints)))


@pytest.fixture
def checked(zoho: Client) -> Checked:
    return Checked(zoho, load())


def customer(checked: Checked, name: str = "Mill Lane") -> str:
    person = {"first_name": "Ada", "last_name": "Hill", "email": "ada@customers.example", "is_primary_contact": True}
    body = {"contact_name": name, "contact_persons": [person], "billing_address": {"city": "Leeds", "zip": "LS1"}}
    return str(checked("POST", "/contacts", body)["contact"]["contact_id"])


def sent_invoice(checked: Checked, customer_id: str, rate: float = 80) -> str:
    lines = [{"name": "Boiler service", "rate": rate, "quantity": 1.5, "item_order": 1}]
    body = {"customer_id": customer_id, "line_items": lines, "reference_number": "JOB-7", "date": "2026-11-02"}
    invoice = checked("POST", "/invoices", body)["invoice"]
    checked("POST", f"/invoices/{invoice['invoice_id']}/status/sent")
    return str(invoice["invoice_id"])


def test_organisations(checked: Checked) -> None:
    checked("GET", "/organizations")
    checked("GET", f"/organizations/{checked.client.organization_id}")
    new = {"name": "New", "currency_code": "GBP", "time_zone": "Europe/London", "portal_name": "newfirm"}
    checked("POST", "/organizations", new | {"fiscal_year_start_month": "april"})
    checked.verdict()


def test_contacts(checked: Checked) -> None:
    contact_id = customer(checked)
    checked("GET", "/contacts", contact_name="Mill Lane", sort_column="last_modified_time", page=1, per_page=50)
    checked("GET", f"/contacts/{contact_id}")
    checked("PUT", f"/contacts/{contact_id}", {"notes": "Side gate"})
    checked("POST", f"/contacts/{contact_id}/inactive")
    checked("POST", f"/contacts/{contact_id}/active")
    checked("DELETE", f"/contacts/{contact_id}")
    checked.verdict()


def test_contact_persons(checked: Checked) -> None:
    contact_id = customer(checked)
    made = checked("POST", "/contacts/contactpersons", {"contact_id": contact_id, "first_name": "Ben"})
    person_id = made["contact_person"]["contact_person_id"]
    checked("GET", f"/contacts/{contact_id}/contactpersons")
    checked("GET", f"/contacts/{contact_id}/contactpersons/{person_id}")
    checked("PUT", f"/contacts/contactpersons/{person_id}", {"contact_id": contact_id, "first_name": "Benno"})
    checked("POST", f"/contacts/contactpersons/{person_id}/primary")
    checked("DELETE", f"/contacts/contactpersons/{person_id}")
    checked.verdict()


def test_items(checked: Checked) -> None:
    tax_id = checked("GET", "/settings/taxes")["taxes"][0]["tax_id"]
    item = checked("POST", "/items", {"name": "Valve", "rate": 12.5, "sku": "V-1", "tax_id": tax_id})["item"]
    item_id = item["item_id"]
    checked("GET", "/items", name_contains="alv", filter_by="Status.All")
    checked("GET", "/itemdetails", item_ids=item_id)
    checked("GET", f"/items/{item_id}")
    checked("PUT", f"/items/{item_id}", {"name": "Valve", "rate": 13})
    checked("POST", f"/items/{item_id}/inactive")
    checked("POST", f"/items/{item_id}/active")
    checked("DELETE", f"/items/{item_id}")
    checked.verdict()


def test_taxes(checked: Checked) -> None:
    first = checked("POST", "/settings/taxes", {"tax_name": "CGST9", "tax_percentage": 9, "tax_type": "tax"})["tax"]
    second = checked("POST", "/settings/taxes", {"tax_name": "SGST9", "tax_percentage": 9, "tax_type": "tax"})["tax"]
    both = f"{first['tax_id']},{second['tax_id']}"
    group = checked("POST", "/settings/taxgroups", {"tax_group_name": "GST18", "taxes": both})["tax_group"]
    checked("GET", "/settings/taxes")
    checked("GET", f"/settings/taxes/{first['tax_id']}")
    checked("GET", f"/settings/taxgroups/{group['tax_group_id']}")
    checked("POST", "/settings/taxauthorities", {"tax_authority_name": "State"})
    checked("GET", "/settings/taxauthorities")
    checked("POST", "/settings/taxexemptions", {"tax_exemption_code": "RESELLER", "type": "customer"})
    checked("GET", "/settings/taxexemptions")
    checked.verdict()


def test_currencies(checked: Checked) -> None:
    made = checked("POST", "/settings/currencies", {"currency_code": "EUR", "currency_format": "1,234,567.89"})
    currency_id = made["currency"]["currency_id"]
    checked("GET", "/settings/currencies")
    checked("GET", f"/settings/currencies/{currency_id}")
    rate = {"effective_date": "2026-11-01", "rate": 0.85}
    checked("POST", f"/settings/currencies/{currency_id}/exchangerates", rate)
    checked("GET", f"/settings/currencies/{currency_id}/exchangerates")
    checked.verdict()


def test_invoices(checked: Checked) -> None:
    customer_id = customer(checked)
    invoice_id = sent_invoice(checked, customer_id)
    checked("GET", f"/invoices/{invoice_id}")
    checked("GET", "/invoices", status="sent", last_modified_time="2026-11-01T00:00:00+0000", sort_column="date")
    checked("PUT", f"/invoices/{invoice_id}", {"notes": "Thank you"})
    checked("POST", f"/invoices/{invoice_id}/email", {"to_mail_ids": ["ada@customers.example"]})
    checked("POST", "/invoices/status/sent", invoice_ids=invoice_id)
    checked("POST", "/invoices/status/void", invoice_ids=invoice_id)
    checked("POST", f"/invoices/{invoice_id}/status/draft")
    checked("POST", f"/invoices/{invoice_id}/status/sent")
    checked("POST", f"/invoices/{invoice_id}/writeoff")
    checked("POST", f"/invoices/{invoice_id}/writeoff/cancel")
    checked("POST", f"/invoices/{invoice_id}/status/void")
    checked("DELETE", f"/invoices/{invoice_id}")
    checked.verdict()


def test_customer_payments(checked: Checked) -> None:
    customer_id = customer(checked)
    invoice_id = sent_invoice(checked, customer_id)
    body = {"customer_id": customer_id, "payment_mode": "creditcard", "amount": 150, "date": "2026-11-03",
            "reference_number": "pi_1", "invoices": [{"invoice_id": invoice_id, "amount_applied": 100}]}  # fmt: skip
    payment_id = checked("POST", "/customerpayments", body)["payment"]["payment_id"]
    checked("GET", "/customerpayments", reference_number="pi_1", sort_column="date")
    checked("GET", f"/customerpayments/{payment_id}")
    checked("PUT", f"/customerpayments/{payment_id}", {"description": "By card"})
    refund = {"date": "2026-11-04", "amount": 20, "from_account_id": "815001000000000361"}
    made = checked("POST", f"/customerpayments/{payment_id}/refunds", refund)["payment_refunds"][0]
    checked("GET", f"/customerpayments/{payment_id}/refunds")
    checked("GET", f"/customerpayments/{payment_id}/refunds/{made['payment_refund_id']}")
    checked("DELETE", f"/customerpayments/{payment_id}/refunds/{made['payment_refund_id']}")
    paid = checked("GET", f"/invoices/{invoice_id}/payments")["payments"][0]
    checked("DELETE", f"/invoices/{invoice_id}/payments/{paid['invoice_payment_id']}")
    applied = {"invoice_payments": [{"payment_id": payment_id, "amount_applied": 30}], "apply_creditnotes": []}
    checked("POST", f"/invoices/{invoice_id}/credits", applied)
    checked("DELETE", f"/customerpayments/{payment_id}")
    checked.verdict()


def test_credit_notes(checked: Checked) -> None:
    customer_id = customer(checked)
    invoice_id = sent_invoice(checked, customer_id)
    body = {"customer_id": customer_id, "date": "2026-11-05", "line_items": [{"name": "Refund", "rate": 30}]}
    note_id = checked("POST", "/creditnotes", body)["creditnote"]["creditnote_id"]
    checked("GET", "/creditnotes", status="open", last_modified_time="2026-11-01T00:00:00+0000")
    checked("GET", f"/creditnotes/{note_id}")
    wanted = {"invoices": [{"invoice_id": invoice_id, "amount_applied": 10}]}
    checked("POST", f"/creditnotes/{note_id}/invoices", wanted)
    credited = checked("GET", f"/creditnotes/{note_id}/invoices")["invoices_credited"][0]
    checked("GET", f"/invoices/{invoice_id}/creditsapplied")
    checked("DELETE", f"/creditnotes/{note_id}/invoices/{credited['creditnote_invoice_id']}")
    refund = {"date": "2026-11-06", "amount": 5, "from_account_id": "815001000000000361"}
    checked("POST", f"/creditnotes/{note_id}/refunds", refund)
    checked("GET", f"/creditnotes/{note_id}/refunds")
    checked.verdict()


def test_every_call_asks_for_the_documented_scope() -> None:
    contract = load()
    for one in OPERATIONS:
        path = one.path.replace("{", "").replace("}", "")
        assert f"ZohoBooks.{one.scope}" in contract.scopes(one.method, path), f"{one.method} {one.path}"

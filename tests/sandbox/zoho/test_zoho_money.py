"""Status, payments, credits, refunds: what an invoice goes through."""

from tests.sandbox.zoho.running_zoho import Client


def test_an_invoice_goes_from_draft_to_paid(zoho: Client) -> None:
    draft = zoho.invoice(100, sent=False)
    assert draft["status"] == "draft"
    wanted = [{"invoice_id": draft["invoice_id"], "amount_applied": 1}]
    early = {"customer_id": draft["customer_id"], "payment_mode": "cash", "amount": 1, "date": draft["date"],
             "invoices": wanted}  # fmt: skip
    assert zoho.call("POST", "/customerpayments", early).status_code == 400
    zoho.ok("POST", "/invoices/status/sent", invoice_ids=draft["invoice_id"])
    assert zoho.get_invoice(draft["invoice_id"])["status"] == "sent"
    zoho.pay(draft, 40)
    assert zoho.get_invoice(draft["invoice_id"])["status"] == "partially_paid"
    zoho.pay(draft, 60)
    paid = zoho.get_invoice(draft["invoice_id"])
    assert (paid["status"], paid["balance"], paid["payment_made"]) == ("paid", 0, 100)


def test_an_open_invoice_is_overdue_the_day_after_it_was_due(zoho: Client) -> None:
    late = zoho.invoice(10, date="2020-01-01", due_date="2020-01-02")
    assert late["status"] == "overdue"
    assert [one["status"] for one in zoho.ok("GET", "/invoices", status="overdue")["invoices"]] == ["overdue"]
    assert zoho.ok("GET", "/invoices", filter_by="Status.Paid")["invoices"] == []


def test_a_refused_payment_leaves_nothing_behind(zoho: Client) -> None:
    invoice = zoho.invoice(10)
    body = {"customer_id": invoice["customer_id"], "payment_mode": "cash", "amount": 20, "date": invoice["date"],
            "invoices": [{"invoice_id": invoice["invoice_id"], "amount_applied": 11}]}  # fmt: skip
    assert zoho.refusal("POST", "/customerpayments", body) == (400, 24016)
    assert zoho.ok("GET", "/customerpayments")["customerpayments"] == []
    assert zoho.pay(invoice, 10)["payment_number"] == "1"


def test_one_payment_on_several_invoices_keeps_the_rest_as_credit_that_can_be_refunded(zoho: Client) -> None:
    first = zoho.invoice(10)
    second = zoho.invoice(20, customer_id=first["customer_id"])
    wanted = [{"invoice_id": one["invoice_id"], "amount_applied": one["total"]} for one in (first, second)]
    payment = zoho.pay(first, 50, invoices=wanted)
    assert payment["unused_amount"] == 20
    contact = zoho.ok("GET", f"/contacts/{first['customer_id']}")["contact"]
    assert (contact["outstanding_receivable_amount"], contact["unused_credits_receivable_amount"]) == (0, 20)
    path = f"/customerpayments/{payment['payment_id']}"
    refund = {"date": first["date"], "amount": 20, "from_account_id": "1"}
    assert zoho.refusal("POST", f"{path}/refunds", refund | {"amount": 21}) == (400, 24016)
    zoho.ok("POST", f"{path}/refunds", refund)
    assert zoho.ok("GET", path)["payment"]["unused_amount"] == 0


def test_deleting_a_payment_opens_its_invoice_and_touches_it(zoho: Client) -> None:
    invoice = zoho.invoice(10)
    payment = zoho.pay(invoice, 10)
    assert zoho.refusal("DELETE", f"/invoices/{invoice['invoice_id']}") == (400, 4001)
    other = zoho.contact()
    assert zoho.refusal("PUT", f"/invoices/{invoice['invoice_id']}", {"customer_id": other}) == (400, 3010)
    zoho.ok("DELETE", f"/customerpayments/{payment['payment_id']}")
    opened = zoho.get_invoice(invoice["invoice_id"])
    assert (opened["status"], opened["balance"]) == ("sent", 10)
    assert opened["last_modified_time"] >= invoice["last_modified_time"]
    zoho.ok("DELETE", f"/invoices/{invoice['invoice_id']}")


def test_a_payment_taken_off_can_be_put_on_again(zoho: Client) -> None:
    invoice = zoho.invoice(10)
    payment = zoho.pay(invoice, 10)
    path = f"/invoices/{invoice['invoice_id']}"
    row = zoho.ok("GET", f"{path}/payments")["payments"][0]
    zoho.ok("DELETE", f"{path}/payments/{row['invoice_payment_id']}")
    assert zoho.ok("GET", f"/customerpayments/{payment['payment_id']}")["payment"]["unused_amount"] == 10
    again = {"invoice_payments": [{"payment_id": payment["payment_id"], "amount_applied": 10}]}
    zoho.ok("POST", f"{path}/credits", again)
    assert zoho.get_invoice(invoice["invoice_id"])["status"] == "paid"


def test_voiding_gives_the_money_back_as_credit_and_draft_leads_back(zoho: Client) -> None:
    invoice = zoho.invoice(10)
    payment = zoho.pay(invoice, 10)
    path = f"/invoices/{invoice['invoice_id']}"
    assert zoho.call("POST", f"{path}/status/draft").status_code == 400
    zoho.ok("POST", f"{path}/status/void")
    assert zoho.get_invoice(invoice["invoice_id"])["status"] == "void"
    assert zoho.ok("GET", f"/customerpayments/{payment['payment_id']}")["payment"]["unused_amount"] == 10
    zoho.ok("POST", f"{path}/status/draft")
    assert zoho.get_invoice(invoice["invoice_id"])["status"] == "draft"


def test_a_write_off_closes_and_its_cancelling_reopens(zoho: Client) -> None:
    invoice = zoho.invoice(10)
    path = f"/invoices/{invoice['invoice_id']}"
    zoho.ok("POST", f"{path}/writeoff")
    assert zoho.get_invoice(invoice["invoice_id"])["balance"] == 0
    zoho.ok("POST", f"{path}/writeoff/cancel")
    assert zoho.get_invoice(invoice["invoice_id"])["status"] == "sent"


def test_a_credit_note_is_used_up_on_invoices(zoho: Client) -> None:
    invoice = zoho.invoice(10)
    body = {"customer_id": invoice["customer_id"], "date": invoice["date"], "line_items": [{"name": "x", "rate": 12}]}
    note = zoho.ok("POST", "/creditnotes", body)["creditnote"]
    assert (note["creditnote_number"], note["status"], note["balance"]) == ("CN-00001", "open", 12)
    path = f"/creditnotes/{note['creditnote_id']}"
    wanted = [{"invoice_id": invoice["invoice_id"], "amount_applied": 10}]
    zoho.ok("POST", f"{path}/invoices", {"invoices": wanted})
    assert zoho.get_invoice(invoice["invoice_id"])["credits_applied"] == 10
    assert zoho.refusal("DELETE", f"/invoices/{invoice['invoice_id']}") == (400, 12008)
    zoho.ok("POST", f"{path}/refunds", {"date": invoice["date"], "amount": 2, "from_account_id": "1"})
    assert zoho.ok("GET", path)["creditnote"]["status"] == "closed"


def test_a_changed_line_list_replaces_the_old_one(zoho: Client) -> None:
    invoice = zoho.invoice(10, sent=False)
    kept = {"line_item_id": invoice["line_items"][0]["line_item_id"], "rate": 11}
    path = f"/invoices/{invoice['invoice_id']}"
    changed = zoho.ok("PUT", path, {"line_items": [kept, {"name": "More", "rate": 5}]})["invoice"]
    assert [one["name"] for one in changed["line_items"]] == ["Work", "More"] and changed["total"] == 16
    assert len(zoho.ok("PUT", path, {"line_items": [{"name": "Only", "rate": 1}]})["invoice"]["line_items"]) == 1


def test_a_contact_with_transactions_stays(zoho: Client) -> None:
    invoice = zoho.invoice(10)
    assert zoho.call("DELETE", f"/contacts/{invoice['customer_id']}").status_code == 400
    zoho.ok("POST", f"/contacts/{invoice['customer_id']}/inactive")

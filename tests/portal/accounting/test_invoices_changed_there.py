"""What is changed in Zoho about a sent invoice is told here, on its page, too, and only for as long as it is so."""

from datetime import date

import pytest
from flask import Flask

from portal.accounting.pull import asking, decisions
from portal.invoices.models import Invoice
from portal.shared.running import job_session
from tests.builders import sign_in
from tests.conftest import browser
from tests.portal.accounting.both_ways import act, let_time_pass, look, questions
from tests.portal.accounting.doings import pay, void
from tests.portal.accounting.stand_in import LinkedFirm, linked, zoho
from tests.portal.accounting.test_payments_back import billed, decide

__all__ = ["billed", "linked", "zoho"]


def change_there(linked: LinkedFirm, **facts: object) -> None:
    (there,) = linked.there("invoices")
    act(linked, f"PUT /invoices/{there['invoice_id']}", **facts)
    look(linked)


def test_a_due_date_changed_there_is_told_and_ours_can_be_put_back(billed: tuple[LinkedFirm, Invoice]) -> None:
    linked, invoice = billed
    change_there(linked, due_date="2027-01-31")
    (asked,) = questions(linked)
    assert (asked.ours, asked.theirs) == (f"due {invoice.due_on}", "due 2027-01-31")
    assert [decision for decision, _ in asking.choices_of(asked, {})] == ["ours", "seen"]
    decide(linked, "ours")
    assert [date.fromisoformat(each["due_date"]) for each in linked.there("invoices")] == [invoice.due_on]
    let_time_pass(linked)
    look(linked)
    assert questions(linked) == [] and {each.state for each in linked.mirror()} == {"in_step"}


def test_notes_changed_there_are_told_once(billed: tuple[LinkedFirm, Invoice]) -> None:
    linked, _invoice = billed
    change_there(linked, notes="Leave the key at number 12")
    (asked,) = questions(linked)
    assert asked.theirs == "notes Leave the key at number 12" and asked.facts["label"].startswith("Invoice INV-")
    decide(linked, "seen")
    for _ in range(2):
        let_time_pass(linked)
        look(linked)
    assert questions(linked) == []


def test_another_customer_there_is_told_by_name_and_ours_can_be_put_back(billed: tuple[LinkedFirm, Invoice]) -> None:
    linked, _invoice = billed
    (mine,) = linked.there("contacts")
    other = act(linked, "POST /contacts", contact_name="Genesee Bakery")["contact"]
    change_there(linked, customer_id=other["contact_id"])
    (asked,) = [each for each in questions(linked) if each.module == "invoice"]
    assert (asked.ours, asked.theirs) == (f"customer {mine['contact_name']}", "customer Genesee Bakery")
    with job_session(linked.organisation_id) as session:
        decisions.decide(session, asked.id, "ours", by="Mo", person_id=linked.firm.people["manager"])
    look(linked)
    assert [each["customer_id"] for each in linked.there("invoices")] == [mine["contact_id"]]
    let_time_pass(linked)
    look(linked)
    assert [each for each in questions(linked) if each.module == "invoice"] == []


def test_of_a_customer_who_was_merged_there_each_invoice_does_not_ask_too(
    billed: tuple[LinkedFirm, Invoice],
) -> None:
    linked, _invoice = billed
    (mine,) = linked.there("contacts")
    other = act(linked, "POST /contacts", contact_name="Genesee Bakery")["contact"]
    act(linked, f"POST /contacts/{mine['contact_id']}/merge", contact_id=other["contact_id"])
    for _ in range(2):
        let_time_pass(linked)
        look(linked)
    assert [each for each in questions(linked) if each.field == "paper"] == []


def test_of_one_that_was_tied_and_never_sent_from_here_changes_are_told_from_the_first_look(
    billed: tuple[LinkedFirm, Invoice],
) -> None:
    """Known to be the same by matching, or again after a restore: nothing is known of what it said there."""
    linked, invoice = billed
    linked.change("UPDATE mirror_records SET snapshot = NULL, remote_modified_at = NULL, last_seen = ''"
                  " WHERE module = 'invoice'")  # fmt: skip
    change_there(linked, due_date="2027-01-31")
    (asked,) = questions(linked)
    assert (asked.facts["title"], asked.ours) == ("Says something else in Zoho", f"due {invoice.due_on}")
    decide(linked, "seen")
    let_time_pass(linked)
    change_there(linked, terms="Pay at the door")
    assert [asked.theirs for asked in questions(linked)] == ["terms Pay at the door"]


@pytest.mark.parametrize("there", ["credited", "void"])
def test_a_question_whose_reason_has_gone_here_is_asked_no_more(billed: tuple[LinkedFirm, Invoice], there: str) -> None:
    linked, invoice = billed
    (theirs,) = linked.there("invoices")
    if there == "void":
        act(linked, f"POST /invoices/{theirs['invoice_id']}/status/void")
    else:
        act(linked, "POST /creditnotes", customer_id=theirs["customer_id"], date="2026-03-02",
            line_items=[{"name": "Goodwill", "rate": 10, "quantity": 1}])  # fmt: skip
        (note,) = linked.there("creditnotes")
        act(linked, f"POST /creditnotes/{note['creditnote_id']}/invoices",
            invoices=[{"invoice_id": theirs["invoice_id"], "amount_applied": 10}])  # fmt: skip
    look(linked)
    assert [each.field for each in questions(linked)] == ["void" if there == "void" else "balance"]
    void(linked, invoice.id)
    look(linked)
    assert questions(linked) == []


def test_less_to_pay_there_is_no_question_once_it_is_void_there(billed: tuple[LinkedFirm, Invoice]) -> None:
    linked, _invoice = billed
    (theirs,) = linked.there("invoices")
    act(linked, "POST /creditnotes", customer_id=theirs["customer_id"], date="2026-03-02",
        line_items=[{"name": "Goodwill", "rate": 10, "quantity": 1}])  # fmt: skip
    (note,) = linked.there("creditnotes")
    act(linked, f"POST /creditnotes/{note['creditnote_id']}/invoices",
        invoices=[{"invoice_id": theirs["invoice_id"], "amount_applied": 10}])  # fmt: skip
    look(linked)
    linked.change("""UPDATE zoho_questions SET facts = facts || '{"minor": 9999999999}'""")  # more than is to pay here
    look(linked)
    assert questions(linked) == []
    let_time_pass(linked)
    look(linked)
    assert [each.field for each in questions(linked)] == ["balance"]
    let_time_pass(linked)
    act(linked, f"POST /invoices/{theirs['invoice_id']}/status/void")
    look(linked)
    assert [each.field for each in questions(linked)] == ["void"]


def test_the_invoices_own_page_says_that_somebody_is_to_decide(billed: tuple[LinkedFirm, Invoice], app: Flask) -> None:
    linked, invoice = billed
    pay(linked, invoice)
    look(linked)
    let_time_pass(linked)
    manager, address = sign_in(browser(app), linked.firm, "manager"), f"/invoices/{invoice.id}"
    assert "Zoho and the portal differ" not in manager.get(address).text
    (money,) = linked.there("customerpayments")
    act(linked, f"PUT /customerpayments/{money['payment_id']}", invoices=[])
    look(linked)
    page = manager.get(address).text
    assert "Zoho and the portal differ about it" in page and "Put to other invoices in Zoho" in page
    assert 'href="/books/questions"' in page
    assert "Zoho and the portal differ" not in sign_in(browser(app), linked.firm, "field_agent").get(address).text

"""A credit note that comes to another amount or tax in Zoho can be accepted, as an invoice can: it is put to its
invoices there as far as it goes, and counts as agreed for as long as Zoho's side stays what it was."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.accounting.mirror.drain import drain
from portal.invoices.credit_notes.models import CreditNote
from portal.invoices.models import Invoice
from portal.organisations import audit
from portal.payments.evidence.gathering import OF_THE_BOOKS
from portal.shared.running import job_session
from tests.builders import post, sign_in
from tests.conftest import browser
from tests.portal.accounting.both_ways import act, both_ways, look, questions
from tests.portal.accounting.doings import credit, pay, put_credit, retry_all, sent_invoice
from tests.portal.accounting.stand_in import LinkedFirm, linked, zoho
from tests.portal.accounting.test_mirror_credit_notes import only, priced
from tests.portal.accounting.test_mirror_note_taxes import state_of, tax_there
from tests.portal.accounting.test_reconciling import reconcile

__all__ = ["linked", "zoho"]


@pytest.fixture
def admin(app: Flask, linked: LinkedFirm) -> FlaskClient:
    return sign_in(browser(app), linked.firm, "administrator")


def differing(linked: LinkedFirm, percent: int, *, keep: bool = False) -> tuple[Invoice, CreditNote]:
    """VAT of the whole of 235.80 is 20 % when it is billed, and another rate there when it is taken back."""
    invoice = sent_invoice(linked)
    drain(linked.organisation_id)
    tax_there(linked, percent)
    note = credit(linked, invoice, keep=keep)
    drain(linked.organisation_id)
    assert state_of(linked).state == "failed"
    return invoice, note


def accept(linked: LinkedFirm, admin: FlaskClient, why: str = "Agreed with the bookkeeper") -> int:
    address = f"/books/records/{state_of(linked).id}"
    status = post(admin, f"{address}/acceptance", {"why": why}, page=address).status_code
    drain(linked.organisation_id)
    return status


def test_another_tax_within_the_same_total_is_accepted_and_lowers_the_invoice(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    invoice = priced(linked, {}, inclusive=True)
    drain(linked.organisation_id)
    tax_there(linked, 10)
    note = credit(linked, invoice)
    drain(linked.organisation_id)
    address = f"/books/records/{state_of(linked).id}"
    assert "Accept the difference" in admin.get(address).text
    assert accept(linked, admin, " ") == 422 and state_of(linked).state == "failed"
    assert accept(linked, admin) == 303
    assert state_of(linked).state == "in_step" and only(linked, "invoices")["balance"] == 0
    assert accept(linked, admin) == 422 and "Accept the difference" not in admin.get(address).text
    with job_session(linked.organisation_id) as session:
        told = {entry.action: entry.words for entry in audit.timeline(session, "invoice", invoice.id)}
    assert told["difference settled"] == (
        f"Credit note {note.number}: difference to the books accepted: Agreed with the bookkeeper"
    )
    assert "difference settled" in OF_THE_BOOKS


def test_one_that_comes_to_less_there_lowers_the_invoice_as_far_as_it_goes(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    both_ways(linked, "customer", "item", "invoice", "payment", "credit_note")
    differing(linked, 10)
    assert accept(linked, admin) == 303
    assert (only(linked, "creditnotes")["balance"], only(linked, "invoices")["balance"]) == (0, 19.65)
    assert {each.state for each in linked.mirror()} == {"in_step"}
    for _ in range(2):
        look(linked)
        linked.change("UPDATE outbox SET version = version + 1, is_settled = false WHERE subject = 'credit_note'")
        drain(linked.organisation_id)
    assert questions(linked) == [] and {each.state for each in linked.mirror()} == {"in_step"}
    assert only(linked, "invoices")["balance"] == 19.65
    causes = {(each.module, each.cause) for each in reconcile(linked)}
    assert causes == {("credit_note", "other total"), ("invoice", "other balance")}  # the sums differ by so much


def test_one_that_comes_to_less_is_put_to_several_invoices_no_further_than_it_goes(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    invoice, note = differing(linked, 10, keep=True)
    assert accept(linked, admin) == 303
    tax_there(linked, 20)
    pay(linked, invoice, 10000)
    other = sent_invoice(linked)
    put_credit(linked, note, invoice)
    put_credit(linked, note, other)
    drain(linked.organisation_id)
    assert state_of(linked).state == "in_step" and only(linked, "creditnotes")["balance"] == 0
    balances = {one["invoice_number"]: one["balance"] for one in linked.there("invoices")}
    assert balances == {invoice.number: 0, other.number: 155.45}  # here 135.80; the note has 19.65 less there


def test_one_that_comes_to_more_there_takes_back_what_it_does_here(linked: LinkedFirm, admin: FlaskClient) -> None:
    differing(linked, 30)
    assert accept(linked, admin) == 303
    assert only(linked, "invoices")["balance"] == 0 and state_of(linked).state == "in_step"
    assert only(linked, "creditnotes")["balance"] == 19.65


def test_accepted_is_what_was_seen_and_nothing_else(linked: LinkedFirm, admin: FlaskClient) -> None:
    differing(linked, 10)
    tax_there(linked, 5)
    there = only(linked, "creditnotes")
    act(linked, f"PUT /creditnotes/{there['creditnote_id']}", line_items=there["line_items"])
    assert accept(linked, admin) == 303
    assert state_of(linked).state == "failed" and only(linked, "invoices")["balance"] == 235.8
    assert state_of(linked).last_error.startswith("Zoho comes to 206.33; here it is 235.80.")
    assert accept(linked, admin) == 303
    assert state_of(linked).state == "in_step"


def test_corrected_there_it_is_the_same_and_nothing_is_accepted(linked: LinkedFirm, admin: FlaskClient) -> None:
    differing(linked, 10)
    tax_there(linked, 20)
    there = only(linked, "creditnotes")
    act(linked, f"PUT /creditnotes/{there['creditnote_id']}", line_items=there["line_items"])
    retry_all(linked)
    assert state_of(linked).state == "in_step" and only(linked, "invoices")["balance"] == 0
    assert accept(linked, admin) == 422


def test_a_manager_sees_that_an_administrator_can(linked: LinkedFirm, app: Flask) -> None:
    differing(linked, 10)
    manager = sign_in(browser(app), linked.firm, "manager")
    address = f"/books/records/{state_of(linked).id}"
    assert "An administrator can also accept" in manager.get(address).text
    assert post(manager, f"{address}/acceptance", {"why": "So"}, page=address).status_code == 403

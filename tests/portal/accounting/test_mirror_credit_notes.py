"""What is taken back of an invoice is taken back in the books, to the cent, and lowers the same invoices."""

from decimal import Decimal
from typing import Any

import pytest

from portal.accounting.mirror.drain import drain
from portal.accounting.queries import books_states
from portal.invoices import actions, drafts
from portal.invoices.credit_notes.actions import raise_credit_note
from portal.invoices.credit_notes.models import CreditNote
from portal.invoices.models import Invoice
from portal.invoices.pricing import Cut, Pricing
from portal.invoices.queries import get_invoice
from portal.invoices.rules import CannotVoid
from portal.organisations.audit import timeline
from portal.organisations.models import Organisation
from portal.payments.actions import put_credit_note, void_invoice
from portal.shared.money import Money
from portal.shared.running import job_session
from portal.taxes.queries import list_taxes
from tests.builders import Firm, make_invoice
from tests.portal.accounting.doings import credit, pay, put_credit, refund_note, retry_all, sent_invoice
from tests.portal.accounting.stand_in import LinkedFirm, ZohoStandIn, connect, linked, zoho
from tests.portal.accounting.test_reconciling import reconcile

__all__ = ["linked", "zoho"]


def only(linked: LinkedFirm, there: str) -> dict[str, Any]:
    (record,) = linked.there(there)
    return record


@pytest.mark.parametrize("product", ["books", "invoice"])
def test_a_credit_note_takes_the_invoice_back_there(zoho: ZohoStandIn, firm: Firm, product: str) -> None:
    linked = connect(zoho, firm, product=product)
    invoice = sent_invoice(linked)
    drain(linked.organisation_id)
    note = credit(linked, invoice)
    linked.zoho.forget_requests()
    drain(linked.organisation_id)
    there = only(linked, "creditnotes")
    assert (there["creditnote_number"], there["total"], there["status"], there["reference_number"], there["notes"]) == (
        note.number, 235.8, "closed", invoice.number, "The part was faulty")  # fmt: skip
    assert (only(linked, "invoices")["balance"], only(linked, "invoices")["credits_applied"]) == (0, 235.8)
    assert [one["method"] for one in linked.zoho.requests(linked.remote)] == ["POST", "POST"]
    assert {record.state for record in linked.mirror()} == {"in_step"}
    with job_session(linked.organisation_id) as session:
        said = [entry.words for entry in timeline(session, "invoice", invoice.id)]
        assert books_states(session, [invoice.id]) == {invoice.id: "in step"}
    assert any(words.startswith(f"Credit note {note.number} is in Zoho ") for words in said)


def test_credit_that_is_kept_waits_there_until_it_is_put_to_an_invoice(linked: LinkedFirm) -> None:
    note = credit(linked, sent_invoice(linked), share="0.5", keep=True)
    drain(linked.organisation_id)
    assert (only(linked, "creditnotes")["balance"], only(linked, "creditnotes")["status"]) == (117.9, "open")
    other = sent_invoice(linked)
    put_credit(linked, note, other)
    drain(linked.organisation_id)
    balances = {one["invoice_number"]: one["balance"] for one in linked.there("invoices")}
    assert (only(linked, "creditnotes")["balance"], balances[other.number]) == (0, 117.9)


def test_a_number_that_somebody_else_has_there_gets_the_invoices_added(linked: LinkedFirm) -> None:
    drain(linked.organisation_id)
    customer = linked.mirror("customer")[0].remote_id
    lines = [{"name": "Old", "rate": 1, "quantity": 1}]
    body = {"customer_id": customer, "date": "2026-01-01", "line_items": lines}
    linked.zoho.act(linked.remote, "POST /creditnotes", body)
    invoice = sent_invoice(linked)
    credit(linked, invoice)
    drain(linked.organisation_id)
    numbers = {one["creditnote_number"] for one in linked.there("creditnotes")}
    assert numbers == {"CN-00001", f"CN-00001 ({invoice.number})"}
    assert [record.state for record in linked.mirror("credit_note")] == ["in_step"]


def test_another_total_there_is_for_people_and_not_put_to_the_invoice(linked: LinkedFirm) -> None:
    invoice = sent_invoice(linked)
    drain(linked.organisation_id)
    rates = [one["tax_id"] for one in linked.there("taxes") if one["tax_percentage"] == 20]
    linked.zoho.act(linked.remote, f"PUT /settings/taxes/{rates[0]}", {"tax_percentage": 10})
    credit(linked, invoice)
    drain(linked.organisation_id)
    (record,) = linked.mirror("credit_note")
    assert record.state == "failed" and record.last_error.startswith("Zoho comes to 216.15; here it is 235.80.")
    assert only(linked, "invoices")["balance"] == 235.8
    note = only(linked, "creditnotes")
    more = [*note["line_items"], {"name": "Tax", "rate": 19.65, "tax_id": "", "quantity": 1}]
    linked.zoho.act(linked.remote, f"PUT /creditnotes/{note['creditnote_id']}", {"line_items": more})
    retry_all(linked)
    (record,) = linked.mirror("credit_note")  # the same total, but half of its tax is none there
    assert record.state == "failed" and record.last_error.startswith("VAT 20% is 19.65 in Zoho; here it is 39.30.")
    linked.zoho.act(linked.remote, f"PUT /settings/taxes/{rates[0]}", {"tax_percentage": 20})
    linked.zoho.act(linked.remote, f"PUT /creditnotes/{note['creditnote_id']}", {"line_items": note["line_items"]})
    retry_all(linked)
    assert [record.state for record in linked.mirror("credit_note")] == ["in_step"]
    assert only(linked, "invoices")["balance"] == 0


CUTS: list[dict[str, Any]] = [
    {}, {"whole": Cut(percent=Decimal("3.33"))}, {"whole": Cut(percent=Decimal(10), applied="after_tax")},
    {"shipping": Money(999, "GBP")}, {"adjustment": Money(-5, "GBP"), "adjustment_reason": "To the full"},
]  # fmt: skip


@pytest.mark.parametrize("inclusive", [False, True])
def test_every_part_of_every_invoice_comes_to_the_same_there(linked: LinkedFirm, inclusive: bool) -> None:
    notes = [
        credit(linked, priced(linked, wanted, inclusive), share=share) for wanted in CUTS for share in ("0.37", "0.333")
    ]
    for _ in range(4):  # more than one turn, when the machine is busy
        drain(linked.organisation_id)
    theirs = {one["creditnote_number"]: Decimal(str(one["total"])) for one in linked.there("creditnotes")}
    assert theirs == {note.number: note.total.decimal for note in notes}
    assert {record.state for record in linked.mirror()} == {"in_step"}


def test_what_zoho_rounds_otherwise_gets_a_line_of_its_own_and_is_told(linked: LinkedFirm) -> None:
    """Each of three lines bears two fifths of a penny of tax that are rounded away; together they come to a penny."""
    invoice = priced(linked, {"by_line": dict.fromkeys(range(3), Cut(amount=Money(3, "GBP")))}, inclusive=False)
    notes = [credit_line(linked, invoice, at) for at in range(3)]
    drain(linked.organisation_id)
    assert linked.zoho.requests(linked.remote, "PUT", "/creditnotes")
    theirs = {one["creditnote_number"]: Decimal(str(one["total"])) for one in linked.there("creditnotes")}
    assert theirs == {note.number: note.total.decimal for note in notes}
    assert only(linked, "invoices")["balance"] == 0
    with job_session(linked.organisation_id) as session:
        said = [entry.words for entry in timeline(session, "invoice", invoice.id)]
    assert any("rounds the tax otherwise, so 0.01 is on a line of its own there" in words for words in said)


def credit_line(linked: LinkedFirm, invoice: Invoice, at: int) -> CreditNote:
    with job_session(linked.organisation_id) as session:
        organisation = session.get_one(Organisation, linked.organisation_id)
        of = get_invoice(session, invoice.id, lock=True)
        return raise_credit_note(session, organisation, of, {at: of.lines[at].line_total}, "Not done")


def priced(linked: LinkedFirm, wanted: dict[str, Any], inclusive: bool) -> Invoice:
    with job_session(linked.organisation_id) as session:
        organisation = session.get_one(Organisation, linked.organisation_id)
        organisation.price_includes_tax = inclusive
        session.commit()
        invoice = get_invoice(session, make_invoice(session, linked.firm, sent=False).id, lock=True)
        given = {"shipping": Money.zero("GBP"), "adjustment": Money.zero("GBP"), **wanted}
        given["lines"] = {invoice.lines[at].id: cut for at, cut in given.pop("by_line", {}).items()}
        given["shipping_tax_id"] = list_taxes(session)[0].id if given["shipping"] else None
        drafts.price_draft(session, organisation, invoice, Pricing(**given), Decimal(100))
        actions.issue_invoice(session, organisation, invoice)
        session.commit()
        return get_invoice(session, invoice.id)


@pytest.mark.parametrize("product", ["books", "invoice"])
def test_credit_that_goes_back_by_hand_is_a_refund_of_the_note_there(
    zoho: ZohoStandIn, firm: Firm, product: str
) -> None:
    linked = connect(zoho, firm, product=product)
    invoice = sent_invoice(linked)
    pay(linked, invoice)
    note = credit(linked, invoice, share="0.5", keep=True)
    drain(linked.organisation_id)
    linked.zoho.break_down("cut_after", method="POST", path="/refunds")
    refund_note(linked, note.id, 5000)
    for _ in range(2):
        linked.make_due()
        drain(linked.organisation_id)
    there = only(linked, "creditnoterefunds")
    assert (there["amount"], there["refund_mode"], there["reference_number"], there["description"]) == (
        50, "cash", f"{note.number}/1", "Wants no credit")  # fmt: skip
    assert ("from_account_id" in there) is (product == "books")
    assert only(linked, "creditnotes")["balance"] == 67.9
    assert {record.state for record in linked.mirror()} == {"in_step"} and reconcile(linked) == []
    with job_session(linked.organisation_id) as session:
        said = [entry.words for entry in timeline(session, "invoice", invoice.id)]
    assert f"£50.00 of credit note {note.number} given back in cash: Wants no credit" in said


def test_a_refund_of_credit_waits_for_the_payment_that_tells_the_account(linked: LinkedFirm) -> None:
    """All of it happened before Zoho heard of any; the note is older than the payment."""
    invoice = sent_invoice(linked)
    note = credit(linked, invoice, share="0.5", keep=True)
    pay(linked, invoice)
    refund_note(linked, note.id, 5000)
    for _ in range(3):
        linked.make_due()
        drain(linked.organisation_id)
    assert {(record.module, record.state) for record in linked.mirror() if record.state != "in_step"} == set()
    refund, account = only(linked, "creditnoterefunds"), only(linked, "customerpayments")["account_id"]
    assert (refund["amount"], refund["from_account_id"]) == (50, account)


def test_an_invoice_that_credit_of_another_was_put_to_is_not_voided_and_the_credit_arrives(linked: LinkedFirm) -> None:
    invoice, other = sent_invoice(linked), sent_invoice(linked)
    note = credit(linked, invoice, share="0.1", keep=True)
    put_credit_note(linked.organisation_id, note.id, other.id)
    with pytest.raises(CannotVoid, match=note.number):
        void_invoice(linked.organisation_id, other.id, "Raised twice")
    drain(linked.organisation_id)
    assert {record.state for record in linked.mirror()} == {"in_step"}

"""What was credited in Zoho is here to the cent, with its tax, put to what it is put to there; never there twice."""

from typing import Any

import pytest

from portal.accounting.mirror.drain import drain
from portal.accounting.pull import asking
from portal.invoices.credit_notes.models import CreditNote, CreditRefund
from portal.invoices.credit_notes.queries import kept_as_credit, put_to
from portal.invoices.models import Invoice
from portal.shared.money import Money
from portal.shared.running import job_session
from tests.portal.accounting.both_ways import act, both_ways, let_time_pass, look, questions
from tests.portal.accounting.doings import credit, pay, put_credit, sent_invoice
from tests.portal.accounting.stand_in import LinkedFirm, linked, linked_to_either, zoho
from tests.portal.accounting.test_credit_notes_back import notes, writes
from tests.portal.accounting.test_credit_notes_changed_there import drifts
from tests.portal.accounting.test_payments_back import balance, compare_at_night, decide, paid_there

__all__ = ["linked", "linked_to_either", "zoho"]
Two = tuple[LinkedFirm, Invoice, Invoice]


@pytest.fixture
def two(linked_to_either: LinkedFirm) -> Two:
    """Two invoices of 235.80 that both sides have, everything kept from both sides."""
    return two_of(linked_to_either)


@pytest.fixture
def two_in_books(linked: LinkedFirm) -> Two:
    return two_of(linked)


def two_of(linked: LinkedFirm) -> Two:
    invoices = sent_invoice(linked), sent_invoice(linked)
    both_ways(linked, "customer", "item", "invoice", "payment", "credit_note")
    look(linked)
    let_time_pass(linked)
    return linked, *invoices


def there(linked: LinkedFirm, invoice: Invoice) -> dict[str, Any]:
    return next(each for each in linked.there("invoices") if each["invoice_number"] == invoice.number)


def note_there(linked: LinkedFirm, net: float, parts: dict[str, float], *, taxed: bool = True) -> str:
    """Made by somebody there; parts: number of an invoice → how much of it is put to that. Its id."""
    (customer,), (tax, *_) = linked.there("contacts"), linked.there("taxes")
    line = {"name": "Goodwill", "rate": net, "quantity": 1, "tax_id": tax["tax_id"] if taxed else ""}
    body = {"customer_id": customer["contact_id"], "line_items": [line], "date": "2026-03-02"}
    remote_id = str(act(linked, "POST /creditnotes", **body)["creditnote"]["creditnote_id"])
    put_there(linked, remote_id, parts)
    return remote_id


def put_there(linked: LinkedFirm, remote_id: str, parts: dict[str, float]) -> None:
    ids = {each["invoice_number"]: each["invoice_id"] for each in linked.there("invoices")}
    for number, amount in parts.items():
        act(linked, f"POST /creditnotes/{remote_id}/invoices",
            invoices=[{"invoice_id": ids[number], "amount_applied": amount}])  # fmt: skip


def stands(linked: LinkedFirm, note: CreditNote) -> tuple[dict[str, int], int]:
    """What it is put to, and what is left of it."""
    with job_session(linked.organisation_id) as session:
        parts = {number: part.minor for number, part in put_to(session, note)}
        return parts, kept_as_credit(session, note).minor


def assert_equal(linked: LinkedFirm) -> None:
    """Nothing to decide, nothing sent any more, and what is to pay is the same to the cent."""
    linked.zoho.forget_requests()
    for _ in range(2):
        let_time_pass(linked)
        look(linked)
    assert writes(linked) == [] and questions(linked) == []
    assert {each.state for each in linked.mirror()} == {"in_step"}
    compare_at_night(linked)
    assert drifts(linked) == []


def test_put_to_an_invoice_in_part_it_is_so_here_and_the_rest_follows_later(two: Two) -> None:
    linked, invoice, other = two
    remote_id = note_there(linked, 25, {str(invoice.number): 20})
    look(linked)
    (note,) = notes(linked)
    assert (note.total, note.tax) == (Money(3000, "GBP"), Money(500, "GBP"))
    assert stands(linked, note) == ({invoice.number: 2000}, 1000) and balance(linked, invoice).minor == 21580
    assert_equal(linked)
    put_there(linked, remote_id, {str(other.number): 4, str(invoice.number): 1.5})
    look(linked)
    assert (balance(linked, invoice).minor, balance(linked, other).minor) == (21430, 23180)
    assert_equal(linked)
    assert len(notes(linked)) == len(linked.there("creditnotes")) == 1


def test_put_to_two_invoices_it_is_one_note_put_to_both(two: Two) -> None:
    linked, invoice, other = two
    note_there(linked, 50, {str(invoice.number): 25.5, str(other.number): 10.25})
    look(linked)
    (note,) = notes(linked)
    assert stands(linked, note) == ({invoice.number: 2550, other.number: 1025}, 2425)
    assert_equal(linked)
    put_credit(linked, note, other)  # the rest, here
    drain(linked.organisation_id)
    assert [there(linked, each)["balance"] for each in (invoice, other)] == [210.3, 201.3]
    assert_equal(linked)
    assert [(each["total"], each["balance"]) for each in linked.there("creditnotes")] == [(60, 0)]


def test_without_tax_it_is_asked_about_and_followed_once_it_has_the_tax_of_the_invoice(two: Two) -> None:
    linked, invoice, other = two
    remote_id = note_there(linked, 30, {str(invoice.number): 20, str(other.number): 1}, taxed=False)
    look(linked)
    assert notes(linked) == [] and balance(linked, invoice).minor == 23580
    (asked,) = questions(linked)
    assert (asked.field, asked.ours) == ("credit note", "is not here") and "Zoho would have two" in asked.facts["why"]
    assert [label for _, label in asking.choices_of(asked, {})] == ["Leave it there"]
    (row,) = linked.there("creditnotes")
    (tax, *_) = linked.there("taxes")
    let_time_pass(linked)
    act(linked, f"PUT /creditnotes/{remote_id}", line_items=[row["line_items"][0] | {"tax_id": tax["tax_id"]}])
    look(linked)
    (note,) = notes(linked)
    assert (note.total.minor, note.tax.minor) == (3600, 600)
    assert stands(linked, note) == ({invoice.number: 2000, other.number: 100}, 1500)
    assert_equal(linked)


def test_taken_off_there_before_anybody_answered_one_question_is_left_about_it(two_in_books: Two) -> None:
    linked, invoice, _other = two_in_books
    remote_id = note_there(linked, 30, {str(invoice.number): 20}, taxed=False)
    look(linked)
    before = [asked.id for asked in questions(linked)]
    look(linked)
    assert [asked.id for asked in questions(linked)] == before
    (application,) = linked.there("applications")
    let_time_pass(linked)
    act(linked, f"DELETE /creditnotes/{remote_id}/invoices/{application['application_id']}")
    look(linked)
    assert [(asked.field, asked.module) for asked in questions(linked)] == [("loose credit", "credit_note")]
    act(linked, f"POST /creditnotes/{remote_id}/status/void")
    let_time_pass(linked)
    look(linked)
    assert questions(linked) == [] == notes(linked)


def test_over_another_invoice_than_it_lowers_it_is_as_a_person_says(two_in_books: Two) -> None:
    """Both that it lowers have been taken back before, but for too little."""
    linked, invoice, other = two_in_books
    third = sent_invoice(linked)
    for each in (invoice, other):
        credit(linked, each, share="0.95", keep=True)
    drain(linked.organisation_id)
    look(linked)
    let_time_pass(linked)
    note_there(linked, 100, {str(invoice.number): 20, str(other.number): 30})
    look(linked)
    (asked,) = questions(linked)
    assert [label for _, label in asking.choices_of(asked, {})] == [f"Over {third.number}", "Leave it there"]
    decide(linked, "over 1")
    note = notes(linked)[-1]
    assert (note.invoice_id, note.total.minor, note.tax.minor) == (third.id, 12000, 2000)
    assert stands(linked, note) == ({invoice.number: 2000, other.number: 3000}, 7000)
    assert_equal(linked)
    assert len(linked.there("creditnotes")) == 3


def test_where_less_is_to_pay_here_than_it_takes_off_there_it_says_so(two_in_books: Two) -> None:
    linked, invoice, _other = two_in_books
    linked.zoho.break_down("error_500_before", path="/customerpayments", times=50)
    pay(linked, invoice, 23000)
    note_there(linked, 100, {str(invoice.number): 120})
    look(linked)
    asked = next(each for each in questions(linked) if each.field == "credit note")
    linked.zoho.mend()
    assert notes(linked) == [] and "where £5.80 is to pay here" in asked.facts["why"]


@pytest.mark.parametrize("theirs", [True, False])
def test_what_was_left_of_a_payment_is_put_to_what_it_is_put_to_there(two: Two, theirs: bool) -> None:
    linked, invoice, other = two
    if theirs:
        remote_id = paid_there(linked, invoice, 50, invoices=[])
    else:
        pay(linked, invoice, 5000, applied=1000)
    look(linked)
    drain(linked.organisation_id)
    remote_id = linked.there("customerpayments")[0]["payment_id"]
    let_time_pass(linked)
    act(linked, f"POST /invoices/{there(linked, other)['invoice_id']}/credits",
        invoice_payments=[{"payment_id": remote_id, "amount_applied": 30.25}])  # fmt: skip
    look(linked)
    assert balance(linked, other).minor == 23580 - 3025
    assert balance(linked, invoice).minor == 23580 - (0 if theirs else 1000)
    assert_equal(linked)
    assert len(linked.there("customerpayments")) == 1 and linked.there("creditnotes") == []


def test_credit_given_back_there_is_recorded_though_its_invoice_is_open(two: Two) -> None:
    linked, invoice, _other = two
    remote_id = note_there(linked, 10, {})
    look(linked)
    decide(linked, "over 1")
    let_time_pass(linked)
    act(linked, f"POST /creditnotes/{remote_id}/refunds", date="2026-03-02", amount=5, refund_mode="banktransfer",
        from_account_id="1")  # fmt: skip
    look(linked)
    decide(linked, "theirs")
    (note,) = notes(linked)
    assert stands(linked, note) == ({}, 700) and balance(linked, invoice).minor == 23580
    with job_session(linked.organisation_id) as session:
        assert [each.amount_minor for each in session.query(CreditRefund)] == [500]
    assert_equal(linked)
    assert len(linked.there("creditnoterefunds")) == 1


def test_given_back_before_it_is_taken_over_that_is_asked_about(two_in_books: Two) -> None:
    linked, invoice, _other = two_in_books
    remote_id = note_there(linked, 25, {str(invoice.number): 20})
    act(linked, f"POST /creditnotes/{remote_id}/refunds", date="2026-03-02", amount=10, refund_mode="cash",
        from_account_id="1")  # fmt: skip
    look(linked)
    decide(linked, "theirs")
    assert stands(linked, notes(linked)[0]) == ({invoice.number: 2000}, 0)
    assert_equal(linked)


def test_put_to_the_same_invoice_on_both_sides_it_is_put_to_it_once(two_in_books: Two) -> None:
    linked, invoice, other = two_in_books
    note = credit(linked, invoice, share="0.25", keep=True)
    drain(linked.organisation_id)
    look(linked)
    let_time_pass(linked)
    (row,) = linked.there("creditnotes")
    put_there(linked, row["creditnote_id"], {str(other.number): row["balance"]})
    put_credit(linked, note, other)
    look(linked)
    whole = note.total_minor
    assert stands(linked, note) == ({other.number: whole}, 0) and balance(linked, other).minor == 23580 - whole
    assert_equal(linked)

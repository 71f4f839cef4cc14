"""A credit note that is voided, on either side and in every order: off the invoice and void on both, in both products,
and silent afterwards."""

from itertools import permutations

import pytest

from portal.accounting.pull import asking
from portal.invoices.credit_notes.models import CreditNote
from portal.invoices.credit_notes.queries import get_credit_note
from portal.invoices.models import Invoice
from portal.payments.actions import void_credit_note
from portal.shared.running import job_session
from tests.portal.accounting.both_ways import act, let_time_pass, look, questions
from tests.portal.accounting.doings import credit, pay, sent_invoice
from tests.portal.accounting.stand_in import LinkedFirm, linked, linked_to_either, zoho
from tests.portal.accounting.test_credit_notes_changed_there import (
    assert_settled,
    credited,
    decide_about,
    go_on,
    move_there,
    offered,
    open_there,
    take_off_there,
    void_there,
)
from tests.portal.accounting.test_payments_back import balance, compare_at_night, decide

__all__ = ["credited", "linked", "linked_to_either", "zoho"]
Credited = tuple[LinkedFirm, Invoice, CreditNote]


def void_here(linked: LinkedFirm, note: CreditNote) -> None:
    void_credit_note(linked.organisation_id, note.id, "Made by mistake", linked.firm.people["manager"])


def is_void_here(linked: LinkedFirm, note: CreditNote) -> bool:
    with job_session(linked.organisation_id) as session:
        return get_credit_note(session, note.id).is_void


def statuses(linked: LinkedFirm) -> list[str]:
    return [each["status"] for each in linked.there("creditnotes")]


def assert_void_on_both(linked: LinkedFirm, invoice: Invoice, note: CreditNote) -> None:
    assert statuses(linked) == ["void"] and is_void_here(linked, note)
    assert open_there(linked)[invoice.number or ""] == 235.8 and balance(linked, invoice).minor == 23580
    assert_settled(linked)


def test_voided_here_it_is_taken_off_there_and_void(credited: Credited) -> None:
    linked, invoice, note = credited
    linked.zoho.forget_requests()
    void_here(linked, note)
    go_on(linked)
    asked = [one["method"] for one in linked.zoho.requests(linked.remote)]
    assert [method for method in asked if method != "GET"] == ["DELETE", "POST"]
    assert_void_on_both(linked, invoice, note)


@pytest.mark.parametrize("how", ["error_500_after", "cut_after", "error_500_before"])
def test_however_the_answers_are_lost_between_taking_off_and_voiding_it_ends_void(credited: Credited, how: str) -> None:
    linked, invoice, note = credited
    void_here(linked, note)
    linked.zoho.break_down(how, method="DELETE", path="/creditsapplied")
    linked.zoho.break_down(how, method="POST", path="/status/void")
    go_on(linked, 5)
    assert_void_on_both(linked, invoice, note)


def test_voided_before_it_ever_went_over_it_is_void_there_under_its_number(linked: LinkedFirm) -> None:
    invoice = sent_invoice(linked)
    note = credit(linked, invoice)
    void_here(linked, note)
    go_on(linked, 2)
    numbers = [each["creditnote_number"] for each in linked.there("creditnotes")]
    assert (numbers, statuses(linked)) == ([note.number], ["void"])
    assert open_there(linked) == {invoice.number: 235.8}


def test_voided_there_it_is_voided_here_too(credited: Credited) -> None:
    linked, invoice, note = credited
    void_there(linked)
    decide(linked, asking.THEIRS)
    go_on(linked)
    assert_void_on_both(linked, invoice, note)


def test_opened_again_there_it_is_voided_there_again(credited: Credited) -> None:
    linked, invoice, note = credited
    void_here(linked, note)
    go_on(linked)
    let_time_pass(linked)
    (there,) = linked.there("creditnotes")
    for stage in ("draft", "open"):
        act(linked, f"POST /creditnotes/{there['creditnote_id']}/status/{stage}")
    look(linked)
    assert offered(linked) == [asking.OURS, asking.SEEN]
    decide(linked, asking.OURS)
    go_on(linked, 2)
    assert_void_on_both(linked, invoice, note)


def test_deleted_there_it_can_be_voided_here(credited: Credited) -> None:
    linked, invoice, note = credited
    act(linked, f"DELETE /creditnotes/{take_off_there(linked)}")
    compare_at_night(linked)
    assert offered(linked) == [asking.AGAIN, asking.END, asking.APART]
    decide(linked, asking.END)
    go_on(linked)
    assert is_void_here(linked, note) and balance(linked, invoice).minor == 23580
    assert linked.there("creditnotes") == [] and questions(linked) == []


@pytest.mark.parametrize("order", list(permutations(["here", "there", "look", "push"])))
def test_voided_on_both_sides_in_any_order_nobody_is_asked_in_the_end(
    credited: Credited, order: tuple[str, ...]
) -> None:
    linked, invoice, note = credited
    deeds = {
        "here": lambda: void_here(linked, note), "push": lambda: go_on(linked), "look": lambda: look(linked),
        "there": lambda: void_if_it_is_not(linked),
    }  # fmt: skip
    for deed in order:
        let_time_pass(linked)
        deeds[deed]()
    go_on(linked, 2)
    let_time_pass(linked)
    look(linked)
    assert_void_on_both(linked, invoice, note)


def void_if_it_is_not(linked: LinkedFirm) -> None:
    (there,) = linked.there("creditnotes")
    if there["status"] != "void":
        act(linked, f"POST /creditnotes/{take_off_there(linked)}/status/void")


def test_what_is_paid_after_the_void_arrives_though_the_credit_still_stands_there(credited: Credited) -> None:
    """The payment needs the place that the credit holds in Zoho."""
    linked, invoice, note = credited
    void_here(linked, note)
    pay(linked, invoice)
    go_on(linked, 3)
    assert open_there(linked) == {invoice.number: 0} and statuses(linked) == ["void"]
    assert {each.state for each in linked.mirror()} == {"in_step"}


def test_moved_there_it_is_moved_here_to_the_cent(credited: Credited) -> None:
    linked, invoice, _note = credited
    other = move_there(linked)
    decide_about(linked, "credit_note", asking.THEIRS)
    go_on(linked)
    assert (balance(linked, invoice).minor, balance(linked, other).minor) == (23580, 13580)
    let_time_pass(linked)
    look(linked)
    assert_settled(linked)

"""The credit of a note is elsewhere in Zoho than here: a person says what counts, and both sides end equal. It is not
refused for ever, and nothing is offered that cannot be done."""

from decimal import Decimal
from typing import Any

import pytest

from portal.accounting.inbox import stuck_records
from portal.accounting.mirror.drain import drain
from portal.accounting.pull import asking, decisions
from portal.accounting.pull.models import Question
from portal.accounting.queries import tied_now
from portal.accounting.reconciliation.models import DriftRow
from portal.invoices.credit_notes.models import CreditNote
from portal.invoices.models import Invoice
from portal.shared.errors import RuleBroken
from portal.shared.money import Money
from portal.shared.running import job_session
from tests.portal.accounting.both_ways import act, both_ways, let_time_pass, look, questions
from tests.portal.accounting.doings import credit, pay, put_credit, refund_note, sent_invoice
from tests.portal.accounting.stand_in import LinkedFirm, linked, zoho
from tests.portal.accounting.test_payments_back import balance, billed, compare_at_night

__all__ = ["billed", "linked", "zoho"]


@pytest.fixture
def kept(billed: tuple[LinkedFirm, Invoice]) -> tuple[LinkedFirm, CreditNote, Invoice]:
    """A credit note over a paid invoice, kept as credit on both sides; and another invoice that is to pay."""
    linked, paid = billed
    pay(linked, paid, method="cheque")
    drain(linked.organisation_id)
    note, other = credit(linked, paid, share="0.5", keep=True), sent_invoice(linked)
    both_ways(linked, "credit_note")
    look(linked)
    assert questions(linked) == []
    return linked, note, other


def note_there(linked: LinkedFirm) -> dict[str, Any]:
    return linked.there("creditnotes")[0]


def open_there(linked: LinkedFirm, invoice: Invoice) -> int:
    """In minor units."""
    found = next(one["balance"] for one in linked.there("invoices") if one["invoice_number"] == invoice.number)
    return Money.rounded(Decimal(str(found)), "GBP").minor


def give_back_there(linked: LinkedFirm, amount: int) -> None:
    address = f"POST /creditnotes/{note_there(linked)['creditnote_id']}/refunds"
    act(linked, address, date="2026-03-02", amount=amount, refund_mode="cash", from_account_id="1")


def take_off_there(linked: LinkedFirm) -> None:
    note_id = note_there(linked)["creditnote_id"]
    (piece,) = [each for each in linked.there("applications") if each.get("source_id") == note_id]
    act(linked, f"DELETE /creditnotes/{note_id}/invoices/{piece['application_id']}")


def answers(linked: LinkedFirm, asked: Question) -> list[str]:
    with job_session(linked.organisation_id) as session:
        return [decision for decision, _ in asking.choices(session, asked)]


def answer(linked: LinkedFirm, asked: Question, decision: str) -> None:
    with job_session(linked.organisation_id) as session:
        decisions.prepare(session, asked.id, decision)
        decisions.decide(
            session, asked.id, decision, by="Mo Manager", person_id=linked.firm.people["manager"]
        )  # fmt: skip
    drain(linked.organisation_id)


def assert_equal_sides(linked: LinkedFirm) -> None:
    for _ in range(3):
        let_time_pass(linked)
        look(linked)
    assert questions(linked) == [] and drifts(linked) == []


def drifts(linked: LinkedFirm) -> list[tuple[str, str]]:
    compare_at_night(linked)
    with job_session(linked.organisation_id) as session:
        return [(each.cause, each.label) for each in session.query(DriftRow).order_by(DriftRow.id)]


def test_given_back_there_while_it_was_put_to_an_invoice_here(kept: tuple[LinkedFirm, CreditNote, Invoice]) -> None:
    linked, note, other = kept
    give_back_there(linked, 30)
    put_credit(linked, note, other)
    for _ in range(2):
        look(linked)
    put, back = questions(linked)
    assert (put.facts["title"], back.facts["title"]) == ("Less of it is left in Zoho", "Given back in Zoho")
    assert answers(linked, put) == ["theirs", "seen"]  # ours cannot be put back: so much is not left there
    with job_session(linked.organisation_id) as session:
        tied = tied_now(session)
        assert tied is not None
        (stuck,) = stuck_records(session, tied)
        assert stuck.cause.title == "Its credit is elsewhere in Zoho"
    with pytest.raises(RuleBroken):  # here nothing is left of it to give back, until it is off that invoice
        answer(linked, back, "theirs")
    answer(linked, put, "theirs")
    answer(linked, back, "theirs")
    assert_equal_sides(linked)
    assert balance(linked, other).minor == other.total_minor and open_there(linked, other) == 23580
    put_credit(linked, note, other)  # what is left of it, once more
    drain(linked.organisation_id)
    assert note_there(linked)["balance"] == 0 and drifts(linked) == []
    assert open_there(linked, other) == balance(linked, other).minor


def put_there(linked: LinkedFirm, note: dict[str, Any], invoice: Invoice, amount: float) -> None:
    there = next(one for one in linked.there("invoices") if one["invoice_number"] == invoice.number)
    act(linked, f"POST /creditnotes/{note['creditnote_id']}/invoices",
        invoices=[{"invoice_id": there["invoice_id"], "amount_applied": amount}])  # fmt: skip


def test_put_to_an_invoice_there_while_it_was_given_back_here(kept: tuple[LinkedFirm, CreditNote, Invoice]) -> None:
    linked, note, other = kept
    put_there(linked, note_there(linked), other, 117.9)
    refund_note(linked, note.id, note.total_minor)
    for _ in range(2):
        look(linked)
    put = next(asked for asked in questions(linked) if asked.module == "credit_note")
    assert answers(linked, put) == ["theirs", "ours", "seen"]
    with pytest.raises(RuleBroken):  # the customer has the money
        answer(linked, put, "theirs")
    answer(linked, put, "ours")
    assert_equal_sides(linked)
    assert open_there(linked, other) == 23580 and len(linked.there("creditnoterefunds")) == 1


def test_less_is_open_there_on_the_invoice_that_it_was_put_to_here(
    kept: tuple[LinkedFirm, CreditNote, Invoice],
) -> None:
    linked, note, other = kept
    there = next(one for one in linked.there("invoices") if one["invoice_number"] == other.number)
    kept_of_line = {key: there["line_items"][0][key] for key in ("item_id", "name", "tax_id")}
    theirs = act(linked, "POST /creditnotes", customer_id=there["customer_id"], date="2026-03-02",
                 reference_number=other.number, line_items=[kept_of_line | {"rate": 100, "quantity": 1}])  # fmt: skip
    put_there(linked, theirs["creditnote"], other, 120)
    put_credit(linked, note, other)
    linked.change("UPDATE pull_cursors SET next_look_at = clock_timestamp() + interval '1 hour'")
    drain(linked.organisation_id)
    put = next(asked for asked in questions(linked) if asked.module == "credit_note")
    assert "Zoho could not do the same there" in put.facts["why"]
    answer(linked, put, "theirs")
    assert_equal_sides(linked)
    assert open_there(linked, other) == balance(linked, other).minor == 11580


def test_taken_off_and_given_back_there_ours_is_not_offered_to_be_put_back(
    kept: tuple[LinkedFirm, CreditNote, Invoice],
) -> None:
    linked, note, other = kept
    put_credit(linked, note, other)
    drain(linked.organisation_id)
    let_time_pass(linked)
    take_off_there(linked)
    give_back_there(linked, 40)
    look(linked)
    put, back = questions(linked)
    assert answers(linked, put) == ["theirs", "seen"] and back.facts["title"] == "Given back in Zoho"
    answer(linked, put, "theirs")
    answer(linked, back, "theirs")
    assert_equal_sides(linked)


def test_only_taken_off_there_it_can_be_put_back(kept: tuple[LinkedFirm, CreditNote, Invoice]) -> None:
    linked, note, other = kept
    put_credit(linked, note, other)
    drain(linked.organisation_id)
    let_time_pass(linked)
    take_off_there(linked)
    look(linked)
    (put,) = questions(linked)
    assert answers(linked, put) == ["theirs", "ours", "seen"]
    answer(linked, put, "ours")
    assert note_there(linked)["balance"] == 0 and drifts(linked) == []

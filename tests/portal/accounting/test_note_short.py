"""Less of a credit note is left in Zoho than is put to invoices here: a person says what counts, and both sides end
equal. It is not refused for ever, and nothing is offered that cannot be done."""

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
from portal.shared.running import job_session
from tests.portal.accounting.both_ways import act, both_ways, let_time_pass, look, questions
from tests.portal.accounting.doings import credit, pay, put_credit, sent_invoice
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
    (found,) = linked.there("creditnotes")
    return found


def open_there(linked: LinkedFirm, invoice: Invoice) -> object:
    return next(one["balance"] for one in linked.there("invoices") if one["invoice_number"] == invoice.number)


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
        assert stuck.cause.title == "Zoho has less left of it than is put to invoices here"
    with pytest.raises(RuleBroken):  # here nothing is left of it to give back, until it is off that invoice
        answer(linked, back, "theirs")
    answer(linked, put, "theirs")
    answer(linked, back, "theirs")
    for _ in range(2):
        let_time_pass(linked)
        look(linked)
    assert questions(linked) == [] and drifts(linked) == []
    assert balance(linked, other).minor == other.total_minor and open_there(linked, other) == 235.8
    put_credit(linked, note, other)  # what is left of it, once more
    drain(linked.organisation_id)
    assert note_there(linked)["balance"] == 0 and drifts(linked) == []
    assert round(float(str(open_there(linked, other))) * 100) == balance(linked, other).minor


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
    for _ in range(2):
        let_time_pass(linked)
        look(linked)
    assert questions(linked) == [] and drifts(linked) == []


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

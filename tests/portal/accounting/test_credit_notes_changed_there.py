"""A credit note of ours that was voided, moved or deleted in Zoho: each answer does what it says, to the cent, in both
products, and is silent afterwards."""

from decimal import Decimal

import pytest
from sqlalchemy import func

from portal.accounting.mirror import uses
from portal.accounting.mirror.drain import drain
from portal.accounting.pull import asking, decisions
from portal.accounting.reconciliation import causes
from portal.accounting.reconciliation.actions import fix
from portal.accounting.reconciliation.models import DriftRow, Reconciliation
from portal.invoices.credit_notes.models import CreditNote
from portal.invoices.models import Invoice
from portal.shared.running import job_session
from tests.builders import Firm
from tests.portal.accounting.both_ways import act, both_ways, let_time_pass, look, questions
from tests.portal.accounting.doings import credit, sent_invoice
from tests.portal.accounting.stand_in import LinkedFirm, ZohoStandIn, connect, linked_to_either, zoho
from tests.portal.accounting.test_credit_notes_back import writes
from tests.portal.accounting.test_payments_back import balance, compare_at_night, decide

__all__ = ["linked_to_either", "zoho"]
Credited = tuple[LinkedFirm, Invoice, CreditNote]


@pytest.fixture
def credited(linked_to_either: LinkedFirm) -> Credited:
    """Half of an invoice of 235.80 was taken back, as both sides have it, kept from both sides."""
    return credited_in(linked_to_either)


def credited_in(linked: LinkedFirm) -> Credited:
    invoice = sent_invoice(linked)
    note = credit(linked, invoice, share="0.5")
    both_ways(linked, "customer", "item", "invoice", "payment", "credit_note")
    look(linked)
    let_time_pass(linked)
    return linked, invoice, note


def take_off_there(linked: LinkedFirm) -> str:
    """Somebody takes the credit off the invoice. The credit note's id there."""
    (note,) = linked.there("creditnotes")
    for each in linked.there("applications"):
        act(linked, f"DELETE /creditnotes/{note['creditnote_id']}/invoices/{each['application_id']}")
    return str(note["creditnote_id"])


def move_there(linked: LinkedFirm) -> Invoice:
    """Somebody puts 100 of the credit to another invoice there, which is sent for that. That one."""
    other = sent_invoice(linked)
    drain(linked.organisation_id)
    let_time_pass(linked)
    remote_id = take_off_there(linked)
    there = next(each for each in linked.there("invoices") if each["invoice_number"] == other.number)
    act(linked, f"POST /creditnotes/{remote_id}/invoices",
        invoices=[{"invoice_id": there["invoice_id"], "amount_applied": 100}])  # fmt: skip
    look(linked)
    return other


def void_there(linked: LinkedFirm) -> None:
    act(linked, f"POST /creditnotes/{take_off_there(linked)}/status/void")
    look(linked)


def offered(linked: LinkedFirm) -> list[str]:
    (asked,) = questions(linked)
    with job_session(linked.organisation_id) as session:
        return [decision for decision, _ in asking.choices(session, session.merge(asked))]


def go_on(linked: LinkedFirm, rounds: int = 1) -> None:
    for _ in range(rounds):
        linked.make_due()
        drain(linked.organisation_id)


def open_there(linked: LinkedFirm) -> dict[str, float]:
    return {each["invoice_number"]: each["balance"] for each in linked.there("invoices")}


def assert_settled(linked: LinkedFirm) -> None:
    """Nothing is to be decided, nothing is sent any more, and both sides are found equal."""
    linked.zoho.forget_requests()
    for _ in range(2):
        let_time_pass(linked)
        look(linked)
    assert writes(linked) == [] and questions(linked) == []
    assert {each.state for each in linked.mirror()} == {"in_step"}
    compare_at_night(linked)
    assert drifts(linked) == []


def drifts(linked: LinkedFirm) -> list[tuple[str, str]]:
    with job_session(linked.organisation_id) as session:
        newest = session.query(func.max(Reconciliation.id)).scalar_subquery()
        return [(each.module, each.cause) for each in session.query(DriftRow).filter(DriftRow.run_id == newest)]


def test_voided_there_it_is_made_valid_again_though_each_answer_is_lost_once(credited: Credited) -> None:
    linked, invoice, note = credited
    void_there(linked)
    assert offered(linked) == [asking.THEIRS, asking.OURS, asking.APART] and open_there(linked) == {
        invoice.number: 235.8
    }
    for lost in ("/status/draft", "/status/open", "/invoices"):
        linked.zoho.break_down("error_500_after", path=lost)
    decide(linked, asking.OURS)
    go_on(linked, 4)
    assert [(each["status"], each["total"]) for each in linked.there("creditnotes")] == [("closed", 117.9)]
    assert open_there(linked) == {invoice.number: 117.9} and balance(linked, invoice).minor == 11790
    assert note.total_minor == 11790
    assert_settled(linked)


def test_moved_to_another_invoice_there_it_is_put_back_though_an_answer_is_lost(credited: Credited) -> None:
    linked, invoice, _note = credited
    other = move_there(linked)
    told = {asked.module: asked.id for asked in questions(linked)}
    assert set(told) == {"credit_note", "invoice"}  # of the other one, less is to pay there
    linked.zoho.break_down("error_500_after", method="DELETE", path="/creditsapplied")
    decide_about(linked, "credit_note", asking.OURS)
    go_on(linked, 2)
    assert open_there(linked) == {invoice.number: 117.9, other.number: 235.8}
    assert (balance(linked, invoice).minor, balance(linked, other).minor) == (11790, 23580)
    assert_settled(linked)


def decide_about(linked: LinkedFirm, module: str, decision: str) -> None:
    asked = next(each for each in questions(linked) if each.module == module)
    with job_session(linked.organisation_id) as session:
        assert decisions.decide(session, asked.id, decision, by="Mo", person_id=linked.firm.people["manager"])
    drain(linked.organisation_id)


@pytest.mark.parametrize(("how", "again"), [("void", asking.OURS), ("deleted", asking.AGAIN)])
def test_left_as_they_are_each_comparison_says_so_and_it_can_be_asked_again(
    zoho: ZohoStandIn, firm: Firm, how: str, again: str
) -> None:
    linked, invoice, _note = credited_in(connect(zoho, firm, product="books" if how == "void" else "invoice"))
    if how == "void":
        void_there(linked)
    else:
        act(linked, f"DELETE /creditnotes/{take_off_there(linked)}")
        compare_at_night(linked)
    assert {again, asking.APART} < set(offered(linked))
    decide(linked, asking.APART)
    let_time_pass(linked)
    look(linked)
    assert questions(linked) == []
    compare_at_night(linked)
    assert ("credit_note", "kept apart") in drifts(linked)
    with job_session(linked.organisation_id) as session:
        drift = session.query(DriftRow).filter(DriftRow.module == "credit_note").order_by(DriftRow.id.desc()).first()
        assert drift is not None
        fix(session, drift.id, causes.ASK_AGAIN)
    decide(linked, again)
    go_on(linked)
    assert open_there(linked) == {invoice.number: 117.9}
    assert_settled(linked)


def test_put_to_one_invoice_twice_it_is_known_as_one_sum() -> None:
    """Zoho lists it twice then; taken for the last of the two, the first would be put to it once more."""
    listed = [{"invoice_id": "7", "credited_amount": amount, "creditnote_invoice_id": of}
              for amount, of in (("10.10", "1"), ("20.20", "2"))]  # fmt: skip
    there = uses.seen_credit({"invoices_credited": listed}, None)
    assert there is not None and there.applied == {"7": Decimal("30.30")} and there.pieces == {"7": "2"}

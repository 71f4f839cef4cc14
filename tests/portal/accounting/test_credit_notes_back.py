"""Credit notes made in Zoho come back: the same to the cent, or told; never sent back, never doubled."""

from typing import Any

import pytest

from portal.accounting.mirror.drain import drain
from portal.accounting.pull import asking, loose_credits
from portal.accounting.reconciliation.models import DriftRow
from portal.invoices.credit_notes.models import CreditNote, CreditRefund
from portal.invoices.credit_notes.queries import kept_as_credit
from portal.invoices.models import Invoice
from portal.shared import clock
from portal.shared.money import Money
from portal.shared.running import job_session
from tests.portal.accounting.both_ways import act, both_ways, let_time_pass, look, questions
from tests.portal.accounting.doings import credit, pay
from tests.portal.accounting.stand_in import LinkedFirm, linked, zoho
from tests.portal.accounting.test_payments_back import balance, billed, compare_at_night, decide

__all__ = ["billed", "linked", "zoho"]


@pytest.fixture
def both(billed: tuple[LinkedFirm, Invoice]) -> tuple[LinkedFirm, Invoice]:
    both_ways(billed[0], "credit_note")
    look(billed[0])
    return billed


def credit_there(linked: LinkedFirm, invoice: Invoice, lines: list[dict[str, Any]], *, applied: bool = True) -> str:
    """Made by somebody in Zoho, over lines of that invoice."""
    there = next(each for each in linked.there("invoices") if each["invoice_number"] == invoice.number)
    body = {"customer_id": there["customer_id"], "date": "2026-03-02", "reference_number": invoice.number,
            "line_items": lines}  # fmt: skip
    note = act(linked, "POST /creditnotes", **body)["creditnote"]
    if applied:
        amount = min(note["total"], there["balance"])
        act(linked, f"POST /creditnotes/{note['creditnote_id']}/invoices",
            invoices=[{"invoice_id": there["invoice_id"], "amount_applied": amount}])  # fmt: skip
    return str(note["creditnote_id"])


def lines_there(linked: LinkedFirm, **changed: Any) -> list[dict[str, Any]]:
    (there,) = linked.there("invoices")
    kept = ("item_id", "name", "rate", "quantity", "tax_id")
    return [{key: line[key] for key in kept} | changed for line in there["line_items"]]


def notes(linked: LinkedFirm) -> list[CreditNote]:
    with job_session(linked.organisation_id) as session:
        return session.query(CreditNote).order_by(CreditNote.id).all()


def writes(linked: LinkedFirm) -> list[str]:
    return [one["method"] for one in linked.zoho.requests(linked.remote) if one["method"] != "GET"]


def test_one_over_the_whole_is_one_here_and_is_not_sent_back(both: tuple[LinkedFirm, Invoice]) -> None:
    linked, invoice = both
    credit_there(linked, invoice, lines_there(linked))
    linked.zoho.forget_requests()
    for _ in range(3):
        look(linked)
    (note,) = notes(linked)
    assert (note.total, str(note.issued_on), note.invoice_id) == (invoice.total, "2026-03-02", invoice.id)
    assert note.reason.endswith("CN-00001 in Zoho Books")
    assert balance(linked, invoice).minor == 0 and questions(linked) == []
    assert writes(linked) == [] and len(linked.there("creditnotes")) == 1


def test_one_over_a_part_comes_to_the_same_cent_over_the_same_line(both: tuple[LinkedFirm, Invoice]) -> None:
    linked, invoice = both
    line = lines_there(linked, rate=33.33, quantity=1)[0]
    credit_there(linked, invoice, [line])
    look(linked)
    (note,), (there,) = notes(linked), linked.there("creditnotes")
    assert note.total.minor == round(there["total"] * 100) == 4000
    assert balance(linked, invoice).minor == 23580 - 4000 and questions(linked) == []


def test_what_is_kept_there_is_kept_here(both: tuple[LinkedFirm, Invoice]) -> None:
    linked, invoice = both
    credit_there(linked, invoice, lines_there(linked, rate=10, quantity=1)[:1], applied=False)
    look(linked)
    assert [note.total.minor for note in notes(linked)] == [1200]
    assert balance(linked, invoice).minor == 23580
    let_time_pass(linked)
    look(linked)
    assert [each["balance"] for each in linked.there("creditnotes")] == [12] and questions(linked) == []


def test_one_of_more_than_the_invoice_is_told_and_made_by_nobody(both: tuple[LinkedFirm, Invoice]) -> None:
    linked, invoice = both
    credit_there(linked, invoice, lines_there(linked, rate=500))
    look(linked)
    look(linked)
    assert notes(linked) == []
    told = {asked.field: asked.theirs for asked in questions(linked)}
    assert set(told) == {"credit note"} and "CN-00001" in told["credit note"]


def test_killed_while_it_is_taken_over_it_is_made_once(
    both: tuple[LinkedFirm, Invoice], monkeypatch: pytest.MonkeyPatch
) -> None:
    linked, invoice = both
    credit_there(linked, invoice, lines_there(linked))

    class Killed(BaseException):
        pass

    def die(*_arguments: Any, **_named: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(loose_credits, "tie", die)
        with pytest.raises(Killed):
            look(linked)
    look(linked)
    assert len(notes(linked)) == len(linked.there("creditnotes")) == 1


def test_one_voided_there_is_told(both: tuple[LinkedFirm, Invoice]) -> None:
    linked, invoice = both
    remote_id = credit_there(linked, invoice, lines_there(linked), applied=False)
    look(linked)
    let_time_pass(linked)
    act(linked, f"POST /creditnotes/{remote_id}/status/void")
    look(linked)
    assert [(asked.field, asked.theirs) for asked in questions(linked)] == [("credit void", "void")]


def loose_credit_there(linked: LinkedFirm, rate: float = 25.0) -> str:
    """Credit that somebody gave a customer, over no invoice."""
    (customer,), (tax, *_) = linked.there("contacts"), linked.there("taxes")
    line = {"name": "Goodwill", "rate": rate, "quantity": 1, "tax_id": tax["tax_id"]}
    return str(act(linked, "POST /creditnotes", customer_id=customer["contact_id"], line_items=[line],
                   date=clock.today("Europe/London").isoformat())["creditnote"]["creditnote_id"])  # fmt: skip


def test_one_over_no_invoice_is_asked_about_once_and_becomes_the_customers_credit(
    both: tuple[LinkedFirm, Invoice],
) -> None:
    linked, invoice = both
    loose_credit_there(linked)
    look(linked)
    (asked,) = questions(linked)
    assert (asked.field, asked.facts["label"], asked.theirs[:9]) == (
        "loose credit",
        "Credit note CN-00001",
        "30.00 GBP",
    )
    assert asking.choices_of(asked, {}) == (("over 1", f"Over {invoice.number}"), ("seen", "Leave it there"))
    decide(linked, "over 1")
    linked.zoho.forget_requests()
    for _ in range(2):
        let_time_pass(linked)
        look(linked)
    (note,) = notes(linked)
    with job_session(linked.organisation_id) as session:
        assert kept_as_credit(session, note) == note.total == Money(3000, "GBP")
    assert balance(linked, invoice).minor == 23580 and questions(linked) == [] and writes(linked) == []


def test_one_that_is_left_there_is_not_asked_about_again_and_told_by_the_comparison(
    both: tuple[LinkedFirm, Invoice],
) -> None:
    linked, _invoice = both
    loose_credit_there(linked)
    look(linked)
    decide(linked, "seen")
    let_time_pass(linked)
    look(linked)
    assert notes(linked) == [] and questions(linked) == []
    compare_at_night(linked)
    assert drifts(linked) == [("missing here", "CN-00001")]


def test_one_too_large_for_any_invoice_can_only_be_left_there(both: tuple[LinkedFirm, Invoice]) -> None:
    linked, _invoice = both
    remote_id = loose_credit_there(linked, rate=999)
    look(linked)
    (asked,) = questions(linked)
    assert asking.choices_of(asked, {}) == (("seen", "Leave it there"),)
    act(linked, f"POST /creditnotes/{remote_id}/status/void")
    let_time_pass(linked)
    look(linked)
    assert questions(linked) == []


def test_one_there_with_the_number_of_ours_is_another_one_not_ours_twice(both: tuple[LinkedFirm, Invoice]) -> None:
    linked, invoice = both
    remote_id = loose_credit_there(linked)
    linked.change("UPDATE pull_cursors SET next_look_at = clock_timestamp() + interval '1 day'")
    own = credit(linked, invoice, share="0.5")
    drain(linked.organisation_id)
    there = {each["creditnote_id"]: each["creditnote_number"] for each in linked.there("creditnotes")}
    assert there.pop(remote_id) == own.number and len(there) == 1
    compare_at_night(linked)
    assert drifts(linked) == [("missing here", own.number)]
    assert [each.field for each in questions(linked)] == ["loose credit"]


def drifts(linked: LinkedFirm) -> list[tuple[str, str]]:
    with job_session(linked.organisation_id) as session:
        return [(each.cause, each.label) for each in session.query(DriftRow).order_by(DriftRow.id)]


def test_a_difference_names_the_number_that_it_has_there(both: tuple[LinkedFirm, Invoice]) -> None:
    """Ours may be another one's there."""
    linked, invoice = both
    body = {"customer_id": linked.there("invoices")[0]["customer_id"], "creditnote_number": "OFFICE-7",
            "date": "2026-03-02", "reference_number": invoice.number,
            "line_items": lines_there(linked, rate=10, quantity=1)[:1]}  # fmt: skip
    linked.zoho.control("POST", f"/orgs/{linked.remote}/act", {"do": "POST /creditnotes", "body": body,
                        "query": {"ignore_auto_number_generation": "true"}})  # fmt: skip
    look(linked)
    (note,), (there,) = notes(linked), linked.there("creditnotes")
    let_time_pass(linked)
    act(linked, f"PUT /creditnotes/{there['creditnote_id']}",
        line_items=lines_there(linked, rate=20, quantity=1)[:1])  # fmt: skip
    compare_at_night(linked)
    with job_session(linked.organisation_id) as session:
        (row,) = session.query(DriftRow).all()
    assert row.label == note.number and row.ours.startswith(note.number) and row.theirs.startswith("OFFICE-7")


@pytest.mark.parametrize(("decision", "here"), [("theirs", [1500]), ("seen", [])])
def test_credit_given_back_there_is_asked_about_once_and_recorded_here(
    both: tuple[LinkedFirm, Invoice], decision: str, here: list[int]
) -> None:
    linked, _invoice = both
    remote_id = loose_credit_there(linked)
    look(linked)
    decide(linked, "over 1")
    let_time_pass(linked)
    act(linked, f"POST /creditnotes/{remote_id}/refunds", date="2026-03-02", amount=15, refund_mode="banktransfer",
        from_account_id="1")  # fmt: skip
    look(linked)
    (asked,) = questions(linked)
    assert (asked.facts["title"], asked.theirs) == ("Given back in Zoho", "15.00 GBP on 2026-03-02")
    pay(linked, _invoice)
    drain(linked.organisation_id)
    decide(linked, decision)
    for _ in range(2):
        let_time_pass(linked)
        look(linked)
    with job_session(linked.organisation_id) as session:
        assert [each.amount_minor for each in session.query(CreditRefund)] == here
    assert len(linked.there("creditnoterefunds")) == 1 and questions(linked) == []

"""Credit notes made in Zoho come back: the same to the cent, or told; never sent back, never doubled."""

from typing import Any

import pytest

from portal.accounting.pull import credit_notes
from portal.invoices.credit_notes.models import CreditNote
from portal.invoices.models import Invoice
from portal.shared.running import job_session
from tests.portal.accounting.both_ways import act, both_ways, let_time_pass, look, questions
from tests.portal.accounting.stand_in import LinkedFirm, linked, zoho
from tests.portal.accounting.test_payments_back import balance, billed

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
    assert set(told) == {"credit note", "balance"} and "CN-00001" in told["credit note"]


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
        patch.setattr(credit_notes, "tie", die)
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

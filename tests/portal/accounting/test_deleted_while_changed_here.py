"""A document that is deleted in Zoho while something of it changes here: the first refused call asks what becomes of
it, and both sides end equal."""

import pytest

from portal.accounting.inbox import stuck_records
from portal.accounting.mirror.drain import drain
from portal.accounting.pull import decisions
from portal.accounting.queries import tied_now
from portal.accounting.reconciliation.models import DriftRow
from portal.invoices.models import Invoice
from portal.shared.running import job_session
from tests.portal.accounting.both_ways import act, both_ways, let_time_pass, look, questions
from tests.portal.accounting.doings import credit, give_back, pay, refund_note
from tests.portal.accounting.stand_in import LinkedFirm, linked, zoho
from tests.portal.accounting.test_payments_back import billed, compare_at_night

__all__ = ["billed", "linked", "zoho"]


@pytest.mark.parametrize("module", ["payment", "credit_note"])
def test_money_given_back_here_of_what_is_deleted_there(billed: tuple[LinkedFirm, Invoice], module: str) -> None:
    linked, invoice = billed
    payment_id = pay(linked, invoice, method="cheque")
    note = credit(linked, invoice, share="0.5", keep=True)
    both_ways(linked, "credit_note")
    look(linked)
    let_time_pass(linked)
    kind, key = ("customerpayments", "payment_id") if module == "payment" else ("creditnotes", "creditnote_id")
    (there,) = linked.there(kind)
    act(linked, f"DELETE /{kind}/{there[key]}")
    if module == "payment":
        give_back(linked, payment_id, 3_000, way="bank_transfer")
    else:
        refund_note(linked, note.id, 3_000)
    drain(linked.organisation_id)
    (asked,) = [each for each in questions(linked) if each.module == module]
    assert (asked.kind, asked.facts["title"]) == ("gone", "Was deleted in Zoho")
    with job_session(linked.organisation_id) as session:
        tied = tied_now(session)
        assert tied is not None
        assert "Deleted in Zoho" in [record.cause.title for record in stuck_records(session, tied)]
        person = linked.firm.people["manager"]
        assert decisions.decide(session, asked.id, "again", by="Mo Manager", person_id=person)
    for _ in range(3):
        let_time_pass(linked)
        look(linked)
    refunds = linked.there("paymentrefunds" if module == "payment" else "creditnoterefunds")
    assert [each["amount"] for each in refunds] == [30] and len(linked.there(kind)) == 1
    compare_at_night(linked)
    with job_session(linked.organisation_id) as session:
        assert [(each.cause, each.label) for each in session.query(DriftRow)] == []
    assert questions(linked) == []

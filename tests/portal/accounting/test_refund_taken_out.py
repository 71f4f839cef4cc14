"""Money that we gave back, and that somebody takes out in Zoho: asked about, once, and put back there if a person says
so. The customer has it."""

import pytest

from portal.accounting.mirror.drain import drain
from portal.accounting.pull import asking, decisions
from portal.accounting.pull.models import Question
from portal.accounting.reconciliation.models import DriftRow
from portal.invoices.models import Invoice
from portal.shared.running import job_session
from tests.portal.accounting.both_ways import act, both_ways, let_time_pass, look, questions
from tests.portal.accounting.doings import credit, give_back, pay, refund_note
from tests.portal.accounting.stand_in import LinkedFirm, linked, zoho
from tests.portal.accounting.test_payments_back import billed, compare_at_night

__all__ = ["billed", "linked", "zoho"]


def decide(linked: LinkedFirm, asked: Question, decision: str) -> None:
    with job_session(linked.organisation_id) as session:
        offered = [each for each, _ in asking.choices(session, asked)]
        assert offered == ["ours", "seen"]  # it was given back: nothing can be taken over from there
        person = linked.firm.people["manager"]
        assert decisions.decide(session, asked.id, decision, by="Mo Manager", person_id=person)
    drain(linked.organisation_id)


def drifts(linked: LinkedFirm) -> list[tuple[str, str]]:
    compare_at_night(linked)
    with job_session(linked.organisation_id) as session:
        return [(each.cause, each.label) for each in session.query(DriftRow)]


@pytest.mark.parametrize("module", ["payment", "credit_note"])
def test_a_refund_of_ours_that_was_deleted_there_is_asked_about_and_put_back(
    billed: tuple[LinkedFirm, Invoice], module: str
) -> None:
    linked, invoice = billed
    payment_id = pay(linked, invoice, method="cheque")
    if module == "payment":
        give_back(linked, payment_id, 3_000, way="bank_transfer")
        kind, address = "paymentrefunds", "/customerpayments/{payment_id}/refunds/{payment_refund_id}"
    else:
        refund_note(linked, credit(linked, invoice, share="0.5", keep=True).id, 3_000)
        kind, address = "creditnoterefunds", "/creditnotes/{creditnote_id}/refunds/{creditnote_refund_id}"
    both_ways(linked, "credit_note")
    look(linked)
    assert questions(linked) == []
    let_time_pass(linked)
    (refund,) = linked.there(kind)
    act(linked, f"DELETE {address.format(**refund)}")
    for _ in range(2):
        look(linked)
    (asked,) = [each for each in questions(linked) if each.field == "uses"]
    assert asked.facts["title"] == "Taken out in Zoho: what was given back"
    assert (asked.ours, asked.theirs) == ("given back", "not given back")
    decide(linked, asked, "ours")
    for _ in range(2):
        let_time_pass(linked)
        look(linked)
    assert [each["amount"] for each in linked.there(kind)] == [30]
    assert questions(linked) == [] and drifts(linked) == []

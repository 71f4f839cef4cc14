"""An invoice that is in force here and was voided in Zoho: each answer does what it says, and none is offered that
cannot be carried out."""

from portal.accounting.mirror.drain import drain
from portal.accounting.pull import asking
from portal.accounting.reconciliation import causes
from portal.accounting.reconciliation.actions import fix
from portal.accounting.reconciliation.models import DriftRow
from portal.invoices.models import Invoice
from portal.shared.running import job_session
from tests.portal.accounting.both_ways import act, let_time_pass, look, questions
from tests.portal.accounting.doings import pay
from tests.portal.accounting.stand_in import LinkedFirm, linked, zoho
from tests.portal.accounting.test_payments_back import balance, billed, compare_at_night, decide

__all__ = ["billed", "linked", "zoho"]


def void_there(linked: LinkedFirm) -> None:
    (there,) = linked.there("invoices")
    act(linked, f"POST /invoices/{there['invoice_id']}/status/void")
    look(linked)


def paid_and_void_there(linked: LinkedFirm, invoice: Invoice) -> None:
    pay(linked, invoice)
    drain(linked.organisation_id)
    let_time_pass(linked)
    void_there(linked)


def offered(linked: LinkedFirm) -> list[str]:
    (asked,) = questions(linked)
    with job_session(linked.organisation_id) as session:
        return [decision for decision, _ in asking.choices(session, session.merge(asked))]


def test_a_paid_one_is_asked_about_once_and_voiding_it_here_is_not_offered(
    billed: tuple[LinkedFirm, Invoice],
) -> None:
    linked, invoice = billed
    paid_and_void_there(linked, invoice)
    assert [each.field for each in questions(linked)] == ["void"]
    assert offered(linked) == [asking.OURS, asking.APART] and questions(linked)[0].ours == "paid"


def test_one_paid_in_part_says_what_is_left(billed: tuple[LinkedFirm, Invoice]) -> None:
    linked, invoice = billed
    pay(linked, invoice, 10000)
    drain(linked.organisation_id)
    let_time_pass(linked)
    void_there(linked)
    assert [each.ours for each in questions(linked)] == ["135.80 GBP to be paid of 235.80 GBP"]


def test_opened_again_there_it_is_sent_and_has_its_payment_again(billed: tuple[LinkedFirm, Invoice]) -> None:
    linked, invoice = billed
    paid_and_void_there(linked, invoice)
    decide(linked, asking.OURS)
    linked.make_due()
    drain(linked.organisation_id)
    (there,), (money,) = linked.there("invoices"), linked.there("customerpayments")
    assert (there["status"], there["balance"], money["unused_amount"]) == ("paid", 0, 0)
    let_time_pass(linked)
    look(linked)
    assert questions(linked) == [] and balance(linked, invoice).minor == 0
    assert {each.state for each in linked.mirror()} == {"in_step"}
    compare_at_night(linked)
    with job_session(linked.organisation_id) as session:
        assert session.query(DriftRow).all() == []


def test_an_unpaid_one_can_be_opened_again_though_the_answer_was_lost(billed: tuple[LinkedFirm, Invoice]) -> None:
    linked, invoice = billed
    void_there(linked)
    assert offered(linked) == [asking.THEIRS, asking.OURS, asking.APART]
    linked.zoho.break_down("error_500_after", path="/status/draft")
    decide(linked, asking.OURS)
    linked.make_due()
    drain(linked.organisation_id)
    assert [each["status"] for each in linked.there("invoices")] == ["sent"]
    assert {each.state for each in linked.mirror()} == {"in_step"} and balance(linked, invoice).minor == 23580


def test_left_as_they_are_both_stay_and_each_comparison_says_so(billed: tuple[LinkedFirm, Invoice]) -> None:
    linked, invoice = billed
    paid_and_void_there(linked, invoice)
    decide(linked, asking.APART)
    let_time_pass(linked)
    look(linked)
    assert [each["status"] for each in linked.there("invoices")] == ["void"] and questions(linked) == []
    compare_at_night(linked)
    with job_session(linked.organisation_id) as session:
        told = {each.module: each for each in session.query(DriftRow)}
        assert {module: each.cause for module, each in told.items()} == {
            "invoice": "kept apart", "payment": "other balance"
        }  # fmt: skip
        fix(session, told["invoice"].id, causes.ASK_AGAIN)
    assert offered(linked) == [asking.OURS, asking.APART]
    decide(linked, asking.OURS)
    linked.make_due()
    drain(linked.organisation_id)
    assert [each["status"] for each in linked.there("invoices")] == ["paid"]

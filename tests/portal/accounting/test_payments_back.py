"""Payments, voids and deletions in Zoho come back: recorded, or asked about, never guessed, never doubled."""

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from portal.accounting.mirror.drain import drain
from portal.accounting.pull import decisions
from portal.accounting.reconciliation import reading
from portal.accounting.reconciliation.models import DriftRow, Reconciliation
from portal.customers.models import Customer
from portal.invoices.models import Invoice
from portal.invoices.queries import get_invoice
from portal.payments.models import Payment
from portal.payments.queries import allocations_of, balance_of
from portal.payments.refunds.models import Refund
from portal.shared import clock
from portal.shared.money import Money
from portal.shared.running import job_session
from tests.portal.accounting.both_ways import act, both_ways, let_time_pass, look, questions
from tests.portal.accounting.doings import pay, sent_invoice, void, write_off
from tests.portal.accounting.stand_in import LinkedFirm, linked, zoho

__all__ = ["linked", "zoho"]
MODULES = ("customer", "item", "invoice", "payment")


@pytest.fixture
def billed(linked: LinkedFirm) -> tuple[LinkedFirm, Invoice]:
    """One invoice of 235.80 that both sides have, all modules kept from both sides."""
    invoice = sent_invoice(linked)
    drain(linked.organisation_id)
    both_ways(linked, *MODULES)
    look(linked)
    let_time_pass(linked)
    return linked, invoice


def paid_there(linked: LinkedFirm, invoice: Invoice, amount: float = 235.8, **more: Any) -> str:
    there = next(each for each in linked.there("invoices") if each["invoice_number"] == invoice.number)
    body = {"customer_id": there["customer_id"], "payment_mode": "check", "reference_number": "4711", "amount": amount,
            "date": clock.today("Europe/London").isoformat(),
            "invoices": [{"invoice_id": there["invoice_id"], "amount_applied": amount}]}  # fmt: skip
    return str(act(linked, "POST /customerpayments", **(body | more))["payment"]["payment_id"])


def payments(linked: LinkedFirm) -> list[Payment]:
    with job_session(linked.organisation_id) as session:
        return session.query(Payment).order_by(Payment.id).all()


def balance(linked: LinkedFirm, invoice: Invoice) -> Money:
    with job_session(linked.organisation_id) as session:
        return balance_of(session, invoice.id)


def decide(linked: LinkedFirm, decision: str) -> None:
    (asked,) = questions(linked)
    with job_session(linked.organisation_id) as session:
        decisions.prepare(session, asked.id, decision)
        person = linked.firm.people["manager"]
        assert decisions.decide(session, asked.id, decision, by="Mo Manager", person_id=person)
    drain(linked.organisation_id)


def test_a_payment_recorded_there_is_a_payment_here_with_its_allocation(billed: tuple[LinkedFirm, Invoice]) -> None:
    linked, invoice = billed
    remote_id = paid_there(linked, invoice, 100)
    look(linked)
    (payment,) = payments(linked)
    assert (payment.provider, payment.provider_payment_id, payment.method) == ("books", remote_id, "cheque")
    assert payment.reference == "Cheque 4711, payment 1 in Zoho Books"
    with job_session(linked.organisation_id) as session:
        (part,) = allocations_of(session, [payment.id])[payment.id]
    assert (part.invoice_id, part.amount, balance(linked, invoice).minor) == (invoice.id, Money(10000, "GBP"), 13580)
    assert questions(linked) == []


def test_it_is_not_sent_back_and_not_recorded_twice(billed: tuple[LinkedFirm, Invoice]) -> None:
    linked, invoice = billed
    paid_there(linked, invoice)
    look(linked)
    linked.zoho.forget_requests()
    for _ in range(3):
        look(linked)
    assert {one["method"] for one in linked.zoho.requests(linked.remote)} <= {"GET"}
    assert len(payments(linked)) == len(linked.there("customerpayments")) == 1
    assert [record.state for record in linked.mirror("payment")] == ["in_step"]


def test_a_look_takes_one_call_for_payments_and_one_for_the_payment(billed: tuple[LinkedFirm, Invoice]) -> None:
    linked, invoice = billed
    look(linked)
    paid_there(linked, invoice)
    linked.zoho.forget_requests()
    look(linked)
    asked = [one["path"].partition("/v3")[2].split("/")[1:] for one in linked.zoho.requests(linked.remote)]
    assert sorted(parts[0] for parts in asked if parts[0] == "customerpayments") == ["customerpayments"] * 2


def test_an_advance_is_the_customers_credit(billed: tuple[LinkedFirm, Invoice]) -> None:
    linked, invoice = billed
    paid_there(linked, invoice, 50, invoices=[])
    look(linked)
    assert [each.amount_minor for each in payments(linked)] == [5000]
    assert balance(linked, invoice).minor == 23580


def test_a_payment_on_both_sides_is_asked_about_before_ours_is_sent(billed: tuple[LinkedFirm, Invoice]) -> None:
    linked, invoice = billed
    paid_there(linked, invoice, 100)
    pay(linked, invoice, 10000)
    linked.change("UPDATE pull_cursors SET looked_at = looked_at - interval '10 minutes'")
    drain(linked.organisation_id)
    (asked,) = questions(linked)
    assert (asked.kind, "100.00" in asked.ours, "4711" in asked.theirs) == ("twice", True, True)
    assert len(linked.there("customerpayments")) == len(payments(linked)) == 1
    decide(linked, "same")
    look(linked)
    assert len(linked.there("customerpayments")) == len(payments(linked)) == 1
    assert [record.state for record in linked.mirror("payment")] == ["in_step"]


def test_two_payments_alike_are_two_when_a_person_says_so(billed: tuple[LinkedFirm, Invoice]) -> None:
    linked, invoice = billed
    paid_there(linked, invoice, 100)
    pay(linked, invoice, 10000)
    linked.change("UPDATE pull_cursors SET looked_at = looked_at - interval '10 minutes'")
    drain(linked.organisation_id)
    decide(linked, "two")
    assert len(linked.there("customerpayments")) == len(payments(linked)) == 2
    assert balance(linked, invoice).minor == 3580


def test_our_own_payment_is_no_news(billed: tuple[LinkedFirm, Invoice]) -> None:
    linked, invoice = billed
    pay(linked, invoice)
    drain(linked.organisation_id)
    look(linked)
    assert len(payments(linked)) == 1 and questions(linked) == []


def test_an_invoice_voided_there_is_voided_here_when_a_person_says_so(billed: tuple[LinkedFirm, Invoice]) -> None:
    linked, invoice = billed
    (there,) = linked.there("invoices")
    act(linked, f"POST /invoices/{there['invoice_id']}/status/void")
    look(linked)
    (asked,) = questions(linked)
    assert (asked.field, asked.theirs) == ("void", "void")
    linked.zoho.forget_requests()
    decide(linked, "theirs")
    with job_session(linked.organisation_id) as session:
        assert get_invoice(session, invoice.id).status == "void"
    assert {one["method"] for one in linked.zoho.requests(linked.remote)} <= {"GET"}


def test_an_invoice_opened_again_there_is_voided_there_again_when_a_person_says_so(
    billed: tuple[LinkedFirm, Invoice],
) -> None:
    linked, invoice = billed
    void(linked, invoice.id)
    drain(linked.organisation_id)
    let_time_pass(linked)
    (there,) = linked.there("invoices")
    act(linked, f"POST /invoices/{there['invoice_id']}/status/draft")
    look(linked)
    (asked,) = questions(linked)
    assert (asked.field, asked.ours, asked.theirs) == ("reopened", "void", "draft")
    act(linked, f"POST /invoices/{there['invoice_id']}/status/sent")
    decide(linked, "ours")
    assert [each["status"] for each in linked.there("invoices")] == ["void"]


@pytest.mark.parametrize("decision", ["theirs", "seen"])
def test_a_refund_made_there_is_asked_about_once_and_never_made_twice(
    billed: tuple[LinkedFirm, Invoice], decision: str
) -> None:
    linked, _invoice = billed
    remote_id = paid_there(linked, _invoice, 50, invoices=[])
    look(linked)
    (payment,) = payments(linked)
    let_time_pass(linked)
    act(linked, f"POST /customerpayments/{remote_id}/refunds", date="2026-03-02", amount=20, refund_mode="cash",
        from_account_id="1")  # fmt: skip
    act(linked, f"PUT /customerpayments/{remote_id}", description="a refund")
    look(linked)
    (asked,) = questions(linked)
    assert (asked.facts["title"], asked.theirs) == ("Given back in Zoho", "20.00 GBP on 2026-03-02")
    decide(linked, decision)
    let_time_pass(linked)
    look(linked)
    with job_session(linked.organisation_id) as session:
        refunded = [each.amount_minor for each in session.query(Refund).filter(Refund.payment_id == payment.id)]
    assert refunded == ([2000] if decision == "theirs" else [])
    assert len(linked.there("paymentrefunds")) == 1 and questions(linked) == []


@pytest.mark.parametrize("decision", ["theirs", "seen"])
def test_a_second_payment_with_our_own_reference_is_asked_about_once(
    billed: tuple[LinkedFirm, Invoice], decision: str
) -> None:
    linked, invoice = billed
    pay(linked, invoice, 10000, reference="pi_own")
    drain(linked.organisation_id)
    paid_there(linked, invoice, 50, reference_number="pi_own")
    for _ in range(2):
        let_time_pass(linked)
        look(linked)
        asked = {each.field: each for each in questions(linked)}
        assert sorted(asked) == ["balance", "second"]  # what is open differs as long as it is on one side only
        assert (asked["second"].ours[:10], asked["second"].theirs[:9]) == ("100.00 GBP", "50.00 GBP")
    with job_session(linked.organisation_id) as session:
        person = linked.firm.people["manager"]
        assert decisions.decide(session, asked["second"].id, decision, by="Mo Manager", person_id=person)
    drain(linked.organisation_id)
    let_time_pass(linked)
    linked.change("UPDATE mirror_records SET remote_modified_at = remote_modified_at - interval '1 day'")
    look(linked)
    here, open_questions = {"theirs": ([10000, 5000], []), "seen": ([10000], ["balance"])}[decision]
    assert [each.field for each in questions(linked)] == open_questions
    assert [payment.amount_minor for payment in payments(linked)] == here
    assert balance(linked, invoice).minor == 23580 - sum(here)
    assert len(linked.there("customerpayments")) == 2
    assert {each.state for each in linked.mirror()} == {"in_step"}


def test_a_payment_of_another_amount_there_is_told_until_both_are_equal(billed: tuple[LinkedFirm, Invoice]) -> None:
    linked, invoice = billed
    remote_id = paid_there(linked, invoice, 50)
    look(linked)
    for amount, told in ((60, [("amount", "50.00 GBP", "60.00 GBP")]), (50, [])):
        let_time_pass(linked)
        act(linked, f"PUT /customerpayments/{remote_id}", amount=amount)
        look(linked)
        assert [(asked.field, asked.ours, asked.theirs) for asked in questions(linked)] == told
    assert [payment.amount_minor for payment in payments(linked)] == [5000]


def test_a_total_changed_there_never_changes_a_sent_invoice(billed: tuple[LinkedFirm, Invoice]) -> None:
    linked, invoice = billed
    (there,) = linked.there("invoices")
    lines = [{"line_item_id": line["line_item_id"], "rate": 1, "quantity": 1} for line in there["line_items"]]
    act(linked, f"PUT /invoices/{there['invoice_id']}", line_items=lines)
    look(linked)
    with job_session(linked.organisation_id) as session:
        assert get_invoice(session, invoice.id).total == invoice.total
    assert [record.state for record in linked.mirror("invoice")] == ["mismatch"]


def written_off(linked: LinkedFirm) -> tuple[str, Decimal]:
    """On both sides: our status, and how much is written off there."""
    (there,) = linked.there("invoices")
    with job_session(linked.organisation_id) as session:
        invoice = get_invoice(session, session.query(Invoice.id).scalar())
        return "written_off" if invoice.written_off_minor else invoice.status, Decimal(str(there["write_off_amount"]))


def test_a_write_off_made_there_is_asked_about_until_both_are_equal(billed: tuple[LinkedFirm, Invoice]) -> None:
    linked, _invoice = billed
    (there,) = linked.there("invoices")
    act(linked, f"POST /invoices/{there['invoice_id']}/writeoff")
    look(linked)
    (asked,) = questions(linked)
    assert (asked.field, asked.ours) == ("written off", "235.80 GBP to be paid")
    assert asked.theirs == "235.80 GBP written off"
    act(linked, f"POST /invoices/{there['invoice_id']}/writeoff/cancel")
    let_time_pass(linked)
    look(linked)
    assert questions(linked) == []


@pytest.mark.parametrize(
    ("first", "then", "both"),
    [
        ("theirs", "theirs", ("sent", 0)),
        ("theirs", "ours", ("written_off", Decimal("235.8"))),
        ("ours", "", ("sent", 0)),
    ],
)
def test_writing_off_there_and_taking_it_back_there_is_decided_here(
    billed: tuple[LinkedFirm, Invoice], first: str, then: str, both: tuple[str, Decimal]
) -> None:
    linked, _invoice = billed
    (there,) = linked.there("invoices")
    act(linked, f"POST /invoices/{there['invoice_id']}/writeoff")
    look(linked)
    decide(linked, first)
    let_time_pass(linked)
    look(linked)
    if then:
        assert questions(linked) == [] and written_off(linked) == ("written_off", Decimal("235.8"))
        act(linked, f"POST /invoices/{there['invoice_id']}/writeoff/cancel")
        let_time_pass(linked)
        look(linked)
        decide(linked, then)
        let_time_pass(linked)
        look(linked)
    assert questions(linked) == [] and written_off(linked) == both
    assert {each.state for each in linked.mirror()} == {"in_step"}


@pytest.mark.parametrize(("decision", "status"), [("theirs", "void"), ("apart", "written_off")])
def test_a_void_there_of_what_is_written_off_here_is_asked_at_once(
    billed: tuple[LinkedFirm, Invoice], decision: str, status: str
) -> None:
    linked, invoice = billed
    write_off(linked, invoice.id)
    drain(linked.organisation_id)
    let_time_pass(linked)
    (there,) = linked.there("invoices")
    act(linked, f"POST /invoices/{there['invoice_id']}/status/void")
    look(linked)
    (asked,) = questions(linked)
    assert (asked.field, asked.ours, asked.theirs) == ("void", "written off", "void")
    decide(linked, decision)
    let_time_pass(linked)
    look(linked)
    assert questions(linked) == [] and written_off(linked)[0] == status
    assert [each["status"] for each in linked.there("invoices")] == ["void"]
    assert {each.state for each in linked.mirror()} == {"in_step"}


def compare_at_night(linked: LinkedFirm) -> None:
    with job_session(linked.organisation_id) as session:
        assert reading.begin(session, linked.link())
    drain(linked.organisation_id)
    look(linked)


def test_at_night_a_payment_recorded_there_is_no_difference(billed: tuple[LinkedFirm, Invoice]) -> None:
    linked, invoice = billed
    paid_there(linked, invoice, 100)
    look(linked)
    compare_at_night(linked)
    with job_session(linked.organisation_id) as session:
        assert [(each.module, each.cause) for each in session.query(DriftRow)] == []
        assert session.query(Reconciliation.stage).scalar() == "done"


@pytest.mark.parametrize(("decision", "left_there"), [("again", 1), ("end", 0)])
def test_what_was_deleted_there_is_asked_about_once(linked: LinkedFirm, decision: str, left_there: int) -> None:
    both_ways(linked, "customer")
    (there,) = linked.there("contacts")
    act(linked, f"DELETE /contacts/{there['contact_id']}")
    look(linked)
    assert questions(linked) == []  # not met in a list of changes: that is no sighting
    compare_at_night(linked)
    (asked,) = questions(linked)
    assert (asked.kind, asked.theirs) == ("gone", "deleted")
    decide(linked, decision)
    look(linked)
    assert len(linked.there("contacts")) == left_there and questions(linked) == []
    with job_session(linked.organisation_id) as session:
        assert session.get_one(Customer, linked.firm.customer_id).is_active is (decision == "again")
    compare_at_night(linked)
    assert questions(linked) == []


def test_after_a_payment_deleted_there_was_ended_here_the_next_one_goes_over(
    billed: tuple[LinkedFirm, Invoice],
) -> None:
    linked, invoice = billed
    deleted = paid_there(linked, invoice, 100)
    look(linked)
    act(linked, f"DELETE /customerpayments/{deleted}")
    compare_at_night(linked)
    compare_at_night(linked)
    decide(linked, "end")
    assert balance(linked, invoice) == Money(235_80, "GBP")
    pay(linked, invoice, 50_00, method="cash")
    let_time_pass(linked)
    drain(linked.organisation_id)
    assert [each["amount"] for each in linked.there("customerpayments")] == [50]
    assert {record.state for record in linked.mirror("payment")} == {"in_step"}


def test_a_comparison_that_cannot_read_asks_nothing(linked: LinkedFirm) -> None:
    both_ways(linked, "customer")
    linked.zoho.break_down("error_500_before", method="GET", path="/contacts", times=50)
    with job_session(linked.organisation_id) as session:
        assert reading.begin(session, linked.link())
    drain(linked.organisation_id)
    linked.zoho.mend()
    assert questions(linked) == []


def test_money_is_conserved_whatever_came_from_where(billed: tuple[LinkedFirm, Invoice]) -> None:
    linked, invoice = billed
    paid_there(linked, invoice, 100)
    pay(linked, invoice, 13580)
    drain(linked.organisation_id)
    look(linked)
    with job_session(linked.organisation_id) as session:
        used = session.execute(text("SELECT sum(amount_minor), sum(allocated_minor), min(unused_minor)"
                                    " FROM payment_uses")).one()  # fmt: skip
    assert tuple(used) == (23580, 23580, 0)
    assert [each["balance"] for each in linked.there("invoices")] == [0]


def test_what_only_the_lists_left_out_is_asked_for_by_its_id_before_anybody_is_asked(linked: LinkedFirm) -> None:
    """However many are missing: the comparison asks for no more than so many by their ids."""
    both_ways(linked, "customer")
    compare_at_night(linked)
    run = "SELECT max(id) FROM reconciliations"
    (record,) = linked.mirror("customer")
    linked.change(
        "INSERT INTO reconciliation_drifts"
        " (organisation_id, run_id, module, cause, local_id, label, remote_id, ours, theirs, theirs_status)"
        f" SELECT organisation_id, ({run}), 'customer', 'deleted there', :local_id, 'Maple', '', '', '', '' FROM links",
        local_id=record.local_id,
    )
    linked.change("UPDATE mirror_records SET pushed_at = pushed_at - interval '1 hour'")
    linked.zoho.forget_requests()
    for _ in range(2):
        look(linked)
    assert questions(linked) == []
    assert len(linked.zoho.requests(linked.remote, "GET", f"/contacts/{record.remote_id}")) == 1
    act(linked, f"DELETE /contacts/{record.remote_id}")
    compare_at_night(linked)
    assert [each.theirs for each in questions(linked)] == ["deleted"]

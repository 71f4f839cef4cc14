"""A payment that was changed in Zoho is asked about once, and each answer brings both sides together."""

import uuid

import pytest
from sqlalchemy import text

from portal.accounting.mirror.drain import drain
from portal.accounting.pull import asking
from portal.accounting.reconciliation.models import DriftRow
from portal.invoices.models import Invoice
from portal.payments.actions import OfflinePayment, record_payment
from portal.payments.models import Payment
from portal.shared import clock
from portal.shared.money import Money
from portal.shared.running import job_session
from tests.portal.accounting.both_ways import act, let_time_pass, look, questions
from tests.portal.accounting.doings import pay, void
from tests.portal.accounting.stand_in import LinkedFirm, linked, zoho
from tests.portal.accounting.test_payments_back import balance, billed, compare_at_night, decide, paid_there, payments

__all__ = ["billed", "linked", "zoho"]


def offered(linked: LinkedFirm) -> list[str]:
    (asked,) = questions(linked)
    return [decision for decision, _ in asking.choices_of(asked, {})]


def lower_there(linked: LinkedFirm, amount: float) -> None:
    let_time_pass(linked)
    (money,), (there,) = linked.there("customerpayments"), linked.there("invoices")
    invoices = [{"invoice_id": there["invoice_id"], "amount_applied": amount}]
    act(linked, f"PUT /customerpayments/{money['payment_id']}", amount=amount, invoices=invoices)
    look(linked)


def assert_equal(linked: LinkedFirm) -> None:
    for _ in range(2):
        linked.make_due()
        drain(linked.organisation_id)
        let_time_pass(linked)
        look(linked)
    assert questions(linked) == [] and {each.state for each in linked.mirror()} == {"in_step"}
    compare_at_night(linked)
    with job_session(linked.organisation_id) as session:
        assert [(each.cause, each.label) for each in session.query(DriftRow)] == []


@pytest.mark.parametrize("is_theirs", [True, False])
def test_zohos_lower_amount_reverses_ours_and_books_it_anew(
    billed: tuple[LinkedFirm, Invoice], is_theirs: bool
) -> None:
    linked, invoice = billed
    if is_theirs:
        paid_there(linked, invoice, 100)
    else:
        pay(linked, invoice, 10000, method="cheque")
    look(linked)
    for amount in (60, 40):
        lower_there(linked, amount)
        assert [each.field for each in questions(linked)] == ["amount"] and offered(linked) == [
            "theirs",
            "ours",
            "seen",
        ]
        decide(linked, "theirs")
        assert balance(linked, invoice).minor == 23580 - amount * 100
    assert [each.amount_minor for each in payments(linked)] == [10000, 6000, 4000]
    (money,) = linked.there("customerpayments")
    assert (money["amount"], money["unused_amount"]) == (40, 0) and linked.there("paymentrefunds") == []
    assert_equal(linked)


@pytest.mark.parametrize("is_theirs", [True, False])
def test_our_amount_is_put_back_there(billed: tuple[LinkedFirm, Invoice], is_theirs: bool) -> None:
    linked, invoice = billed
    if is_theirs:
        paid_there(linked, invoice, 100)
    else:
        pay(linked, invoice, 10000)
    look(linked)
    lower_there(linked, 60)
    assert offered(linked) == (["theirs", "ours", "seen"] if is_theirs else ["ours", "seen"])
    decide(linked, "ours")
    (money,) = linked.there("customerpayments")
    assert (money["amount"], money["unused_amount"]) == (100, 0)
    assert money["reference_number"] == ("4711" if is_theirs else payments(linked)[0].provider_payment_id)
    assert_equal(linked)


def test_cash_that_somebody_here_answers_for_is_not_booked_anew_by_one_tap(billed: tuple[LinkedFirm, Invoice]) -> None:
    linked, invoice = billed
    pay(linked, invoice, 10000, method="cash", taken_by=linked.firm.people["field_agent"])
    look(linked)
    lower_there(linked, 60)
    (asked,) = questions(linked)
    assert offered(linked) == ["ours", "seen"] and "took it in cash" in asked.facts["why"]


def test_money_taken_off_an_invoice_there_is_put_back(billed: tuple[LinkedFirm, Invoice]) -> None:
    linked, invoice = billed
    paid_there(linked, invoice, 100)
    look(linked)
    let_time_pass(linked)
    (money,) = linked.there("customerpayments")
    act(linked, f"PUT /customerpayments/{money['payment_id']}", invoices=[])
    look(linked)
    assert [each.field for each in questions(linked)] == ["uses"] and offered(linked) == ["ours", "seen"]
    decide(linked, "ours")
    assert [each["unused_amount"] for each in linked.there("customerpayments")] == [0]
    assert_equal(linked)


def test_what_is_one_payment_keeps_their_reference_and_is_no_difference(billed: tuple[LinkedFirm, Invoice]) -> None:
    linked, invoice = billed
    paid_there(linked, invoice, 100)
    pay(linked, invoice, 10000)
    linked.change("UPDATE pull_cursors SET looked_at = looked_at - interval '10 minutes'")
    drain(linked.organisation_id)
    decide(linked, "same")
    assert_equal(linked)
    assert [each["reference_number"] for each in linked.there("customerpayments")] == ["4711"]


@pytest.mark.parametrize("kind", ["", "error_500_after"])
def test_made_again_there_it_keeps_the_reference_that_people_wrote(
    billed: tuple[LinkedFirm, Invoice], kind: str
) -> None:  # fmt: skip
    linked, invoice = billed
    other = paid_there(linked, invoice, 20, reference_number="BANK-2", payment_mode="banktransfer")
    remote_id = paid_there(linked, invoice, 100, reference_number="BANK-2", payment_mode="banktransfer")
    look(linked)
    act(linked, f"DELETE /customerpayments/{remote_id}")
    compare_at_night(linked)
    compare_at_night(linked)
    if kind:
        linked.zoho.break_down(kind, path="/customerpayments")
    decide(linked, "again")
    for _ in range(2):
        linked.make_due()
        drain(linked.organisation_id)
    there = {each["amount"]: each for each in linked.there("customerpayments")}
    assert sorted(there) == [20, 100] and there[20]["payment_id"] == other
    assert there[100]["reference_number"] == "BANK-2"
    assert {each.state for each in linked.mirror()} == {"in_step"}


def test_what_a_void_here_set_free_there_is_no_question(billed: tuple[LinkedFirm, Invoice]) -> None:
    """Paid there and voided here at the same time: the money is the customer's credit on both sides."""
    linked, invoice = billed
    paid_there(linked, invoice, 100)
    void(linked, invoice.id)
    for _ in range(2):
        look(linked)
        let_time_pass(linked)
    assert [each["unused_amount"] for each in linked.there("customerpayments")] == [100]
    assert_equal(linked)


def test_with_zohos_amount_the_customer_hears_which_receipt_counts_now(billed: tuple[LinkedFirm, Invoice]) -> None:
    linked, invoice = billed
    taken = OfflinePayment(
        invoice.customer_id, (invoice.id,), Money(7680, "GBP"), "bank_transfer", "BANK-9",
        clock.today("Europe/London"), linked.firm.people["administrator"], uuid.uuid4().hex,
    )  # fmt: skip
    recorded = record_payment(linked.organisation_id, taken)
    drain(linked.organisation_id)
    lower_there(linked, 80)
    decide(linked, "theirs")
    mails = "SELECT once FROM messages WHERE kind IN ('receipt', 'receipt_ended') ORDER BY id"
    with job_session(linked.organisation_id) as session:
        newest = session.query(Payment.id).order_by(Payment.id.desc()).first()[0]
        told = list(session.execute(text(mails)).scalars())
    ended = recorded.payment_id
    assert told == [f"receipt:{ended}", f"receipt_ended:{ended}", f"receipt:{newest}"]
    assert balance(linked, invoice).minor == 23580 - 8000
    assert_equal(linked)

"""Money goes back once, never more than came, and is here again when the bank sends it back."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text, update

from portal.payments.actions import (
    CannotRefund,
    plan_refund,
    reverse_payment,
    void_invoice,
    write_off_invoice,
)
from portal.payments.credits import unused_credit
from portal.payments.models import Payment, StripeEvent
from portal.payments.refunds.models import Dispute, Refund
from portal.payments.rules import CannotPay, CannotReverse
from portal.shared import clock
from portal.shared.money import Money
from portal.shared.running import job_session
from tests.builders import Firm, post, sign_in
from tests.paying import Till, at_once, invoice_row, key_of
from tests.portal.payments.test_recording import WHOLE, due, record
from workers import payment_jobs


@pytest.fixture
def paid(till: Till, firm: Firm) -> tuple[int, int]:
    """(payment, invoice), by card and in our books."""
    till.connect(firm)
    invoice_id, path = till.invoice(firm)
    till.pay(path)
    till.work(firm)
    with job_session(firm.organisation_id) as session:
        return session.scalars(select(Payment.id)).one(), invoice_id


def give_back(firm: Firm, payment_id: int, minor: int, way: str = "stripe", form_id: str | None = None) -> int:
    with job_session(firm.organisation_id) as session:
        return plan_refund(
            session, payment_id, Money(minor, "GBP"), way=way, reason="not happy", by=firm.people["manager"],
            form_id=form_id,
        ).id  # fmt: skip


def states(firm: Firm) -> list[tuple[str, int]]:
    with job_session(firm.organisation_id) as session:
        return [(each.state, each.amount_minor) for each in session.scalars(select(Refund).order_by(Refund.id))]


def at_stripe(till: Till, firm: Firm) -> list[Any]:
    return list(till.stand_in.client(key_of(firm)).refunds.list({"limit": 100}).data)


def charge_of(till: Till, firm: Firm) -> str:
    return str(till.stand_in.client(key_of(firm)).charges.list({"limit": 1}).data[0].id)


def make_due(firm: Firm) -> None:
    with job_session(firm.organisation_id) as session:
        session.execute(update(Refund).values(look_at=clock.now() - timedelta(seconds=1)))


def test_a_part_goes_back_through_stripe_and_is_to_pay_again(till: Till, firm: Firm, paid: tuple[int, int]) -> None:
    client = sign_in(till.browser(), firm, "manager")
    form = {
        "amount": "50", "way": "stripe", "then": "ask", "reason": "one tap too many", "form_id": uuid.uuid4().hex
    }  # fmt: skip
    for _ in range(2):  # the second tap is the same refund
        post(client, f"/payments/{paid[0]}/refunds", form)
    till.work(firm)
    page = client.get(f"/payments/{paid[0]}").text
    assert "Given back" in page and "one tap too many" in page
    assert [(each.amount, each.status) for each in at_stripe(till, firm)] == [(5000, "succeeded")]
    assert states(firm) == [("succeeded", 5000)]
    assert due(firm, paid[1]) == 5000


def test_the_fee_is_kept_with_the_payment(till: Till, firm: Firm, paid: tuple[int, int]) -> None:
    charged = till.stand_in.client(key_of(firm)).balance_transactions.list({"limit": 1}).data[0]
    with job_session(firm.organisation_id) as session:
        assert session.get_one(Payment, paid[0]).fee == Money(charged.fee, "GBP")
    assert "Stripe&#39;s fee" in sign_in(till.browser(), firm, "manager").get(f"/payments/{paid[0]}").text


@pytest.mark.failure_mode(29)
def test_two_at_once_never_give_back_more_than_came(till: Till, firm: Firm, paid: tuple[int, int]) -> None:
    def go() -> str:
        try:
            give_back(firm, paid[0], 15000)
        except CannotRefund:
            return "no"
        return "yes"

    assert sorted(at_once(go, go, go)) == ["no", "no", "yes"]
    assert due(firm, paid[1]) == 15000


@pytest.mark.parametrize("fault", ["cut_after", "reset", "error_500"])
@pytest.mark.failure_mode(29)
def test_a_lost_answer_is_asked_about_and_one_refund_is_made(
    till: Till, firm: Firm, paid: tuple[int, int], fault: str
) -> None:
    give_back(firm, paid[0], 5000)
    till.fault(fault, "refunds")
    till.work(firm)
    assert states(firm) == [("planned", 5000)]
    till.no_faults()
    make_due(firm)
    till.work(firm)
    assert len(at_stripe(till, firm)) == 1
    assert states(firm) == [("succeeded", 5000)]


@pytest.mark.failure_mode(12)
def test_a_refund_made_at_stripe_itself_is_booked_once(till: Till, firm: Firm, paid: tuple[int, int]) -> None:
    charge = charge_of(till, firm)
    till.stand_in.control(f"charges/{charge}/refunds", amount=2000)
    till.stand_in.control(f"charges/{charge}/refunds", amount=1000)
    till.work(firm)
    till.work(firm)
    assert states(firm) == [("succeeded", 2000), ("succeeded", 1000)]
    assert due(firm, paid[1]) == 3000


@pytest.mark.failure_mode(12)
def test_a_refund_that_fails_later_pays_the_invoice_again(till: Till, firm: Firm, paid: tuple[int, int]) -> None:
    give_back(firm, paid[0], WHOLE)
    till.work(firm)
    assert due(firm, paid[1]) == WHOLE
    till.stand_in.control(f"refunds/{at_stripe(till, firm)[0].id}/settle", outcome="failed")
    till.work(firm)
    assert states(firm) == [("failed", WHOLE)]
    assert due(firm, paid[1]) == 0


def test_what_came_back_too_late_is_credit(till: Till, firm: Firm, paid: tuple[int, int]) -> None:
    give_back(firm, paid[0], 5000)
    till.work(firm)
    record(firm, [paid[1]], 5000)
    till.stand_in.control(f"refunds/{at_stripe(till, firm)[0].id}/settle", outcome="failed")
    till.work(firm)
    with job_session(firm.organisation_id) as session:
        assert [use.unused_minor for use in unused_credit(session, firm.customer_id, "GBP")] == [5000]
    assert due(firm, paid[1]) == 0


def test_what_stripe_refuses_is_shown_and_counts_for_nothing(till: Till, firm: Firm, paid: tuple[int, int]) -> None:
    till.events("drop")
    till.stand_in.control(f"charges/{charge_of(till, firm)}/refunds", amount=WHOLE)
    give_back(firm, paid[0], 5000)
    till.work(firm)
    assert states(firm) == [("refused", 5000)]
    assert due(firm, paid[1]) == 0
    assert "Refused" in sign_in(till.browser(), firm, "manager").get(f"/payments/{paid[0]}").text


def test_credit_goes_back_before_an_invoice_is_opened(till: Till, firm: Firm) -> None:
    invoice_id = till.invoice(firm)[0]
    made = record(firm, [invoice_id], 30000)
    give_back(firm, made.payment_id, 7000, way="cash")
    assert due(firm, invoice_id) == 580
    with pytest.raises(CannotReverse), job_session(firm.organisation_id) as session:
        reverse_payment(session, made.payment_id, "typo", by=firm.people["manager"])


def test_cash_does_not_go_back_by_card(till: Till, firm: Firm) -> None:
    made = record(firm, [], 1000)
    with pytest.raises(CannotRefund):
        give_back(firm, made.payment_id, 1000, way="stripe")


def test_the_amount_of_a_refund_cannot_be_changed(till: Till, firm: Firm) -> None:
    made = record(firm, [], 1000)
    give_back(firm, made.payment_id, 500, way="cash")
    with pytest.raises(Exception, match="permission denied"), job_session(firm.organisation_id) as session:
        session.execute(text("UPDATE refunds SET amount_minor = 1"))


@pytest.mark.parametrize(("outcome", "held"), [("won", 0), ("lost", WHOLE)])
def test_a_dispute_is_shown_with_its_deadline_until_it_is_over(
    till: Till, firm: Firm, paid: tuple[int, int], outcome: str, held: int
) -> None:
    opened = till.stand_in.control(f"charges/{charge_of(till, firm)}/dispute")
    till.work(firm)
    client = sign_in(till.browser(), firm, "manager")
    assert "Needs response" in client.get("/payments/disputes").text
    assert "answer by" in client.get("/payments/disputes").text
    assert "Disputed at the bank" in client.get("/board").text
    till.stand_in.control(f"disputes/{opened['id']}/close", outcome=outcome)
    till.work(firm)
    with job_session(firm.organisation_id) as session:
        dispute = session.scalars(select(Dispute)).one()
    assert (dispute.status, dispute.withdrawn_minor) == (outcome, held)
    assert "No open disputes" in client.get("/payments/disputes").text
    assert "Disputed at the bank" not in client.get("/board").text


@pytest.mark.parametrize(("outcome", "left", "state"), [("won", 0, "failed"), ("lost", WHOLE, "succeeded")])
@pytest.mark.failure_mode(13)
def test_what_the_bank_takes_is_to_pay_again_until_it_returns_it(
    till: Till, firm: Firm, paid: tuple[int, int], outcome: str, left: int, state: str
) -> None:
    opened = till.stand_in.control(f"charges/{charge_of(till, firm)}/dispute")
    till.work(firm)
    assert (due(firm, paid[1]), states(firm)) == (WHOLE, [("succeeded", WHOLE)])
    till.stand_in.control(f"disputes/{opened['id']}/close", outcome=outcome)
    till.work(firm)
    assert (due(firm, paid[1]), states(firm)) == (left, [(state, WHOLE)])
    page = sign_in(till.browser(), firm, "manager").get(f"/payments/{paid[0]}").text
    assert ("Returned by the bank" if outcome == "won" else "Taken back by the bank") in page


def test_an_invoice_is_not_ended_while_the_bank_looks_into_its_payment(
    till: Till, firm: Firm, paid: tuple[int, int]
) -> None:
    """What is won comes back to it."""
    opened = till.stand_in.control(f"charges/{charge_of(till, firm)}/dispute")
    till.work(firm)
    for end in (void_invoice, write_off_invoice):
        with pytest.raises(CannotPay, match="Wait until that dispute is over"):
            end(firm.organisation_id, paid[1], "wrong customer")
    till.stand_in.control(f"disputes/{opened['id']}/close", outcome="lost")
    till.work(firm)
    write_off_invoice(firm.organisation_id, paid[1], "lost at the bank")
    assert (due(firm, paid[1]), invoice_row(firm, paid[1]).written_off_minor) == (0, WHOLE)


def test_the_bank_takes_no_more_than_was_left(till: Till, firm: Firm, paid: tuple[int, int]) -> None:
    give_back(firm, paid[0], 20000)
    till.work(firm)
    till.stand_in.control(f"charges/{charge_of(till, firm)}/dispute")
    till.work(firm)
    assert states(firm) == [("succeeded", 20000), ("succeeded", WHOLE - 20000)]
    assert due(firm, paid[1]) == WHOLE


@pytest.mark.failure_mode(13)
def test_an_inquiry_holds_no_money_back(till: Till, firm: Firm, paid: tuple[int, int]) -> None:
    till.stand_in.control(f"charges/{charge_of(till, firm)}/dispute", status="warning_needs_response")
    till.work(firm)
    with job_session(firm.organisation_id) as session:
        assert session.scalars(select(Dispute)).one().withdrawn_minor == 0


def test_a_stuck_event_is_tried_again_by_hand(till: Till, firm: Firm, paid: tuple[int, int]) -> None:
    with job_session(firm.organisation_id) as session:
        session.execute(update(StripeEvent).values(state="failed", last_error="Stripe did not answer", attempts=10))
        event_id = session.scalars(select(StripeEvent.id)).first()
    client = sign_in(till.browser(), firm, "manager")
    assert "Stripe did not answer" in client.get("/payments/events").text
    post(client, f"/payments/events/{event_id}/retry", {})
    payment_jobs.look(firm.organisation_id)
    with job_session(firm.organisation_id) as session:
        assert session.get_one(StripeEvent, event_id).state == "done"

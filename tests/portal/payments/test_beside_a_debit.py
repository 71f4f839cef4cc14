"""While a bank has a part under way, the rest can be paid, by any way and once: the part itself by nobody."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from portal.invoices.queries import due_on
from portal.messages.actions import read_mail
from portal.messages.models import Message
from portal.pay_page.parts import chosen_amount, parts_of
from portal.payments.actions import (
    Wish,
    apply_credit,
    settle,
    void_invoice,
    write_off_invoice,
)
from portal.payments.actions.attempts import plan_attempt
from portal.payments.credits import credit_of
from portal.payments.models import Allocation, PaymentAttempt
from portal.payments.rules import CannotPay, CannotRecord, PaymentUnderWay
from portal.reminders.queries import is_still_open
from portal.shared.errors import RuleBroken
from portal.shared.money import Money
from portal.shared.running import job_session
from tests.builders import Firm, make_firm, post, sign_in
from tests.paying import Till, at_once
from tests.portal.pay_page.test_parts import take_parts
from tests.portal.pay_page.test_together import joint_path
from tests.portal.payments.test_autopay import announce, by_day, charges, make_due, the_run
from tests.portal.payments.test_bank_debits import owe_half_to_the_bank, owe_to_the_bank
from tests.portal.payments.test_recording import due, post_payment, record
from tests.portal.payments.test_saving_cards import pay_keeping
from tests.portal.payments.test_settling import _seen

__all__ = ["by_day"]
WHOLE, HALF = 23580, 11790


class Owed:
    """An invoice of 235.80 of which a bank has half under way, and the Session by which it does."""

    def __init__(self, till: Till, firm: Firm) -> None:
        till.connect(firm, with_debit=True)
        self.till, self.firm = till, firm
        self.id, self.path = till.invoice(firm)
        self.session_id = owe_half_to_the_bank(till, firm, self.path)

    def bank_says(self, *, succeeded: bool) -> None:
        self.till.at_stripe(self.session_id, "bank", succeeded=succeeded)
        self.till.work(self.firm)

    @property
    def states(self) -> list[tuple[str, int]]:
        return [(each.state, each.amount_minor) for each in self.till.attempts(self.firm)]


@pytest.fixture
def owed(till: Till, firm: Firm) -> Owed:
    return Owed(till, firm)


def credit(firm: Firm) -> int:
    with job_session(firm.organisation_id) as session:
        return credit_of(session, firm.customer_id, "GBP").minor


def test_the_rest_is_paid_by_card_and_the_debit_brings_its_own(till: Till, firm: Firm, owed: Owed) -> None:
    page = till.get(owed.path).text
    assert "Pay £117.90" in page and "£117.90</bdi> is on its way from your bank" in page and "£235.80" in page
    till.pay(owed.path)
    till.work(firm)
    page = till.get(owed.path).text
    assert "Your payment is on its way" in page and "/attempts" not in page
    assert owed.states == [("processing", HALF), ("paid", HALF)] and due(firm, owed.id) == HALF
    with job_session(firm.organisation_id) as session:
        receipt = read_mail(session, session.scalars(select(Message.id).where(Message.kind == "receipt")).one())
    assert "£117.90 is on its way from your bank" in receipt.text and "Still to pay" not in receipt.text
    assert "paid in full" not in receipt.text
    owed.bank_says(succeeded=True)
    assert due(firm, owed.id) == 0 and credit(firm) == 0 and "This is your receipt" in till.get(owed.path).text


def test_a_part_that_its_bank_refuses_is_to_pay_again_and_nothing_else(till: Till, firm: Firm, owed: Owed) -> None:
    till.pay(owed.path)
    till.work(firm)
    owed.bank_says(succeeded=False)
    page = till.get(owed.path).text
    assert "Pay £117.90" in page and "Your bank did not pay on" in page and "on its way from your bank" not in page
    till.pay(owed.path)
    till.work(firm)
    assert due(firm, owed.id) == 0 and credit(firm) == 0


def test_a_page_that_was_open_as_the_bank_refused_asks_again(till: Till, firm: Firm, owed: Owed) -> None:
    form = till.pay_form(owed.path)
    owed.bank_says(succeeded=False)
    answer = till.send_pay(owed.path, form)
    assert answer.status_code == 409 and "Pay £235.80" in answer.text


def test_several_debits_stand_side_by_side(till: Till, firm: Firm, owed: Owed) -> None:
    other = owe_to_the_bank(till, firm, owed.path)
    assert owed.states == [("processing", HALF)] * 2
    assert "Your payment is on its way" in till.get(owed.path).text
    till.at_stripe(other, "bank", succeeded=False)
    till.work(firm)
    assert "Pay £117.90" in till.get(owed.path).text
    owe_to_the_bank(till, firm, owed.path)
    owed.bank_says(succeeded=True)
    assert [state for state, _ in owed.states] == ["paid", "failed", "processing"]
    assert due(firm, owed.id) == HALF and "/attempts" not in till.get(owed.path).text


def test_all_who_ask_for_the_rest_at_once_get_the_same_page(till: Till, firm: Firm, owed: Owed) -> None:
    form = till.pay_form(owed.path)
    answers = at_once(*[lambda: till.send_pay(owed.path, form)] * 5)
    assert len({answer.headers.get("Location") for answer in answers if answer.status_code == 303}) == 1
    assert {answer.status_code for answer in answers} <= {303, 409}
    assert owed.states == [("processing", HALF), ("open", HALF)]


@pytest.mark.failure_mode(5)
def test_old_news_of_a_page_that_was_left_does_not_open_it_again(till: Till, firm: Firm, owed: Owed) -> None:
    attempt = till.attempts(firm)[0]
    with job_session(firm.organisation_id) as session:
        assert settle(session, attempt.id, _seen(attempt, "open")) == "processing"
    assert "Pay £117.90" in till.get(owed.path).text


def test_at_the_door_only_the_rest_is_taken_off(till: Till, firm: Firm, owed: Owed) -> None:
    till.begin(owed.path)  # a page that is open for the rest closes first
    client = sign_in(till.browser(), firm, "manager")
    page = client.get(f"/invoices/{owed.id}/payments/new").text
    assert "£117.90 to pay" in page and "£117.90 under way" in page and 'value="117.90"' in page
    assert (
        "Give back £2.10"
        in post_payment(till, firm, f"/invoices/{owed.id}/payments", amount="117.90", tendered="120").text
    )
    assert due(firm, owed.id) == HALF and [state for state, _ in owed.states] == ["processing", "expired"]
    refused = post_payment(till, firm, f"/invoices/{owed.id}/payments", amount="117.90").text
    assert "bank is just paying this invoice" in refused and till.books(firm).payments == 1
    owed.bank_says(succeeded=True)
    assert due(firm, owed.id) == 0 and credit(firm) == 0


def test_more_than_the_rest_is_never_put_to_it(till: Till, firm: Firm, owed: Owed) -> None:
    other, _ = till.invoice(firm)
    with pytest.raises(CannotRecord, match="Only 117"):
        record(firm, [owed.id, other], 12000, typed={owed.id: Money(12000, "GBP")})
    record(firm, [owed.id, other], 20000)
    assert due(firm, owed.id) == HALF and due(firm, other) == WHOLE - 20000 + HALF
    record(firm, [owed.id, other], 30000)
    assert due(firm, owed.id) == HALF and due(firm, other) == 0 and credit(firm) == 20000 + 30000 - HALF - WHOLE
    with pytest.raises(CannotRecord, match="bank"):
        apply_credit(firm.organisation_id, owed.id)
    owed.bank_says(succeeded=False)
    assert apply_credit(firm.organisation_id, owed.id) == Money(HALF, "GBP") and due(firm, owed.id) == 0


@pytest.mark.failure_mode(14)
def test_what_a_bank_has_begun_a_moment_ago_is_not_taken_at_the_door_as_well(till: Till, firm: Firm) -> None:
    """Nobody here has heard of it: Stripe says so as its page is to be closed."""
    till.connect(firm, with_debit=True)
    (half, half_path), (whole, whole_path) = till.invoice(firm), till.invoice(firm)
    take_parts(firm)
    till.events("drop")
    for path, part in ((half_path, {"part": "half"}), (whole_path, {})):
        till.send_pay(path, till.pay_form(path) | part)
        till.at_stripe(till.attempts(firm)[-1].session_id or "", "pay", card="bank")
    assert record(firm, [half], WHOLE).surplus == Money(HALF, "GBP") and due(firm, half) == HALF
    with pytest.raises(PaymentUnderWay):
        record(firm, [whole], WHOLE)
    assert due(firm, whole) == WHOLE and till.books(firm).payments == 1


@pytest.mark.failure_mode(14)
def test_at_the_door_and_on_the_page_at_once_the_rest_is_paid_once(till: Till, firm: Firm, owed: Owed) -> None:
    form = till.pay_form(owed.path)

    def at_the_door() -> None:
        with suppress(CannotPay):  # somebody is just being sent to the page: to be tried again
            record(firm, [owed.id], HALF)

    at_once(at_the_door, *[lambda: till.send_pay(owed.path, form)] * 2)
    open_ones = [each for each in till.attempts(firm) if each.state == "open"]
    assert len(open_ones) + till.books(firm).payments == 1
    for each in open_ones:
        till.at_stripe(each.session_id or "", "pay", card="4242424242424242")
    till.work(firm)
    owed.bank_says(succeeded=True)
    assert due(firm, owed.id) == 0 and credit(firm) == 0


def test_nothing_of_it_is_given_up_while_a_bank_pays_a_part(till: Till, firm: Firm, owed: Owed) -> None:
    till.begin(owed.path)
    deeds: list[Callable[[], object]] = [
        lambda: void_invoice(firm.organisation_id, owed.id, "typo"),
        lambda: write_off_invoice(firm.organisation_id, owed.id, "Bankrupt"),
    ]
    for deed in deeds:
        with pytest.raises(PaymentUnderWay):
            deed()
    client = sign_in(till.browser(), firm, "manager")
    note = {"line-0": "18.00", "reason": "Too long", "then": "apply", "form_id": "a" * 32}
    told = post(client, f"/invoices/{owed.id}/credit-notes", note, page="/invoices").text
    assert "bank is just paying this invoice" in told
    assert owed.states == [("processing", HALF), ("open", HALF)]  # nor was the customer's page closed for it


@pytest.mark.usefixtures("by_day")
def test_autopay_announces_and_charges_the_rest_alone(till: Till, firm: Firm) -> None:
    till.connect(firm, with_debit=True)
    pay_keeping(till, firm, till.invoice(firm)[1], autopay="yes")
    owed = Owed(till, firm)
    announce(firm, owed.id)
    assert the_run(firm).announced_minor == HALF
    make_due(firm)
    till.work(firm)
    assert [charge.amount for charge in charges(till, firm)] == [HALF] and due(firm, owed.id) == HALF
    owed.bank_says(succeeded=True)
    assert due(firm, owed.id) == 0 and credit(firm) == 0


@pytest.mark.usefixtures("by_day")
def test_autopay_waits_where_a_bank_pays_all_that_it_has_announced(till: Till, firm: Firm) -> None:
    till.connect(firm, with_debit=True)
    pay_keeping(till, firm, till.invoice(firm)[1], autopay="yes")
    invoice_id, path = till.invoice(firm)
    announce(firm, invoice_id)
    session_id = owe_to_the_bank(till, firm, path)
    make_due(firm)
    till.work(firm)
    assert the_run(firm).state == "waiting" and charges(till, firm) == []
    till.at_stripe(session_id, "bank", succeeded=False)
    make_due(firm)
    till.work(firm)
    assert [charge.amount for charge in charges(till, firm)] == [WHOLE] and due(firm, invoice_id) == 0


def test_staff_read_what_is_under_way_beside_what_is_open(till: Till, firm: Firm, owed: Owed) -> None:
    client = sign_in(till.browser(), firm, "manager")
    under_way = "£117.90</bdi> under way"
    assert "Under way at the customer" in client.get(f"/invoices/{owed.id}").text
    assert under_way in client.get(f"/invoices/{owed.id}/payment-state").text
    assert under_way in client.get("/invoices").text
    board = client.get("/board").text
    assert under_way in board and "1 invoice, £117.90 under way" in board and "£235.80" in board
    asked = client.get(f"/customers/{firm.customer_id}/statement").text
    assert under_way in asked and "117.90" in asked and "235.80" not in asked


def test_reminders_go_on_for_the_rest_and_rest_when_nothing_is_left(till: Till, firm: Firm, owed: Owed) -> None:
    with job_session(firm.organisation_id) as session:
        assert is_still_open(session, owed.id)
    owe_to_the_bank(till, firm, owed.path)
    with job_session(firm.organisation_id) as session:
        assert not is_still_open(session, owed.id)


def test_with_others_only_the_rest_is_paid_together(till: Till, firm: Firm, owed: Owed) -> None:
    other, _ = till.invoice(firm)
    path = joint_path(firm, [owed.id, other])
    page = till.get(path).text
    assert "Pay £353.70" in page and "£117.90</bdi> is on its way from your bank" in page
    assert "is on its way" in page.partition('<div class="end">')[0]  # where words have room, not under the figure
    till.pay(path)
    till.work(firm)
    assert due(firm, owed.id) == HALF and due(firm, other) == 0
    assert "Your payment is on its way" in till.get(path).text
    owed.bank_says(succeeded=True)
    assert due(firm, owed.id) == 0 and credit(firm) == 0


STEPS = ("tap whole", "tap half", "tap other", "card", "bank", "succeed", "fail", "leave", "cash")


class Counter:
    """One invoice, and all that its page and the door allow; what Stripe would say is told without it."""

    def __init__(self, till: Till, firm: Firm) -> None:
        self.firm = firm
        self.id, _ = till.invoice(firm, email="")

    def do(self, step: str, which: int) -> None:
        if step.startswith("tap "):
            self._tap(step.removeprefix("tap "), which)
        elif step == "cash":
            taken = self._to_pay().minor // (1 + which % 2)
            if taken and not self._attempts("open"):  # a page that is open closes at Stripe first: other tests
                record(self.firm, [self.id], taken)
        else:
            outcome = {"card": "paid", "bank": "processing", "succeed": "paid", "fail": "failed", "leave": "expired"}
            self._say("processing" if step in ("succeed", "fail") else "open", outcome[step], which)

    def check(self) -> None:
        with job_session(self.firm.organisation_id) as session:
            due = due_on(session, self.id)
            booked = session.scalar(select(func.coalesce(func.sum(Allocation.amount_minor), 0)))
            under_way = select(func.coalesce(func.sum(PaymentAttempt.amount_minor), 0))
            asked = session.scalar(under_way.where(PaymentAttempt.state.in_(("open", "processing"))))
            assert due.under_way.minor == session.scalar(under_way.where(PaymentAttempt.state == "processing"))
            assert (booked or 0) + (asked or 0) <= WHOLE and due.balance.minor == WHOLE - (booked or 0)
            assert credit_of(session, self.firm.customer_id, "GBP").minor == 0

    def _to_pay(self) -> Money:
        with job_session(self.firm.organisation_id) as session:
            return due_on(session, self.id).to_pay

    def _attempts(self, state: str) -> list[PaymentAttempt]:
        with job_session(self.firm.organisation_id) as session:
            found = select(PaymentAttempt).where(PaymentAttempt.state == state).order_by(PaymentAttempt.id)
            return list(session.scalars(found))

    def _tap(self, part: str, which: int) -> None:
        """As the page does it: what is shown, by its own rules, against what the database holds then."""
        shown = self._to_pay()
        parts = parts_of(shown, are_taken=True, least_part=Money(100, "GBP"))
        choice = {"whole": ""}.get(part, part) if parts else ""
        amount = chosen_amount(shown, parts, choice if parts and (parts.half or choice != "half") else "", "5.00")
        for each in self._attempts("open"):
            if each.amount != amount:
                self._settle(each, "expired")
        with job_session(self.firm.organisation_id) as session:
            plan = plan_attempt(session, self.id, Wish(amount, shown))
        if plan.state == "creating":
            [made] = self._attempts("creating")
            self._settle(made, "open")

    def _say(self, before: str, after: str, which: int) -> None:
        found = self._attempts(before)
        if found:
            self._settle(found[which % len(found)], after)

    def _settle(self, attempt: PaymentAttempt, state: str) -> None:
        seen = _seen(attempt, state)
        with job_session(self.firm.organisation_id) as session:
            settle(session, attempt.id, seen)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 5)), min_size=4, max_size=14))
def test_what_is_booked_and_under_way_is_never_more_than_is_owed(till: Till, steps: list[tuple[str, int]]) -> None:
    firm = make_firm()
    till.connect(firm, with_debit=True)
    counter = Counter(till, firm)
    for step, which in steps:
        with suppress(RuleBroken):  # what our rules refuse is no step
            counter.do(step, which)
        counter.check()

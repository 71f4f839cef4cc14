"""Nobody is given back more than they paid, whatever credit notes are put to, closed with, or given back after."""

import uuid
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from portal.invoices.credit_notes.models import CreditNote
from portal.invoices.credit_notes.queries import get_credit_note, kept_as_credit
from portal.payments.actions import (
    apply_credit,
    plan_refund,
    put_credit_note,
    refund_credit_note,
    reverse_payment,
    write_off_invoice,
)
from portal.payments.models import Payment
from portal.shared.errors import RuleBroken
from portal.shared.money import Money
from portal.shared.running import job_session
from tests.builders import Firm, make_firm, sign_in
from tests.paying import Till
from tests.portal.payments.test_giving_credit_back import give_back, keep, left_of
from tests.portal.payments.test_recording import due, record

WHOLE = "235.80"


def test_an_unpaid_invoice_credited_and_written_off_gives_nothing_back(till: Till, firm: Firm) -> None:
    invoice_id, _ = till.invoice(firm)
    note_id = keep(firm, invoice_id, "1")
    write_off_invoice(firm.organisation_id, invoice_id, "gone away")
    shown = sign_in(till.browser(), firm, "manager").get(f"/credit-notes/{note_id}").text
    assert "at most £0.00: the rest took back what was never paid" in shown and 'value="235.80"' not in shown
    answer = give_back(till, firm, note_id, amount=WHOLE)
    assert answer.status_code == 422 and "took back what was never paid" in answer.text
    assert 'href="#f-amount"' in answer.text and left_of(firm, note_id) == 23580


def test_credit_of_an_unpaid_invoice_makes_no_money_of_the_next_one(till: Till, firm: Firm) -> None:
    unpaid, paid_with_credit = (till.invoice(firm)[0] for _ in range(2))
    put_credit_note(firm.organisation_id, keep(firm, unpaid, "1"), paid_with_credit)
    assert due(firm, paid_with_credit) == 0
    note_id = keep(firm, paid_with_credit, "1")
    answer = give_back(till, firm, note_id, amount=WHOLE)
    assert answer.status_code == 422 and "Only £0.00" in answer.text and left_of(firm, note_id) == 23580


def test_the_form_asks_for_no_more_of_a_payment_than_is_left_of_all(till: Till, firm: Firm) -> None:
    invoice_id, _ = till.invoice(firm)
    payment_id = record(firm, [invoice_id]).payment_id
    note_id = keep(firm, invoice_id, "0.5")
    assert give_back(till, firm, note_id, amount="117.90").status_code == 303
    shown = sign_in(till.browser(), firm, "manager").get(f"/payments/{payment_id}").text
    assert 'value="117.90"' in shown and 'value="235.80"' not in shown


def test_credit_that_was_paid_for_is_money_on_the_next_invoice_too(till: Till, firm: Firm) -> None:
    paid, next_one = (till.invoice(firm)[0] for _ in range(2))
    record(firm, [paid])
    put_credit_note(firm.organisation_id, keep(firm, paid, "1"), next_one)
    assert give_back(till, firm, keep(firm, next_one, "1"), amount=WHOLE).status_code == 303


def test_what_another_invoice_was_paid_with_is_not_given_back_for_an_unpaid_one(till: Till, firm: Firm) -> None:
    record(firm, [till.invoice(firm)[0]])
    unpaid, _ = till.invoice(firm)
    note_id = keep(firm, unpaid, "1")
    write_off_invoice(firm.organisation_id, unpaid, "gone away")
    assert give_back(till, firm, note_id, amount=WHOLE).status_code == 422


def test_money_given_back_with_a_note_is_not_given_back_of_its_payment_again(till: Till, firm: Firm) -> None:
    invoice_id, _ = till.invoice(firm)
    record(firm, [invoice_id])
    assert give_back(till, firm, keep(firm, invoice_id, "1"), amount=WHOLE).status_code == 303
    with job_session(firm.organisation_id) as session:
        payment = session.scalars(select(Payment)).one()
        with pytest.raises(RuleBroken, match="given back with credit notes"):
            plan_refund(session, payment.id, payment.amount, way="cash", reason="r", by=None, form_id=None)
        with pytest.raises(RuleBroken, match="given back with a credit note"):
            reverse_payment(session, payment.id, "typo", by=firm.people["manager"])


# Of what came in, what went back of payments and of credit notes.
BALANCE = text(
    "SELECT (SELECT COALESCE(sum(amount_minor - reversed_minor - refunded_minor), 0) FROM payment_uses)"
    "     - (SELECT COALESCE(sum(amount_minor), 0) FROM credit_refunds)"
)


class Counter:
    """One customer, three invoices, and everything that can be done with credit."""

    def __init__(self, till: Till) -> None:
        self.firm: Firm = make_firm()
        self.invoices = [till.invoice(self.firm, email="")[0] for _ in range(3)]

    def do(self, step: str, which: int) -> None:
        """What our rules refuse is no step."""
        invoice_id, firm_id = self.invoices[which % 3], self.firm.organisation_id
        deeds: dict[str, Callable[[], object]] = {
            "pay": lambda: record(self.firm, [invoice_id], 7000 + 9000 * (which % 2)),
            "too much": lambda: record(self.firm, self.invoices, 30000),
            "credit": lambda: keep(self.firm, invoice_id, "1" if which % 2 else "0.5"),
            "put": lambda: self._put(which, invoice_id),
            "use": lambda: apply_credit(firm_id, invoice_id),
            "write off": lambda: write_off_invoice(firm_id, invoice_id, "gone"),
            "give back": lambda: self._give_back(which),
            "refund": lambda: self._refund(which),
        }
        with suppress(RuleBroken):
            deeds[step]()

    def left_with_the_firm(self) -> int:
        with job_session(self.firm.organisation_id) as session:
            return int(session.scalars(BALANCE).one())

    def _note(self, which: int) -> int:
        with job_session(self.firm.organisation_id) as session:
            notes = session.scalars(select(CreditNote.id).order_by(CreditNote.id)).all()
            return notes[which % len(notes)] if notes else 0

    def _put(self, which: int, invoice_id: int) -> None:
        if note_id := self._note(which // 2):
            put_credit_note(self.firm.organisation_id, note_id, invoice_id)

    def _give_back(self, which: int) -> None:
        if note_id := self._note(which):
            with job_session(self.firm.organisation_id) as session:
                amount = kept_as_credit(session, get_credit_note(session, note_id))
                if not amount:
                    return
                refund_credit_note(
                    session, note_id, amount, way="bank_transfer", reason="r", by=self.firm.people["manager"],
                    form_id=uuid.uuid4().hex,
                )  # fmt: skip

    def _refund(self, which: int) -> None:
        with job_session(self.firm.organisation_id) as session:
            payments = session.scalars(select(Payment).order_by(Payment.id)).all()
            if payments:
                payment = payments[which % len(payments)]
                amount = Money(payment.amount_minor, "GBP")
                plan_refund(session, payment.id, amount, way="bank_transfer", reason="r", by=None, form_id=None)


STEPS = ("pay", "too much", "credit", "credit", "put", "use", "write off", "give back", "give back", "refund")

# In the end all is credited, closed, and given back as far as the rules let it be.
CLOSING = [(step, which) for which in (1, 3, 5) for step in ("credit", "write off")]
CLOSING += [("give back", which) for which in range(6)]


@given(st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 5)), min_size=4, max_size=10))
@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True,
    phases=[Phase.generate],
)  # fmt: skip
def test_no_order_of_credit_and_payments_gives_back_more_than_came(till: Till, steps: list[tuple[str, int]]) -> None:
    counter = Counter(till)
    for step, which in [*steps, *CLOSING]:
        counter.do(step, which)
        assert counter.left_with_the_firm() >= 0, f"after {step}"

"""A tip is part of the charge: it goes back as far as a person says so, and is taken with the whole in a dispute."""

import re
import uuid
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from portal.accounting.mirror.money_sources import payment as payment_source
from portal.invoices.models import Invoice
from portal.organisations.models import Organisation
from portal.payments.models import Payment
from portal.payments.queries import get_payment
from portal.payments.refunds.models import Refund
from portal.payments.rules import told_apart
from portal.shared.money import Money
from portal.shared.running import job_session
from tests.builders import Firm, pay_address, post, sign_in
from tests.paying import Till
from tests.portal.payments.test_giving_back_of_several import give_back as give_invoice_back
from tests.portal.payments.test_giving_back_of_several import lines_of
from tests.portal.payments.test_payouts import pay_out, waiting
from tests.portal.payments.test_recording import WHOLE, due
from tests.portal.payments.test_refunding import at_stripe, charge_of

TIP = 2358


@pytest.fixture
def tipped(till: Till, firm: Firm) -> tuple[int, int]:
    """(payment, invoice), by card with a tip of a tenth."""
    till.connect(firm)
    with job_session(firm.organisation_id) as session:
        session.execute(update(Organisation).values(takes_tips=True))
    invoice_id, path = till.invoice(firm)
    assert till.send_pay(path, till.pay_form(path) | {"tip": "10"}).status_code == 303
    till.at_stripe(till.attempts(firm)[-1].session_id or "", "pay", card="4242424242424242")
    till.work(firm)
    with job_session(firm.organisation_id) as session:
        return session.scalars(select(Payment.id)).one(), invoice_id


def went_back(firm: Firm) -> list[tuple[str, str, int, int]]:
    with job_session(firm.organisation_id) as session:
        found = session.scalars(select(Refund).order_by(Refund.id))
        return [(each.way, each.state, each.amount_minor, each.tip_minor) for each in found]


def ask_back(till: Till, firm: Firm, payment_id: int, **typed: str) -> int:
    form = {"way": "stripe", "then": "ask", "reason": "not happy", "form_id": uuid.uuid4().hex, **typed}
    client = sign_in(till.browser(), firm, "manager")
    return post(client, f"/payments/{payment_id}/refunds", form).status_code


@given(back=st.integers(0, 500), left=st.integers(0, 300), tip=st.integers(0, 100))
def test_what_was_owed_goes_back_before_the_tip(back: int, left: int, tip: int) -> None:
    owed, of_tip, beyond = told_apart(*(Money(minor, "JPY") for minor in (back, left, tip)))
    assert owed.minor + of_tip.minor + beyond.minor == back and 0 <= of_tip.minor <= tip and owed.minor <= left
    assert of_tip.minor == 0 or owed.minor == left
    assert beyond.minor == 0 or of_tip.minor == tip


def test_the_whole_charge_goes_back_from_the_payments_page(till: Till, firm: Firm, tipped: tuple[int, int]) -> None:
    page = sign_in(till.browser(), firm, "manager").get(f"/payments/{tipped[0]}").text
    assert 'value="235.80"' in page and 'value="23.58"' in page and "at most £23.58" in page
    assert ask_back(till, firm, tipped[0], amount="235.80", tip="23.58") == 303
    till.work(firm)
    assert [each.amount for each in at_stripe(till, firm)] == [WHOLE + TIP]
    assert went_back(firm) == [("stripe", "succeeded", WHOLE, TIP)]
    page = sign_in(till.browser(), firm, "manager").get(f"/payments/{tipped[0]}").text
    assert "Of the tip, given back" in page and "£23.58 of it tip" in page and "Give money back" not in page


@pytest.mark.parametrize(
    ("way", "typed", "of_tip"), [("stripe", "0", 0), ("stripe", "23.58", TIP), ("cash", "", 0), ("cash", "10", 1000)]
)
def test_from_the_invoice_a_tip_goes_back_as_far_as_it_is_said(
    till: Till, firm: Firm, tipped: tuple[int, int], way: str, typed: str, of_tip: int
) -> None:
    page = sign_in(till.browser(), firm, "manager").get(f"/invoices/{tipped[1]}/credit-notes/new?then=refund").text
    assert "how much of the tip with it?" in page and "at most £23.58; 0 keeps it" in page
    assert re.search(r'name="tip"[^>]*value="0"', page)
    answer = give_invoice_back(till, firm, tipped[1], lines_of(till, firm, tipped[1]), back=way, tip=typed)
    assert answer.status_code == 303
    till.work(firm)
    assert went_back(firm) == [(way, "succeeded", WHOLE, of_tip)]


def test_from_the_invoice_no_more_of_a_tip_goes_back_than_came(till: Till, firm: Firm, tipped: tuple[int, int]) -> None:
    answer = give_invoice_back(till, firm, tipped[1], lines_of(till, firm, tipped[1]), tip="23.59")
    assert answer.status_code == 422 and "Only £23.58 of the tip can go back with this." in answer.text
    assert 'value="23.59"' in answer.text and went_back(firm) == []


@pytest.mark.parametrize(("amount", "tip"), [("50", ""), ("50", "0"), ("50", "10"), ("0", "23.58"), ("", "1")])
def test_a_part_chooses_how_much_of_the_tip(
    till: Till, firm: Firm, tipped: tuple[int, int], amount: str, tip: str
) -> None:
    answer = ask_back(till, firm, tipped[0], amount=amount, tip=tip)
    if not amount:
        assert answer == 422 and went_back(firm) == []
        return
    till.work(firm)
    owed, of_tip = (int(Decimal(each or 0) * 100) for each in (amount, tip))
    assert [each.amount for each in at_stripe(till, firm)] == [owed + of_tip]
    assert went_back(firm) == [("stripe", "succeeded", owed, of_tip)] and due(firm, tipped[1]) == owed


def test_no_more_of_a_tip_goes_back_than_came(till: Till, firm: Firm, tipped: tuple[int, int]) -> None:
    assert ask_back(till, firm, tipped[0], amount="0", tip="20") == 303
    assert ask_back(till, firm, tipped[0], amount="0", tip="3.59") == 422
    assert ask_back(till, firm, tipped[0], amount="0", tip="0") == 422
    assert ask_back(till, firm, tipped[0], amount="", tip="") == 422
    assert went_back(firm) == [("stripe", "planned", 0, 2000)]


def test_the_books_hear_nothing_of_a_tip(till: Till, firm: Firm, tipped: tuple[int, int]) -> None:
    ask_back(till, firm, tipped[0], amount="0", tip="20")
    ask_back(till, firm, tipped[0], amount="30", tip="3.58")
    with job_session(firm.organisation_id) as session:
        source = payment_source(session, tipped[0])
        assert source is not None and source.uses is not None
        assert [str(each.amount) for each in source.uses.given_back] == ["30.00"]


@pytest.mark.parametrize(
    ("amount", "shares"), [(None, (WHOLE, TIP)), (5000, (5000, 0)), (WHOLE + 1000, (WHOLE, 1000))]
)  # fmt: skip
def test_made_at_stripe_it_is_told_apart(
    till: Till, firm: Firm, tipped: tuple[int, int], amount: int | None, shares: tuple[int, int]
) -> None:
    wish: dict[str, Any] = {} if amount is None else {"amount": amount}
    till.stand_in.control(f"charges/{charge_of(till, firm)}/refunds", **wish)
    till.work(firm)
    assert went_back(firm) == [("stripe", "succeeded", *shares)]
    till.stand_in.control(f"refunds/{at_stripe(till, firm)[0].id}/settle", outcome="failed")
    till.work(firm)
    with job_session(firm.organisation_id) as session:
        use = get_payment(session, tipped[0]).use
        assert (use.left.minor, use.tip_left.minor, due(firm, tipped[1])) == (WHOLE, TIP, 0)


@pytest.mark.parametrize(("outcome", "state"), [("won", "failed"), ("lost", "succeeded")])
def test_a_dispute_takes_the_tip_too(till: Till, firm: Firm, tipped: tuple[int, int], outcome: str, state: str) -> None:
    opened = till.stand_in.control(f"charges/{charge_of(till, firm)}/dispute")
    till.work(firm)
    assert went_back(firm) == [("dispute", "succeeded", WHOLE, TIP)]
    assert ("held back, disputed", -(WHOLE + TIP)) in waiting(firm)
    till.stand_in.control(f"disputes/{opened['id']}/close", outcome=outcome)
    till.work(firm)
    assert went_back(firm) == [("dispute", state, WHOLE, TIP)]


def test_what_waits_at_stripe_is_without_what_went_back_of_the_tip(
    till: Till, firm: Firm, tipped: tuple[int, int]
) -> None:
    ask_back(till, firm, tipped[0], amount="100", tip="10")
    till.work(firm)
    assert waiting(firm) == [("given back", -11000), ("received", WHOLE + TIP)]
    pay_out(till, firm)
    till.work(firm)
    assert waiting(firm) == []


@pytest.mark.parametrize(
    ("amount", "tip", "then", "going", "gone"),
    [
        ("235.80", "23.58", "credit", "Your money is on its way back", "Your money was given back"),
        ("50", "10", "ask", "On its way back to the card", "Given back to the card"),
    ],
)
def test_the_customer_sees_the_tip_go_back_as_well_and_when_it_has(
    till: Till, firm: Firm, tipped: tuple[int, int], amount: str, tip: str, then: str, going: str, gone: str
) -> None:
    with job_session(firm.organisation_id) as session:
        path = pay_address(session, session.get_one(Invoice, tipped[1]))
    assert ask_back(till, firm, tipped[0], amount=amount, tip=tip, then=then) == 303
    words = "£259.38" if then == "credit" else "of the tip"
    page = till.get(path).text
    assert going in page and words in page
    till.work(firm)
    page = till.get(path).text
    assert gone in page and words in page and going not in page

"""Tips: off unless the firm wants them, chosen by nobody but the customer, and no part of what is owed."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from portal.accounting.mirror.money_sources import payment as payment_source
from portal.messages.actions import read_mail
from portal.messages.models import Message
from portal.organisations.models import Organisation
from portal.pay_page.tips import PERCENTS, chosen_tip, tips_on
from portal.payments.models import Payment
from portal.payments.queries import get_payment
from portal.payments.rules import tip_in
from portal.shared.money import Money
from portal.shared.running import job_session
from tests.builders import Firm, post, sign_in
from tests.paying import Till, key_of


def take_tips(firm: Firm) -> None:
    with job_session(firm.organisation_id) as session:
        session.execute(update(Organisation).values(takes_tips=True))


@pytest.fixture
def path(till: Till, firm: Firm) -> str:
    till.connect(firm)
    take_tips(firm)
    return till.invoice(firm)[1]


def pay(till: Till, firm: Firm, path: str, **choice: str) -> None:
    begun = till.send_pay(path, till.pay_form(path) | choice)
    assert begun.status_code == 303, begun.text
    till.at_stripe(till.attempts(firm)[-1].session_id or "", "pay", card="4242424242424242")
    till.work(firm)


@given(minor=st.integers(1, 10**9), choice=st.sampled_from(["", "5", "10", "15", "100", "-5", "x"]),
       currency=st.sampled_from(["JPY", "GBP", "KWD"]))  # fmt: skip
def test_only_what_was_offered_is_added(minor: int, choice: str, currency: str) -> None:
    amount, step = Money(minor, currency), 10 if currency == "KWD" else 1
    assert not chosen_tip(amount, choice, are_taken=False)
    tip = chosen_tip(amount, choice, are_taken=True)
    assert tip == tips_on(amount).get(choice, Money.zero(currency))
    if choice in map(str, PERCENTS):
        assert tip.minor % step == 0 and abs(tip.minor * 100 - minor * int(choice)) * 2 <= 100 * step


@given(received=st.integers(0, 3000), asked=st.integers(1, 2000), tip=st.integers(0, 500))
def test_what_is_owed_comes_before_the_tip(received: int, asked: int, tip: int) -> None:
    kept = tip_in(Money(received, "GBP"), Money(asked, "GBP"), Money(tip, "GBP")).minor
    assert kept == min(tip, max(0, received - asked))
    assert not tip_in(Money(received, "GBP"), Money(asked, "VND"), Money(tip, "VND"))


def test_a_tip_is_charged_and_kept_apart(till: Till, firm: Firm, path: str) -> None:
    page = till.get(path).text
    assert "Add a tip" in page and "10 %, £23.58" in page and page.count("checked") == 1
    assert '<input type="radio" name="tip" value="" checked>' in page
    pay(till, firm, path, tip="10")
    [made] = till.made_sessions(firm)
    rows = till.stand_in.client(key_of(firm)).checkout.sessions.line_items.list(made.id).data
    assert [(row.description, row.amount_total) for row in rows] == [("Invoice INV-00001", 23580), ("Tip", 2358)]
    with job_session(firm.organisation_id) as session:
        payment = session.scalars(select(Payment)).one()
        assert (payment.amount_minor, payment.tip_minor, payment.taken.minor) == (23580, 2358, 25938)
        assert get_payment(session, payment.id).use.unused_minor == 0  # no credit
        source = payment_source(session, payment.id)
        assert source is not None and source.uses is not None
        assert sum(source.uses.applied.values()) == Money(23580, "GBP").decimal  # nor in the books
        receipt = session.scalars(select(Message).where(Message.kind == "receipt")).one()
        assert "£259.38" in read_mail(session, receipt.id).text
        payment_id = payment.id
    paid = till.get(path).text
    assert "This is your receipt" in paid and "£23.58" in paid
    manager = sign_in(till.browser(), firm, "manager")
    assert "Tip, kept apart" in manager.get(f"/payments/{payment_id}").text
    assert till.get(f"{path}/receipts/{payment_id}.pdf").content.startswith(b"%PDF")


def test_who_chooses_nothing_pays_nothing_more(till: Till, firm: Firm, path: str) -> None:
    pay(till, firm, path)
    assert till.made_sessions(firm)[0].amount_total == 23580


def test_another_wish_makes_another_session_and_the_same_finds_it(till: Till, firm: Firm, path: str) -> None:
    form = till.pay_form(path)
    for tip in ("10", "10", "5", "99"):
        assert till.send_pay(path, form | {"tip": tip}).status_code == 303
    assert [(each.tip_minor, each.state) for each in till.attempts(firm)] == [
        (2358, "expired"), (1179, "expired"), (0, "open")]  # fmt: skip


def test_a_firm_that_wants_none_takes_none(till: Till, firm: Firm, path: str) -> None:
    form = till.pay_form(path)
    manager = sign_in(till.browser(), firm, "administrator")
    assert 'value="yes" selected' in manager.get("/payments/settings/parts").text
    post(manager, "/payments/settings/parts", {"are_taken": "", "least": "", "tips": ""})
    assert "Add a tip" not in till.get(path).text
    till.send_pay(path, form | {"tip": "15"})
    assert till.made_sessions(firm)[0].amount_total == 23580


def test_a_refund_made_at_stripe_of_all_of_it_gives_back_what_was_owed(till: Till, firm: Firm, path: str) -> None:
    pay(till, firm, path, tip="10")
    with job_session(firm.organisation_id) as session:
        paid = session.scalars(select(Payment)).one()
        payment_id, remote_id = paid.id, paid.provider_payment_id
    till.stand_in.client(key_of(firm)).refunds.create({"payment_intent": remote_id})
    till.work(firm)
    with job_session(firm.organisation_id) as session:
        use = get_payment(session, payment_id).use
        assert (use.refunded_minor, use.allocated_minor, use.unused_minor) == (23580, 0, 0)


def test_with_half_the_tip_is_of_that_half(till: Till, firm: Firm, path: str) -> None:
    with job_session(firm.organisation_id) as session:
        session.execute(update(Organisation).values(takes_parts=True))
    assert "10 % of what you pay now; of all of it £23.58" in till.get(path).text
    pay(till, firm, path, tip="10", part="half")
    with job_session(firm.organisation_id) as session:
        payment = session.scalars(select(Payment)).one()
        assert (payment.amount_minor, payment.tip_minor) == (11790, 1179)
    thanked = re.sub("<[^>]+>", "", till.get(f"{path}?done=paid").text)
    assert "Thank you: £129.69 has arrived" in thanked and "£11.79 of it is a tip" in thanked
    assert "Receipt R-00001 · Tip £11.79" in thanked and "Pay £117.90" in thanked

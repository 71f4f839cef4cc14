"""Autopay: begun with consent, told of beforehand, charged once after a last look, and never twice whatever dies."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from portal.invoices import holds
from portal.invoices.models import Invoice
from portal.invoices.questions.actions import ask
from portal.messages.models import Message
from portal.organisations.models import Organisation
from portal.payments.actions import autopay as announcing
from portal.payments.actions import autopay_charging as charging
from portal.payments.autopay import rules
from portal.payments.autopay.models import Autopay, AutopayRun
from portal.payments.models import PaymentAttempt
from portal.payments.queries import balance_of
from portal.shared import clock
from portal.shared.running import job_session
from tests.builders import Firm, make_firm, post, sign_in
from tests.paying import Till, at_once, invoice_row, key_of, take_cash
from tests.portal.payments.test_saving_cards import cards, pay_keeping

ASKS_OWNER, DECLINED, LOST = "4000002760003184", "4000000000009995", "4000000000000069"


@pytest.fixture(autouse=True)
def by_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests run at any hour; customers are written to by day."""
    monkeypatch.setattr(rules, "is_awake", lambda _local: True)


@pytest.fixture
def path(till: Till, firm: Firm) -> str:
    """Of an invoice of 235.80 that was announced and is due to be charged now."""
    return due_invoice(till, firm)[1]


def due_invoice(till: Till, firm: Firm) -> tuple[int, str]:
    till.connect(firm)
    pay_keeping(till, firm, till.invoice(firm)[1], autopay="yes")
    invoice_id, path = till.invoice(firm)
    announce(firm, invoice_id)
    make_due(firm)
    return invoice_id, path


def announce(firm: Firm, invoice_id: int) -> None:
    with job_session(firm.organisation_id) as session:
        session.execute(update(Invoice).where(Invoice.id == invoice_id).values(due_on=clock.today("UTC")))
        session.execute(update(Autopay).values(look_at=clock.now()))
        due = announcing.take_due_announcements(session)
    for autopay_id in due:
        announcing.announce_invoices(firm.organisation_id, autopay_id)


def make_due(firm: Firm) -> None:
    """The notice has been sent, and its three days have passed."""
    with job_session(firm.organisation_id) as session:
        session.execute(update(Message).where(Message.kind == "autopay").values(state="sent"))
        session.execute(update(AutopayRun).values(next_try_at=clock.now()))


def look_again(firm: Firm) -> None:
    with job_session(firm.organisation_id) as session:
        session.execute(update(PaymentAttempt).values(look_at=clock.now()))


def the_run(firm: Firm) -> AutopayRun:
    with job_session(firm.organisation_id) as session:
        return session.scalars(select(AutopayRun).order_by(AutopayRun.id.desc())).first() or pytest.fail("no run")


def charges(till: Till, firm: Firm) -> list[Any]:
    """What Stripe has taken, without the payment by which the card was saved."""
    found = till.stand_in.client(key_of(firm)).charges.list({"limit": 100}).data
    return [charge for charge in found if charge.paid][:-1]


def mails(firm: Firm, once: str) -> int:
    with job_session(firm.organisation_id) as session:
        return len(session.scalars(select(Message).where(Message.once.contains(once))).all())


def test_the_due_day_and_never_sooner_than_the_notice() -> None:
    told = clock.today("UTC")
    assert rules.charge_day(told + timedelta(10), told) == told + timedelta(10)
    assert rules.charge_day(told, told) == told + timedelta(3)
    assert rules.is_to_announce(told + timedelta(3), told) and not rules.is_to_announce(told + timedelta(4), told)


def test_an_announced_invoice_is_charged_once_on_its_day(till: Till, firm: Firm, path: str) -> None:
    run = the_run(firm)
    assert run.charge_on == clock.today("Europe/London") + timedelta(3) and mails(firm, "autopay:") == 1
    assert "will be charged to Visa" in till.get(path).text
    at_once(*[lambda: till.work(firm)] * 3)
    till.work(firm)
    assert [charge.amount for charge in charges(till, firm)] == [23580]
    books = till.books(firm)
    assert (books.payments, books.received, books.allocated, books.receipts) == (2, 47160, 47160, 2)
    assert the_run(firm).state == "done"
    assert "This is your receipt" in till.get(path).text


def test_nothing_is_charged_before_the_day_or_for_what_was_sent_before(till: Till, firm: Firm) -> None:
    till.connect(firm)
    old, _ = till.invoice(firm)
    pay_keeping(till, firm, till.invoice(firm)[1], autopay="yes")
    announce(firm, old)
    assert mails(firm, "autopay:") == 0
    announce(firm, till.invoice(firm)[0])
    till.work(firm)
    assert mails(firm, "autopay:") == 1 and charges(till, firm) == []


def test_only_a_payment_begins_it_and_either_side_ends_it(till: Till, firm: Firm, path: str) -> None:
    assert "Automatic payment is on" in till.get(path).text
    assert till.post(f"{path}/autopay/end").status_code == 303
    till.work(firm)
    assert charges(till, firm) == [] and the_run(firm).state == "stopped"
    assert "Automatic payment is on" not in till.get(path).text
    _, other_path = till.invoice(firm)
    till.send_pay(other_path, till.pay_form(other_path) | {"card": "saved", "autopay": "yes"})
    with job_session(firm.organisation_id) as session:
        assert session.scalars(select(Autopay).where(Autopay.ended_at.is_(None))).all() == []
    session_id = till.attempts(firm)[-1].session_id or ""
    till.at_stripe(session_id, "pay", card=cards(firm)[0].payment_method_id)
    till.at_stripe(session_id, "3ds", passed=True)
    till.work(firm)
    assert len(cards(firm)) == 1 and "Automatic payment is on" in till.get(other_path).text
    manager = sign_in(till.browser(), firm, "manager")
    assert "Switch automatic payment off" in manager.get(f"/customers/{firm.customer_id}/card").text
    post(manager, f"/customers/{firm.customer_id}/autopay/end", {})
    assert "Automatic payment is on" not in till.get(other_path).text


def _hold(firm: Firm, invoice_id: int) -> None:
    with job_session(firm.organisation_id) as session:
        holds.hold(session, firm.organisation_id, invoice_id, "the books differ")


def _ask(firm: Firm, invoice_id: int) -> None:
    with job_session(firm.organisation_id) as session:
        ask(session, session.get_one(Organisation, firm.organisation_id), session.get_one(Invoice, invoice_id), "Why?")


def _undelivered(firm: Firm, _invoice_id: int) -> None:
    with job_session(firm.organisation_id) as session:
        session.execute(update(Message).where(Message.kind == "autopay").values(state="failed"))


@pytest.mark.parametrize(
    ("deed", "state"),
    [
        (lambda firm, invoice_id: take_cash(firm, invoice_id, 23580), "done"), (_hold, "waiting"), (_ask, "waiting"),
        (_undelivered, "stopped"),
    ],
    ids=["paid elsewhere", "held", "asked about", "not told"],
)  # fmt: skip
def test_the_last_look_finds_what_happened_meanwhile(till: Till, firm: Firm, deed: Any, state: str) -> None:
    invoice_id, _ = due_invoice(till, firm)
    deed(firm, invoice_id)
    till.work(firm)
    assert charges(till, firm) == [] and the_run(firm).state == state


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(paid=st.integers(0, 23580))
def test_never_more_than_is_left_is_charged(till: Till, paid: int) -> None:
    firm = make_firm()
    invoice_id, _ = due_invoice(till, firm)
    if paid:
        take_cash(firm, invoice_id, paid)
    till.work(firm)
    left = 23580 - paid
    assert sum(charge.amount for charge in charges(till, firm)) == (left if left >= 30 else 0)


def test_an_open_card_page_comes_first(till: Till, firm: Firm, path: str) -> None:
    session_id, _ = till.begin(path)
    till.work(firm)
    assert charges(till, firm) == [] and "Somebody is paying" in the_run(firm).words
    till.at_stripe(session_id, "pay", card="5555555555554444")
    make_due(firm)
    till.work(firm)
    assert len(charges(till, firm)) == 1 and the_run(firm).state == "done"


@pytest.mark.parametrize(("card", "state"), [(ASKS_OWNER, "stopped"), (LOST, "stopped"), (DECLINED, "waiting")])
def test_a_refusal_is_told_and_tried_again_only_where_it_may_help(
    till: Till, firm: Firm, path: str, card: str, state: str
) -> None:
    till.stand_in.control(f"payment_methods/{cards(firm)[0].payment_method_id}/bank", number=card)
    till.work(firm)
    assert the_run(firm).state == state and mails(firm, ":failed:") == 1
    assert till.attempts(firm)[-1].state == "failed" and charges(till, firm) == []
    assert till.begin(path)  # the customer can pay it on the page
    for _ in range(4):
        till.stand_in.client(key_of(firm)).checkout.sessions.expire(till.attempts(firm)[-1].session_id or "") if (
            till.attempts(firm)[-1].state == "open"
        ) else None
        till.work(firm)
        make_due(firm)
        till.work(firm)
    assert the_run(firm).state == "stopped" and the_run(firm).tries == (3 if card == DECLINED else 1)


@pytest.mark.parametrize("kind", ["cut_after", "reset", "error_500_after", "error_429"])
@pytest.mark.parametrize("where", ["/v1/payment_intents", "/confirm"])
def test_a_lost_answer_never_charges_twice_and_never_loses_the_payment(
    till: Till, firm: Firm, path: str, kind: str, where: str
) -> None:
    till.fault(kind, where, method="POST", times=3)
    till.work(firm)
    till.no_faults()
    for _ in range(3):
        look_again(firm)
        till.work(firm)
        make_due(firm)
        till.work(firm)
    assert [charge.amount for charge in charges(till, firm)] == [23580]
    assert till.books(firm).received == 47160 and the_run(firm).state == "done"


class Killed(BaseException):
    """The worker dies here."""


@pytest.mark.parametrize("call", ["create_charge", "confirm_charge", "retrieve_charge"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_worker_that_dies_anywhere_leaves_one_payment(
    till: Till, firm: Firm, path: str, monkeypatch: pytest.MonkeyPatch, call: str, when: str
) -> None:
    real = getattr(charging.stripe_gateway, call)

    def dying(*args: Any, **more: Any) -> Any:
        if when == "after":
            real(*args, **more)
        raise Killed

    monkeypatch.setattr(charging.stripe_gateway, call, dying)
    with pytest.raises(Killed):
        till.work(firm)
    monkeypatch.setattr(charging.stripe_gateway, call, real)
    for _ in range(3):
        look_again(firm)
        till.work(firm)
        make_due(firm)
        till.work(firm)
    assert [charge.amount for charge in charges(till, firm)] == [23580]
    with job_session(firm.organisation_id) as session:
        assert balance_of(session, the_run(firm).invoice_id).minor == 0


def test_a_worker_that_slept_before_confirming_finds_its_charge_cancelled(
    till: Till, firm: Firm, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it sleeps the sweeper cancels what nobody has confirmed, and the customer pays on the page."""
    real = charging.stripe_gateway.confirm_charge

    def late(*args: Any, **more: Any) -> None:
        charging.look_at_charge(firm.organisation_id, till.attempts(firm)[-1].id)
        till.pay(path)
        till.come_back(firm)
        real(*args, **more)

    monkeypatch.setattr(charging.stripe_gateway, "confirm_charge", late)
    till.work(firm)
    assert [charge.amount for charge in charges(till, firm)] == [23580]
    assert till.books(firm).received == 47160


def test_while_it_is_charged_nothing_else_can_be_begun(
    till: Till, firm: Firm, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    form, seen = till.pay_form(path), []
    real = charging.stripe_gateway.confirm_charge

    def watched(*args: Any, **more: Any) -> None:
        seen.append(till.send_pay(path, form))
        real(*args, **more)

    monkeypatch.setattr(charging.stripe_gateway, "confirm_charge", watched)
    till.work(firm)
    assert [answer.headers.get("Location", "") for answer in seen] != [] and len(charges(till, firm)) == 1
    assert invoice_row(firm, the_run(firm).invoice_id).status == "sent" and till.books(firm).received == 47160

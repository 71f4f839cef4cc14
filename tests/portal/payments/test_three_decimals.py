"""Dinars have three decimals, and cards pay two of them: nothing else is offered, asked for or given back."""

import re
from decimal import Decimal

import pytest
from sqlalchemy import select, update

from portal.messages.models import Message
from portal.organisations.models import Organisation
from portal.payments.models import Payment
from portal.shared.money import Money
from portal.shared.running import job_session
from portal.work_orders.models import WorkOrderLine
from tests.builders import Firm, make_firm, make_invoice, make_work_order, pay_address, post, sign_in
from tests.paying import Till


@pytest.fixture
def kuwaiti() -> Firm:
    firm = make_firm(country="KW", currency="KWD", time_zone="Asia/Kuwait")
    with job_session(firm.organisation_id) as session:
        session.execute(update(Organisation).values(takes_parts=True))
    return firm


def bill(firm: Firm, price: str) -> tuple[int, str]:
    """An invoice of so much, and the path of its link."""
    with job_session(firm.organisation_id) as session:
        job = make_work_order(session, firm, quantities=("1", "1", "1"))
        prices = update(WorkOrderLine).where(WorkOrderLine.work_order_id == job.id)
        session.execute(prices.values(unit_price=Decimal(0)))
        session.execute(prices.where(WorkOrderLine.position == 0).values(unit_price=Decimal(price)))
        made = make_invoice(session, firm, work_order=job)
        assert made.total == Money.of(price, "KWD")
        return made.id, pay_address(session, made)


@pytest.fixture
def path(till: Till, kuwaiti: Firm) -> str:
    till.connect(kuwaiti)
    return bill(kuwaiti, "33.330")[1]


def shown(till: Till, path: str) -> str:
    return re.sub("<[^>]+>", "", till.get(path).text).replace("\u00a0", " ")


def test_half_is_such_as_a_card_can_pay_and_so_is_the_rest(till: Till, kuwaiti: Firm, path: str) -> None:
    assert "Pay half, KWD 16.670" in shown(till, path)
    assert till.send_pay(path, till.pay_form(path) | {"part": "half"}).status_code == 303
    till.at_stripe(till.attempts(kuwaiti)[-1].session_id or "", "pay", card="4242424242424242")
    till.work(kuwaiti)
    assert "Pay KWD 16.660" in shown(till, path)
    assert till.tap_pay(path).status_code == 303


def test_another_amount_says_its_step_and_is_refused_between_two(till: Till, kuwaiti: Firm, path: str) -> None:
    assert "From KWD 0.010 to KWD 33.330 · In steps of KWD 0.010" in shown(till, path)
    form = till.pay_form(path) | {"part": "other", "amount": "10.005"}
    answer = till.send_pay(path, form)
    assert answer.status_code == 422 and "in steps of KWD" in answer.text and 'value="10.005"' in answer.text
    german = till.post(f"{path}/attempts?lang=de", data=form | {"amount": "10,005"})
    assert "nur in Schritten von 0,010" in german.text
    assert till.attempts(kuwaiti) == []
    assert till.send_pay(path, form | {"amount": "10.01"}).status_code == 303


def test_a_card_is_given_back_what_cards_can_be_given(till: Till, kuwaiti: Firm, path: str) -> None:
    till.pay(path)
    till.work(kuwaiti)
    with job_session(kuwaiti.organisation_id) as session:
        payment_id = session.scalars(select(Payment.id)).one()
    office = sign_in(till.browser(), kuwaiti, "administrator")
    page = f"/payments/{payment_id}"
    assert "To the card in steps of KWD" in office.get(page).text
    form = {"amount": "5.555", "way": "stripe", "then": "ask", "reason": "too long", "form_id": "k"}
    refused = post(office, f"{page}/refunds", form, page=page)
    assert refused.status_code == 422 and "in steps of KWD" in refused.text and "in cash or by bank" in refused.text
    assert post(office, f"{page}/refunds", form | {"way": "bank_transfer"}, page=page).status_code == 303


def test_nobody_is_asked_for_several_in_one_go_that_no_card_can_pay(till: Till, kuwaiti: Firm, path: str) -> None:
    odd, _ = bill(kuwaiti, "1.005")
    even, _ = bill(kuwaiti, "2.010")
    office = sign_in(till.browser(), kuwaiti, "administrator")
    page = f"/customers/{kuwaiti.customer_id}/together"

    def ask(*invoice_ids: int) -> tuple[int, str]:
        form = {"email": "rita@maple.example", "invoice": [str(each) for each in invoice_ids], "form_id": "t"}
        answer = post(office, page, form, page=page)
        return answer.status_code, answer.text

    status, said = ask(odd, even)
    assert status == 422 and "These cannot be paid together. Cards cannot take exactly" in said
    with job_session(kuwaiti.organisation_id) as session:
        assert not session.scalars(select(Message).where(Message.kind == "joint")).all()
    assert ask(even)[0] == 303

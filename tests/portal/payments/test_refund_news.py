"""Whoever gets money back, or is asked for it again, hears of it the way the invoice came."""

import pytest
from sqlalchemy import select

from portal.customers.models import Customer
from portal.invoices.queries import get_invoice
from portal.messages.actions import read_mail
from portal.messages.models import Message
from portal.payments.actions import refund_credit_note
from portal.shared.money import Money
from portal.shared.running import job_session
from tests.builders import Firm, make_credit_note, make_work_order, pay_address, post, sign_in
from tests.paying import Till
from tests.portal.payments.test_deposits import take
from tests.portal.payments.test_refunding import WHOLE, charge_of, paid
from tests.portal.payments.test_refunding import give_back as plan

__all__ = ["paid"]


def told(firm: Firm) -> list[str]:
    """Subject and text of each mail to the customer about money that went back, oldest first."""
    with job_session(firm.organisation_id) as session:
        found = session.scalars(select(Message).where(Message.kind == "refund_news").order_by(Message.id)).all()
        assert {each.to_address for each in found} <= {"rita@maple.example", "reception@maple.example"}
        return [f"{each.subject}\n{read_mail(session, each.id).text}" for each in found]


def give_back(till: Till, firm: Firm, payment_id: int, **wish: str) -> None:
    form = {"amount": "50", "way": "stripe", "reason": "too dear", "then": "credit", "form_id": "r"} | wish
    page, office = f"/payments/{payment_id}", sign_in(till.browser(), firm, "manager")
    for _ in range(2):  # a double tap
        answer = post(office, f"{page}/refunds", dict(form), page=page)
        assert answer.status_code == 303, answer.text


def test_a_refund_to_the_card_is_told_once_stripe_has_taken_it(till: Till, firm: Firm, paid: tuple[int, int]) -> None:
    give_back(till, firm, paid[0])
    assert told(firm) == []  # Stripe may still refuse it
    till.work(firm)
    till.work(firm)
    [mail] = told(firm)
    assert (
        "gives £50.00 back to you" in mail
        and "is giving £50.00 back to your card" in mail
        and "Still to pay" not in mail
    )


def test_what_is_to_pay_again_is_said_with_it_in_the_customers_language(
    till: Till, firm: Firm, paid: tuple[int, int]
) -> None:
    with job_session(firm.organisation_id) as session:
        session.get_one(Customer, firm.customer_id).language = "de"
    give_back(till, firm, paid[0], way="cash", then="ask")
    [mail] = told(firm)
    assert "bar zurückgegeben" in mail and "Noch zu zahlen: 50,00" in mail and "/p/" in mail


def test_what_stripe_refuses_is_not_told(till: Till, firm: Firm, paid: tuple[int, int]) -> None:
    till.events("drop")
    till.stand_in.control(f"charges/{charge_of(till, firm)}/refunds", amount=WHOLE)
    plan(firm, paid[0], 5000)
    till.work(firm)
    assert told(firm) == []


def test_who_is_asked_again_hears_of_it_when_a_person_has_decided(
    till: Till, firm: Firm, paid: tuple[int, int]
) -> None:
    till.stand_in.control(f"charges/{charge_of(till, firm)}/refunds", amount=5000)
    till.work(firm)
    [mail] = told(firm)
    assert "Still to pay" not in mail
    office, page = sign_in(till.browser(), firm, "manager"), f"/invoices/{paid[1]}"
    for _ in range(2):
        assert post(office, f"{page}/money-back", {"then": "ask"}, page=page).status_code == 303
    [_, mail] = told(firm)
    assert "is to be paid again" in mail and "£50.00 of what was paid went back to you" in mail and "/p/" in mail


def test_what_a_credit_note_left_goes_back_in_words_too(till: Till, firm: Firm, paid: tuple[int, int]) -> None:
    with job_session(firm.organisation_id) as session:
        note_id = make_credit_note(session, firm, get_invoice(session, paid[1]), keep=True).id
    with job_session(firm.organisation_id) as session:
        refund_credit_note(
            session, note_id, Money(1000, "GBP"), way="cash", reason="x", by=firm.people["manager"], form_id="c"
        )
    [mail] = told(firm)
    assert "has given you £10.00 back in cash" in mail


def test_a_deposit_that_goes_back_is_told_to_the_address_on_file(till: Till, firm: Firm) -> None:
    with job_session(firm.organisation_id) as session:
        job_id = make_work_order(session, firm).id
    give_back(till, firm, take(firm, job_id, 10000), way="bank_transfer")
    [mail] = told(firm)
    assert "has given you £50.00 back by bank transfer" in mail and "/p/" not in mail


WAYS = {
    "stripe": "Given back to the card", "cash": "Given back in cash", "dispute": "Your bank took the payment back",
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_the_invoices_page_says_which_way_it_went_back(till: Till, firm: Firm, paid: tuple[int, int], way: str) -> None:
    if way == "dispute":
        lose_dispute(till, firm, paid[1])
    else:
        give_back(till, firm, paid[0], way=way, then="ask")
        till.work(firm)
    shown = page_of(till, firm, paid[1])
    assert [words for words in WAYS.values() if words in shown] == [WAYS[way]]


@pytest.mark.parametrize(
    ("then", "title", "told_last"),
    [
        ("credit", "Your bank took the payment back", "Your bank took £185.80 of what was paid back"),
        ("ask", "Your payment went back to you", "£185.80 of what was paid went back to you"),
    ],
)
def test_the_bank_took_it_where_a_credit_note_stands_for_what_the_firm_gave_back(
    till: Till, firm: Firm, paid: tuple[int, int], then: str, title: str, told_last: str
) -> None:
    give_back(till, firm, paid[0], then=then)
    till.work(firm)
    lose_dispute(till, firm, paid[1])
    assert title in page_of(till, firm, paid[1]) and told_last in told(firm)[-1]


def lose_dispute(till: Till, firm: Firm, invoice_id: int) -> None:
    """And the firm asks for it again."""
    opened = till.stand_in.control(f"charges/{charge_of(till, firm)}/dispute")
    till.work(firm)
    till.stand_in.control(f"disputes/{opened['id']}/close", outcome="lost")
    till.work(firm)
    office, page = sign_in(till.browser(), firm, "manager"), f"/invoices/{invoice_id}"
    assert post(office, f"{page}/money-back", {"then": "ask"}, page=page).status_code == 303


def page_of(till: Till, firm: Firm, invoice_id: int) -> str:
    with job_session(firm.organisation_id) as session:
        path = pay_address(session, get_invoice(session, invoice_id))
    return till.get(path).text

"""What the firm hears of by mail, once: a dispute with its deadline, a refund that did not arrive, refused autopay."""

import pytest
from sqlalchemy import select, update

from portal.messages.actions import read_mail
from portal.messages.models import Message
from portal.payments.refunds.models import Refund
from portal.people.models import Person
from portal.shared.running import job_session
from tests.builders import Firm, sign_in
from tests.paying import Till
from tests.portal.payments.test_autopay import DECLINED, by_day, due_invoice
from tests.portal.payments.test_refunding import at_stripe, charge_of, give_back, make_due
from tests.portal.payments.test_refunding import paid as payment
from tests.portal.payments.test_saving_cards import cards

__all__ = ["by_day", "payment"]


def told(firm: Firm) -> dict[str, str]:
    """By who gets it: the words of the only one."""
    with job_session(firm.organisation_id) as session:
        news = session.scalars(select(Message).where(Message.kind == "staff_news")).all()
        words = {each.to_address: f"{each.subject}\n{read_mail(session, each.id).text}" for each in news}
    assert len(words) == len(news)
    return words


def emails(firm: Firm, *roles: str) -> set[str]:
    return {firm.emails[role] for role in roles}


def test_a_dispute_reaches_who_may_refund_with_its_deadline_once(
    till: Till, firm: Firm, payment: tuple[int, int]
) -> None:
    till.stand_in.control(f"charges/{charge_of(till, firm)}/dispute")
    for _ in range(2):
        till.work(firm)
    news = told(firm)
    assert news.keys() == emails(firm, "administrator", "manager")
    for words in news.values():
        assert "£235.80" in words and "Answer the bank by " in words and f"/payments/{payment[0]}" in words
    page = sign_in(till.browser(), firm, "field_agent").get(f"/invoices/{payment[1]}").text
    assert "bank looks into a payment" in page and "Answer by" in page


def test_an_inquiry_is_told_and_again_when_it_becomes_a_dispute(
    till: Till, firm: Firm, payment: tuple[int, int]
) -> None:
    with job_session(firm.organisation_id) as session:
        session.execute(update(Person).where(Person.role == "administrator").values(is_active=False))
    opened = till.stand_in.control(f"charges/{charge_of(till, firm)}/dispute", status="warning_needs_response")
    till.work(firm)
    assert "asks about £235.80" in told(firm)[firm.emails["manager"]]
    till.stand_in.control(f"disputes/{opened['id']}/escalate")
    till.work(firm)
    with job_session(firm.organisation_id) as session:
        stages = session.scalars(select(Message.once).where(Message.kind == "staff_news").order_by(Message.id)).all()
    assert [each.split(":")[2] for each in stages] == ["inquiry", "opened"]


@pytest.mark.parametrize("is_gone", [False, True])
def test_a_refund_that_fails_late_reaches_who_gave_it_and_stands_on_the_invoice(
    till: Till, firm: Firm, payment: tuple[int, int], is_gone: bool
) -> None:
    give_back(firm, payment[0], 5000)
    till.work(firm)
    if is_gone:
        with job_session(firm.organisation_id) as session:
            session.execute(update(Person).where(Person.role == "manager").values(is_active=False))
    assert told(firm) == {}
    till.stand_in.control(f"refunds/{at_stripe(till, firm)[0].id}/settle", outcome="failed")
    for _ in range(2):
        make_due(firm)
        till.work(firm)
    news = told(firm)
    assert news.keys() == emails(firm, "administrator" if is_gone else "manager")
    assert "£50.00 did not reach the customer" in next(iter(news.values()))
    client = sign_in(till.browser(), firm, "administrator")
    assert "£50.00 did not reach the customer" in client.get(f"/invoices/{payment[1]}").text
    give_back(firm, payment[0], 5000, way="bank_transfer")
    assert "did not reach the customer</" not in client.get(f"/invoices/{payment[1]}").text


def test_a_refund_that_the_bank_reversed_by_itself_is_no_news(till: Till, firm: Firm, payment: tuple[int, int]) -> None:
    opened = till.stand_in.control(f"charges/{charge_of(till, firm)}/dispute")
    till.work(firm)
    till.stand_in.control(f"disputes/{opened['id']}/close", outcome="won")
    till.work(firm)
    with job_session(firm.organisation_id) as session:
        assert session.scalars(select(Refund.state)).all() == ["failed"]
    assert not any("did not reach" in words for words in told(firm).values())


def test_refused_autopay_reaches_the_office_and_stands_on_the_invoice_until_it_is_paid(till: Till, firm: Firm) -> None:
    invoice_id, path = due_invoice(till, firm)
    till.stand_in.control(f"payment_methods/{cards(firm)[0].payment_method_id}/bank", number=DECLINED)
    for _ in range(2):
        till.work(firm)
    news = told(firm)
    assert news.keys() == emails(firm, "administrator", "manager")
    assert all("tried again in three days" in words and "been written to" in words for words in news.values())
    client = sign_in(till.browser(), firm, "field_agent")
    assert "Automatic payment was refused" in client.get(f"/invoices/{invoice_id}").text
    till.pay(path)
    till.work(firm)
    assert "Automatic payment was refused" not in client.get(f"/invoices/{invoice_id}").text

"""Money that was to go back and was returned by the bank later: whoever was told that it comes is told that it does
not, by message and on every page that showed it."""

import re

import pytest
from sqlalchemy import select

from portal.customers.models import Customer
from portal.messages.actions import read_mail
from portal.messages.models import Message
from portal.payments.models import Payment
from portal.shared import formats, phrases
from portal.shared.money import Money
from portal.shared.running import job_session
from tests.builders import Firm
from tests.paying import Till
from tests.portal.pay_page.test_together import Joint, three
from tests.portal.payments.test_deposit_links import Asked, asked
from tests.portal.payments.test_refunding import at_stripe, give_back

__all__ = ["asked", "three"]


def payment_of(firm: Firm) -> int:
    with job_session(firm.organisation_id) as session:
        return session.scalars(select(Payment.id)).one()


def missed(till: Till, firm: Firm, minor: int) -> int:
    """The payment of which so much goes back, is told to, and does not arrive."""
    payment_id = payment_of(firm)
    give_back(firm, payment_id, minor)
    till.work(firm)
    till.stand_in.control(f"refunds/{at_stripe(till, firm)[0].id}/settle", outcome="failed")
    for _ in range(2):
        till.work(firm)
    return payment_id


def plain(text: str) -> str:
    """Without the marks that keep directions apart."""
    return re.sub("[\u2066-\u2069]", "", text)


def mails(firm: Firm) -> list[str]:
    with job_session(firm.organisation_id) as session:
        found = session.scalars(select(Message).where(Message.kind == "refund_news").order_by(Message.id)).all()
        return [f"{each.subject}\n{read_mail(session, each.id).text}" for each in found]


@pytest.mark.parametrize("code", phrases.LANGUAGES)
def test_the_payer_of_an_invoice_is_told_once_in_their_language(till: Till, firm: Firm, code: str) -> None:
    till.connect(firm)
    _, path = till.invoice(firm)
    till.pay(path)
    till.work(firm)
    with job_session(firm.organisation_id) as session:
        session.get_one(Customer, firm.customer_id).language = code
    missed(till, firm, 5000)
    [_going, mail] = mails(firm)
    own = phrases.LANGUAGES[code]
    facts = {"firm": "Northgate Heating", "amount": formats.money(Money(5000, "GBP"), own.locale("en_GB", "GB"))}
    assert plain(mail).startswith(plain(own.text("mail_not_reached", **facts)))
    assert plain(own.text("not_reached_note", **facts)) in plain(mail) and "/p/" in mail
    assert str(own.say("not_reached")) in till.get(path).text


def test_who_paid_several_together_reads_it_on_the_page_of_all_of_them(till: Till, firm: Firm, three: Joint) -> None:
    till.pay(three.path)
    till.work(firm)
    assert "did not reach you" not in till.get(three.path).text
    missed(till, firm, 30000)
    page = till.get(three.path).text
    assert "A refund did not reach you" in page and "£300.00</bdi> could not be paid out to you" in page
    give_back(firm, payment_of(firm), 30000, way="cash")
    assert "did not reach you" not in till.get(three.path).text


def test_who_paid_a_deposit_reads_it_on_the_deposits_page(till: Till, firm: Firm, asked: Asked) -> None:
    till.pay(asked.path)
    till.work(firm)
    missed(till, firm, 4000)
    assert "Your refund from Northgate Heating did not reach you" in mails(firm)[-1] and "/d/" in mails(firm)[-1]
    page = till.get(asked.path).text
    assert "A refund did not reach you" in page and "£40.00</bdi> could not be paid out to you" in page
    give_back(firm, payment_of(firm), 4000, way="cash")
    assert "did not reach you" not in till.get(asked.path).text

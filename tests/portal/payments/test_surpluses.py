"""Money beyond what was due waits where staff look, until it is put somewhere, given back, or left as credit."""

import pytest
from sqlalchemy import select

from portal.messages.models import Message
from portal.payments.models import Payment
from portal.shared.running import job_session
from tests.builders import Firm, post, sign_in
from tests.paying import Till, take_cash
from tests.portal.payments.test_recording import record
from tests.portal.payments.test_refunding import give_back

PLACES = ("/board", "/payments/disputes")


def waits(till: Till, firm: Firm) -> list[bool]:
    client = sign_in(till.browser(), firm, "manager")
    return ["More came than was due" in client.get(place).text for place in PLACES]


def mails(firm: Firm) -> set[str]:
    with job_session(firm.organisation_id) as session:
        return set(session.scalars(select(Message.subject).where(Message.once.startswith("surplus:"))))


def paid_beyond(till: Till, firm: Firm) -> tuple[int, int]:
    """(payment by card, invoice): somebody had taken 100.00 in cash while the card page was open."""
    till.connect(firm)
    invoice_id, path = till.invoice(firm)
    session_id, _ = till.begin(path)
    take_cash(firm, invoice_id, 10000)
    till.at_stripe(session_id, "pay", card="4242424242424242")
    till.work(firm)
    with job_session(firm.organisation_id) as session:
        return session.scalars(select(Payment.id).where(Payment.provider == "stripe")).one(), invoice_id


def test_a_surplus_by_card_is_a_task_and_a_mail(till: Till, firm: Firm) -> None:
    payment_id, _ = paid_beyond(till, firm)
    assert waits(till, firm) == [True, True] and mails(firm) == {"£100.00 more came than was due"}
    client = sign_in(till.browser(), firm, "manager")
    assert "came beyond what was due" in client.get(f"/payments/{payment_id}").text
    for _ in range(2):
        assert post(client, f"/payments/{payment_id}/surplus/keeping", {}).status_code == 303
    assert waits(till, firm) == [False, False]
    page = client.get(f"/payments/{payment_id}").text
    assert "stays the customer&#39;s credit" in page and "came beyond what was due. Put" not in page


def test_it_waits_no_more_once_it_has_gone_back(till: Till, firm: Firm) -> None:
    payment_id, _ = paid_beyond(till, firm)
    give_back(firm, payment_id, 9999)
    assert waits(till, firm) == [True, True]
    give_back(firm, payment_id, 1)
    assert waits(till, firm) == [False, False]


@pytest.mark.parametrize(("invoices", "waiting"), [(1, True), (0, False)])
def test_what_is_recorded_beyond_an_invoice_waits_and_money_on_account_does_not(
    till: Till, firm: Firm, invoices: int, waiting: bool
) -> None:
    record(firm, [till.invoice(firm)[0] for _ in range(invoices)], 30000)
    assert waits(till, firm) == [waiting, waiting] and mails(firm) == set()

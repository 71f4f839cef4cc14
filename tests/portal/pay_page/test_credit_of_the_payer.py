"""Money of an invoice that became the payer's credit: the receipt stays on its page, and the page says where it is."""

import pytest
from sqlalchemy import select

from portal.invoices.queries import get_invoice
from portal.payments.models import Payment
from portal.shared.running import job_session
from tests.builders import Firm, make_credit_note
from tests.paying import Till
from tests.portal.pay_page.test_whole_receipts import said
from tests.portal.payments.test_after_refunds import give_back
from tests.portal.payments.test_recording import WHOLE, record
from tests.portal.payments.test_refunding import at_stripe, charge_of


@pytest.fixture
def paid_by_card(till: Till, firm: Firm) -> tuple[int, int, str]:
    """The payment, the invoice of 235.80 that it paid whole, and the path of its link."""
    till.connect(firm)
    invoice_id, path = till.invoice(firm)
    till.pay(path)
    till.work(firm)
    with job_session(firm.organisation_id) as session:
        return session.scalars(select(Payment.id)).one(), invoice_id, path


def credit(firm: Firm, invoice_id: int, *, keep: bool = False) -> None:
    with job_session(firm.organisation_id) as session:
        make_credit_note(session, firm, get_invoice(session, invoice_id), keep=keep)


def assert_kept(till: Till, path: str, payment_id: int) -> None:
    assert said(till, path)["Kept for you"] == "£235.80"
    for address in (f"{path}/receipts/{payment_id}", f"{path}/receipts/{payment_id}.pdf"):
        assert till.get(address).status_code == 200 and address in till.get(path).text


def test_a_refund_that_failed_after_its_credit_note(
    till: Till, firm: Firm, paid_by_card: tuple[int, int, str]
) -> None:  # fmt: skip
    payment_id, _, path = paid_by_card
    give_back(till, firm, payment_id, "235.80", "credit")
    till.work(firm)
    till.stand_in.control(f"refunds/{at_stripe(till, firm)[0].id}/settle", outcome="failed")
    till.work(firm)
    assert "Nothing to pay" in till.get(path).text and "did not reach" in till.get(path).text
    assert_kept(till, path, payment_id)


def test_a_dispute_that_was_won_after_the_invoice_was_credited(
    till: Till, firm: Firm, paid_by_card: tuple[int, int, str]
) -> None:
    payment_id, invoice_id, path = paid_by_card
    opened = till.stand_in.control(f"charges/{charge_of(till, firm)}/dispute")
    till.work(firm)
    credit(firm, invoice_id)
    till.stand_in.control(f"disputes/{opened['id']}/close", outcome="won")
    till.work(firm)
    assert_kept(till, path, payment_id)


def test_a_credit_note_that_is_kept(till: Till, firm: Firm) -> None:
    invoice_id, path = till.invoice(firm)
    made = record(firm, [invoice_id], WHOLE)
    credit(firm, invoice_id, keep=True)
    assert_kept(till, path, made.payment_id)


def test_where_something_is_to_pay_the_page_says_what_credit_could_pay_it(till: Till, firm: Firm) -> None:
    invoice_id, path = till.invoice(firm)
    with job_session(firm.organisation_id) as session:
        make_credit_note(session, firm, get_invoice(session, invoice_id), share="0.5", keep=True)
    shown = till.get(path).text
    assert "You have" in shown and "£117.90</bdi> of credit with" in shown and "235.80" in shown

"""One open Session per invoice, whoever taps Pay, however often, whatever breaks."""

import pytest
from sqlalchemy import update

from portal.payments.actions import start_attempt
from portal.payments.credits import unused_credit
from portal.payments.models import PaymentAttempt
from portal.payments.queries import balance_of
from portal.payments.rules import CannotPay, NothingToPay
from portal.shared.running import job_session
from tests.builders import Firm
from tests.paying import Till, at_once, paid_once, take_cash


@pytest.fixture
def path(till: Till, firm: Firm) -> str:
    till.connect(firm)
    return till.invoice(firm)[1]


@pytest.mark.failure_mode(1)
def test_eight_taps_at_once_make_one_session(till: Till, firm: Firm, path: str) -> None:
    form = till.pay_form(path)
    answers = at_once(*(lambda: till.send_pay(path, form) for _ in range(8)))
    assert [answer.status_code for answer in answers] == [303] * 8
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert len(till.made_sessions(firm)) == len(till.attempts(firm)) == 1


@pytest.mark.failure_mode(1)
def test_a_tap_after_a_payment_nobody_told_us_of_shows_the_receipt(till: Till, firm: Firm, path: str) -> None:
    till.events("drop")
    till.pay(path)
    answer = till.tap_pay(path)
    assert (answer.status_code, answer.headers["Location"]) == (303, path)
    assert len(till.made_sessions(firm)) == 1
    assert paid_once(till.books(firm))


@pytest.mark.failure_mode(9)
@pytest.mark.failure_mode(27)
def test_a_changed_amount_closes_the_old_session_at_stripe_first(till: Till, firm: Firm, path: str) -> None:
    """And is asked for under a key of its own: Stripe refuses a known key with other parameters."""
    till.begin(path)
    take_cash(firm, till.attempts(firm)[0].invoice_id or 0, 10000)
    till.begin(path)
    assert [(made.status, made.amount_total) for made in till.made_sessions(firm)] == [
        ("open", 13580), ("expired", 23580)]  # fmt: skip
    assert [(attempt.state, attempt.amount_minor) for attempt in till.attempts(firm)] == [
        ("expired", 23580), ("open", 13580)]  # fmt: skip
    assert len({attempt.public_id for attempt in till.attempts(firm)}) == 2


@pytest.mark.failure_mode(9)
def test_what_stripe_would_not_close_and_is_paid_all_the_same_is_booked_as_it_came(
    till: Till, firm: Firm, path: str
) -> None:
    session_id, _ = till.begin(path)
    invoice_id = till.attempts(firm)[0].invoice_id or 0
    take_cash(firm, invoice_id, 10000)
    till.fault("error_500", "expire")
    assert till.tap_pay(path).status_code == 503  # no second page while the first may still be paid
    assert len(till.made_sessions(firm)) == 1
    till.at_stripe(session_id, "pay", card="4242424242424242")
    till.no_faults()
    till.work(firm)
    with job_session(firm.organisation_id) as session:
        [credit] = unused_credit(session, firm.customer_id, "GBP")
        assert (credit.amount_minor, credit.unused_minor) == (23580, 10000)
        assert balance_of(session, invoice_id).minor == 0


@pytest.mark.failure_mode(15)
def test_a_session_paid_before_it_could_be_closed_is_booked(till: Till, firm: Firm, path: str) -> None:
    till.events("drop")
    till.pay(path)
    with job_session(firm.organisation_id) as session:
        session.execute(update(PaymentAttempt).values(invoice_revision=7))
    assert till.tap_pay(path).headers["Location"] == path
    assert paid_once(till.books(firm))


@pytest.mark.parametrize("fault", ["cut_after", "reset", "error_500"])
@pytest.mark.failure_mode(26)
def test_a_lost_answer_leads_to_the_same_session(till: Till, firm: Firm, path: str, fault: str) -> None:
    till.fault(fault, "checkout/sessions")
    assert till.tap_pay(path).status_code == 503
    till.no_faults()
    till.begin(path)
    assert len(till.made_sessions(firm)) == len(till.attempts(firm)) == 1


@pytest.mark.failure_mode(27)
def test_a_failure_that_stripe_keeps_under_the_key_is_left_behind(till: Till, firm: Firm, path: str) -> None:
    till.fault("error_500", "checkout/sessions", times=1, stored=True)
    till.begin(path)
    assert [attempt.state for attempt in till.attempts(firm)] == ["failed", "open"]


@pytest.mark.failure_mode(15)
def test_a_session_at_its_end_is_replaced(till: Till, firm: Firm, path: str) -> None:
    session_id, _ = till.begin(path)
    till.at_stripe(session_id, "expire")
    again, _ = till.begin(path)
    assert again != session_id
    assert [attempt.state for attempt in till.attempts(firm)] == ["expired", "open"]


def test_a_paid_invoice_has_nothing_to_pay(till: Till, firm: Firm, path: str) -> None:
    till.pay(path)
    till.work(firm)
    with pytest.raises(NothingToPay):
        start_attempt(firm.organisation_id, till.attempts(firm)[0].invoice_id)
    assert len(till.made_sessions(firm)) == 1


def test_without_an_account_the_customer_is_told_what_to_do(till: Till, firm: Firm) -> None:
    invoice_id, path = till.invoice(firm)
    with pytest.raises(CannotPay, match="ask the firm"):
        start_attempt(firm.organisation_id, invoice_id)
    page = till.get(path).text
    assert "cards are not taken here yet" in page and "/attempts" not in page


def test_stripe_learns_ids_only(till: Till, firm: Firm, path: str) -> None:
    till.begin(path)
    made = till.made_sessions(firm)[0].to_dict()
    assert set(made["metadata"]) == {"app", "env", "tenant", "invoice", "attempt"}
    assert path.rpartition("/")[2] not in str(made)  # the link's secret stays with us
    assert made["success_url"].startswith(f"{till.url}/r/")

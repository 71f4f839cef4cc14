"""However Stripe's news comes, twice, backwards, or not at all: one payment, one receipt, one row for the books."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import permutations

import pytest
from sqlalchemy import select, update

from portal.gateways.stripe_gateway import Checkout, Receipt
from portal.organisations.models import AuditEntry
from portal.payments.actions import look_at_attempt, offer_debit, settle
from portal.payments.actions.settlement import ForeignCheckout
from portal.payments.models import Allocation, Payment, PaymentAttempt
from portal.payments.queries import balance_of
from portal.shared import clock
from portal.shared.money import Money
from portal.shared.running import job_session
from tests.builders import Firm
from tests.paying import Till, at_once, paid_once, take_cash
from workers import payment_jobs


@pytest.fixture
def path(till: Till, firm: Firm) -> Iterator[str]:
    till.connect(firm)
    yield till.invoice(firm)[1]


@pytest.fixture
def bank_debits(till: Till, firm: Firm, path: str) -> None:
    """The firm of `path` takes them. The trial Session has been heard of."""
    offer_debit(firm.organisation_id)
    till.stand_in.idle()


def test_a_paid_session_becomes_one_payment(till: Till, firm: Firm, path: str) -> None:
    till.pay(path)
    till.work(firm)
    assert paid_once(till.books(firm))
    assert till.attempts(firm)[0].state == "paid"
    assert "R-00001" in till.get(path).text


@pytest.mark.failure_mode(4)
def test_events_delivered_twice_and_at_once_book_one_payment(till: Till, firm: Firm, path: str) -> None:
    till.events("twice_at_once")
    till.pay(path)
    till.work(firm)
    for _ in range(2):
        till.work(firm)
    books = till.books(firm)
    assert paid_once(books)
    assert books.events == 1  # the second copy left no second row


@pytest.mark.usefixtures("bank_debits")
@pytest.mark.failure_mode(5)
def test_events_in_reverse_order_book_one_payment(till: Till, firm: Firm, path: str) -> None:
    before = till.books(firm).events
    till.events("hold")
    session_id, _ = till.begin(path)
    till.at_stripe(session_id, "pay", card="bank")
    till.at_stripe(session_id, "bank", succeeded=True)
    till.stand_in.control("deliveries/release", order="reverse")
    till.work(firm)
    assert till.books(firm).events == before + 2
    assert paid_once(till.books(firm))


@pytest.mark.failure_mode(2)
def test_webhook_return_page_and_sweeper_together_book_one_payment(till: Till, firm: Firm, path: str) -> None:
    _, answer = till.pay(path)
    till.stand_in.idle()
    attempt = till.attempts(firm)[0]
    at_once(
        *(lambda: payment_jobs.look(firm.organisation_id) for _ in range(2)),
        *(lambda: till.come_back(firm, answer.cookies) for _ in range(3)),
        *(lambda: look_at_attempt(firm.organisation_id, attempt.id) for _ in range(3)),
    )
    assert paid_once(till.books(firm))


@pytest.mark.failure_mode(6)
def test_with_all_events_lost_the_return_page_books_the_payment(till: Till, firm: Firm, path: str) -> None:
    till.events("drop")
    _, answer = till.pay(path)
    back = till.come_back(firm, answer.cookies)
    assert (back.status_code, back.headers["Location"]) == (303, path)
    assert till.books(firm).events == 0
    assert paid_once(till.books(firm))


@pytest.mark.failure_mode(6)
def test_with_all_events_lost_and_nobody_back_the_sweeper_books_the_payment(till: Till, firm: Firm, path: str) -> None:
    till.events("drop")
    till.pay(path)
    till.work(firm)
    assert till.books(firm).payments == 0  # not due yet: the event had its minute
    _make_due(firm)
    till.work(firm)
    assert paid_once(till.books(firm))


@pytest.mark.usefixtures("bank_debits")
@pytest.mark.failure_mode(14)
def test_a_bank_debit_under_way_blocks_a_second_payment_until_it_arrives(till: Till, firm: Firm, path: str) -> None:
    session_id, _ = till.begin(path)
    till.at_stripe(session_id, "pay", card="bank")
    till.work(firm)
    page = till.get(path).text
    assert "Payment under way" in page and "/attempts" not in page
    till.at_stripe(session_id, "bank", succeeded=True)
    till.work(firm)
    assert paid_once(till.books(firm))


@pytest.mark.usefixtures("bank_debits")
@pytest.mark.failure_mode(14)
def test_a_refused_bank_debit_lets_the_customer_pay_again(till: Till, firm: Firm, path: str) -> None:
    session_id, _ = till.begin(path)
    till.at_stripe(session_id, "pay", card="bank")
    till.work(firm)
    till.at_stripe(session_id, "bank", succeeded=False)
    till.work(firm)
    assert till.attempts(firm)[0].state == "failed"
    till.pay(path)
    till.work(firm)
    assert paid_once(till.books(firm))


@pytest.mark.failure_mode(9)
def test_money_beyond_what_is_due_is_kept_as_credit(till: Till, firm: Firm, path: str) -> None:
    till.pay(path)
    invoice_id = till.attempts(firm)[0].invoice_id
    take_cash(firm, invoice_id, 10000)
    till.work(firm)
    with job_session(firm.organisation_id) as session:
        assert balance_of(session, invoice_id) == Money(0, "GBP")
        card = session.scalars(select(Payment).where(Payment.provider == "stripe")).one()
        used = session.scalars(select(Allocation).where(Allocation.payment_id == card.id)).one()
        assert (card.amount_minor, used.amount_minor) == (23580, 13580)
        said = session.scalars(select(AuditEntry.words).where(AuditEntry.action == "surplus received")).all()
        assert all("£100.00" in words for words in said) and len(said) == 2  # on the payment and on the invoice


@pytest.mark.failure_mode(9)
def test_money_in_another_currency_is_kept_but_not_put_to_the_invoice(till: Till, firm: Firm, path: str) -> None:
    till.begin(path)
    attempt = till.attempts(firm)[0]
    with job_session(firm.organisation_id) as session:
        assert settle(session, attempt.id, _seen(attempt, "paid", amount=Money(100, "VND"))) == "paid"
    with job_session(firm.organisation_id) as session:
        assert balance_of(session, attempt.invoice_id) == Money(23580, "GBP")
        assert session.scalars(select(Payment)).one().amount == Money(100, "VND")
    assert till.books(firm).allocated == 0


@pytest.mark.failure_mode(28)
def test_a_session_of_another_attempt_settles_nothing(till: Till, firm: Firm, path: str) -> None:
    till.begin(path)
    mine = till.attempts(firm)[0]
    till.begin(till.invoice(firm)[1])
    other = till.attempts(firm)[1]
    for seen in (_seen(other, "paid"), _seen(mine, "paid", is_live=True)):
        with job_session(firm.organisation_id) as session, pytest.raises(ForeignCheckout):
            settle(session, mine.id, seen)
    assert till.books(firm).payments == 0


@pytest.mark.failure_mode(3)
def test_an_event_that_comes_before_we_know_the_session_finds_its_attempt(till: Till, firm: Firm) -> None:
    till.connect(firm)
    _, path = till.invoice(firm)
    till.fault("cut_after", "checkout/sessions")
    assert till.tap_pay(path).status_code == 503
    till.no_faults()
    assert till.attempts(firm)[0].session_id is None
    till.at_stripe(till.made_sessions(firm)[0].id, "pay", card="4242424242424242")
    till.work(firm)
    assert paid_once(till.books(firm))


@pytest.mark.parametrize("order", list(permutations(["open", "processing", "paid", "expired"])))
@pytest.mark.failure_mode(5)
def test_every_order_of_what_was_seen_ends_paid_once(till: Till, firm: Firm, path: str, order: tuple[str, ...]) -> None:
    """What was fetched first may be recorded last, by another worker."""
    till.begin(path)
    attempt = till.attempts(firm)[0]
    for state in order:
        with job_session(firm.organisation_id) as session:
            settle(session, attempt.id, _seen(attempt, state))
    assert paid_once(till.books(firm))
    assert till.attempts(firm)[0].state == "paid"


def test_an_attempt_that_stripe_never_heard_of_is_closed_when_its_time_is_over(
    till: Till, firm: Firm, path: str
) -> None:  # fmt: skip
    till.fault("reset", "sessions")
    assert till.tap_pay(path).status_code == 503
    assert till.attempts(firm)[0].state == "creating"
    with job_session(firm.organisation_id) as session:
        session.execute(update(PaymentAttempt).values(expires_at=clock.now() - timedelta(seconds=1)))
    _make_due(firm)
    till.work(firm)
    assert till.attempts(firm)[0].state == "expired"


def _make_due(firm: Firm) -> None:
    with job_session(firm.organisation_id) as session:
        session.execute(update(PaymentAttempt).values(look_at=clock.now() - timedelta(seconds=1)))


def _seen(
    attempt: PaymentAttempt, state: str, *, amount: Money | None = None, is_live: bool = False
) -> Checkout:  # fmt: skip
    receipt = Receipt(f"pi_{attempt.id}", amount or attempt.amount, "card", "Visa ending 4242", clock.now(), None)
    return Checkout(
        attempt.session_id or f"cs_{attempt.id}", state, "https://checkout.example/1", is_live,
        {"attempt": str(attempt.public_id)}, f"pi_{attempt.id}", receipt if state == "paid" else None,
    )  # fmt: skip

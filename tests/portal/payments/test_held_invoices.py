"""An invoice that the firm has to look at first is paid by nobody, whatever was open before."""

import pytest

from portal.invoices import holds
from portal.payments.actions import look_soon
from portal.shared.running import job_session
from tests.builders import Firm
from tests.paying import Till, paid_once


@pytest.fixture
def sent(till: Till, firm: Firm) -> tuple[int, str]:
    till.connect(firm)
    return till.invoice(firm)


def hold(firm: Firm, invoice_id: int) -> None:
    with job_session(firm.organisation_id) as session:
        holds.hold(session, firm.organisation_id, invoice_id, "It differs in the books.")
        look_soon(session, invoice_id)


def test_no_payment_begins_while_it_is_held(till: Till, firm: Firm, sent: tuple[int, str]) -> None:
    form = till.pay_form(sent[1])  # the page was open before
    hold(firm, sent[0])
    answer = till.send_pay(sent[1], form)
    page = till.get(sent[1])
    assert answer.status_code == 303 and answer.headers["Location"].endswith(sent[1])
    assert "This invoice is being checked" in page.text and "differs in the books" not in page.text
    assert till.made_sessions(firm) == []
    with job_session(firm.organisation_id) as session:
        holds.release(session, "agrees", sent[0])
    assert till.tap_pay(sent[1]).status_code == 303


def test_a_page_that_was_open_is_closed(till: Till, firm: Firm, sent: tuple[int, str]) -> None:
    till.begin(sent[1])
    hold(firm, sent[0])
    till.work(firm)
    assert [made.status for made in till.made_sessions(firm)] == ["expired"]
    assert [attempt.state for attempt in till.attempts(firm)] == ["expired"]


def test_money_that_was_faster_is_booked(till: Till, firm: Firm, sent: tuple[int, str]) -> None:
    till.events("drop")
    till.pay(sent[1])
    hold(firm, sent[0])
    till.work(firm)
    assert paid_once(till.books(firm))


def test_a_hold_stands_once_and_its_reason_is_the_latest(firm: Firm, till: Till) -> None:
    invoice_id, _ = till.invoice(firm)
    hold(firm, invoice_id)
    with job_session(firm.organisation_id) as session:
        holds.hold(session, firm.organisation_id, invoice_id, "It still differs.")
    with job_session(firm.organisation_id) as session:
        assert [each.why for each in session.query(holds.InvoiceHold)] == ["It still differs."]
        holds.release(session, "agrees")
        assert not holds.is_held(session, invoice_id)

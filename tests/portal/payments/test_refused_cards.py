"""A secret link is no place to try out stolen cards."""

from datetime import timedelta

import pytest

from portal.payments import queries, rules
from portal.payments.actions import start_attempt
from portal.payments.queries import PaidFor
from portal.payments.rules import TooManyDeclines
from portal.shared import clock
from portal.shared.running import job_session
from tests.builders import Firm, sign_in
from tests.paying import Till
from workers import payment_jobs

DECLINED = "4000000000000002"


def refuse(till: Till, session_id: str, times: int) -> None:
    for _ in range(times):
        till.stand_in.control(f"sessions/{session_id}/pay", card=DECLINED)


@pytest.mark.failure_mode(23)
def test_after_ten_refused_cards_the_page_is_closed_and_the_firm_is_told(till: Till, firm: Firm) -> None:
    till.connect(firm)
    invoice_id, path = till.invoice(firm)
    form = till.pay_form(path)
    session_id, _ = till.begin(path)
    refuse(till, session_id, rules.MOST_DECLINES - 1)
    till.work(firm)
    assert till.tap_pay(path).status_code == 303  # nine typing errors are no crime
    refuse(till, session_id, 1)
    till.work(firm)
    assert till.made_sessions(firm)[0].status == "expired"
    page = till.get(path).text  # which says so before anybody taps, and leads a page from before to the same words
    assert "Too many cards were refused" in page and "/attempts" not in page
    assert till.send_pay(path, form).headers["Location"] == path
    page = sign_in(till.browser(), firm, "manager").get(f"/invoices/{invoice_id}").text
    assert page.count("cards were refused: no card is taken for a day") == 1


def test_a_day_later_cards_are_taken_again_and_other_invoices_always(till: Till, firm: Firm) -> None:
    till.connect(firm)
    invoice_id, path = till.invoice(firm)
    session_id, _ = till.begin(path)
    refuse(till, session_id, rules.MOST_DECLINES + 1)
    till.work(firm)
    with pytest.raises(TooManyDeclines):
        start_attempt(firm.organisation_id, invoice_id)
    assert till.tap_pay(till.invoice(firm)[1]).status_code == 303
    with clock.at(clock.now() + timedelta(hours=25)), job_session(firm.organisation_id) as session:
        assert queries.refused_cards(session, PaidFor("invoice", invoice_id)) == 0


def test_a_card_that_works_after_some_that_did_not_pays(till: Till, firm: Firm) -> None:
    till.connect(firm)
    _, path = till.invoice(firm)
    session_id, _ = till.begin(path)
    refuse(till, session_id, 3)
    till.at_stripe(session_id, "pay", card="4242424242424242")
    till.work(firm)
    payment_jobs.look(firm.organisation_id)
    assert till.books(firm).payments == 1

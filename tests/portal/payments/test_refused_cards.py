"""A secret link is no place to try out stolen cards."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.messages.models import Message
from portal.payments import queries, rules
from portal.payments.actions import start_attempt
from portal.payments.queries import PaidFor
from portal.payments.rules import TooManyDeclines
from portal.shared import clock
from portal.shared.running import job_session
from tests.builders import Firm, post, sign_in
from tests.paying import Till
from tests.portal.pay_page.test_together import joint_path
from tests.portal.payments.test_deposit_links import ask
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


def locked(till: Till, firm: Firm) -> tuple[int, str]:
    till.connect(firm)
    invoice_id, path = till.invoice(firm)
    session_id, _ = till.begin(path)
    refuse(till, session_id, rules.MOST_DECLINES)
    till.work(firm)
    return invoice_id, path


def test_staff_see_it_hear_of_it_and_let_cards_be_taken_again(till: Till, firm: Firm) -> None:
    invoice_id, path = locked(till, firm)
    assert "Northgate Heating can open it again at once" in till.get(path).text
    release = f"/invoices/{invoice_id}/card-release"
    agent = sign_in(till.browser(), firm, "field_agent")
    shown = agent.get(f"/invoices/{invoice_id}").text
    assert "No card is taken for it today" in shown and "A manager can open it again" in shown and release not in shown
    assert post(agent, release, {}).status_code == 403
    office = sign_in(till.browser(), firm, "manager")
    assert release in office.get(f"/invoices/{invoice_id}").text
    for _ in range(2):  # the second tap changes nothing
        page = post(office, release, {}, follow_redirects=True).text
    assert "No card is taken" not in page and page.count("Cards are taken again, before the day was over") == 1
    with job_session(firm.organisation_id) as session:
        mails = session.scalars(select(Message).where(Message.kind == "staff_news")).all()
        assert {mail.to_address for mail in mails} == {firm.emails[role] for role in ("administrator", "manager")}
        assert {mail.subject for mail in mails} == {"Cards are closed for INV-00001"}
    session_id, _ = till.begin(path)
    till.at_stripe(session_id, "pay", card="4242424242424242")
    till.work(firm)
    assert till.books(firm).payments == 1


def test_ten_more_close_it_again_and_that_is_told_too(till: Till, firm: Firm) -> None:
    invoice_id, path = locked(till, firm)
    office = sign_in(till.browser(), firm, "manager")
    post(office, f"/invoices/{invoice_id}/card-release", {})
    session_id, _ = till.begin(path)
    refuse(till, session_id, rules.MOST_DECLINES - 1)
    till.work(firm)
    assert "/attempts" in till.get(path).text
    refuse(till, session_id, 1)
    till.work(firm)
    assert "/attempts" not in till.get(path).text
    page = office.get(f"/invoices/{invoice_id}").text
    assert page.count("cards were refused: no card is taken for a day") == 2


def test_a_deposit_takes_cards_again_as_well(till: Till, firm: Firm) -> None:
    till.connect(firm)
    asked = ask(firm)
    session_id, _ = till.begin(asked.path)
    refuse(till, session_id, rules.MOST_DECLINES)
    till.work(firm)
    office, page = sign_in(till.browser(), firm, "manager"), f"/work-orders/{asked.job_id}/deposit-requests"
    assert "No card is taken for it today" in office.get(page).text
    assert "can open it again at once" in till.tap_pay(asked.path).text
    answer = post(office, f"{page}/{asked.request_id}/card-release", {}, follow_redirects=True)
    assert "Cards are taken again" in answer.text and "No card is taken" not in answer.text
    assert till.tap_pay(asked.path).status_code == 303


def test_refused_on_a_page_of_several_counts_on_each_of_them(till: Till, firm: Firm) -> None:
    till.connect(firm)
    ids = [till.invoice(firm)[0] for _ in range(3)]
    session_id, _ = till.begin(joint_path(firm, ids[:2]))
    refuse(till, session_id, 3)
    till.work(firm)
    with job_session(firm.organisation_id) as session:
        assert [queries.refused_cards(session, PaidFor("invoice", each)) for each in ids] == [3, 3, 0]

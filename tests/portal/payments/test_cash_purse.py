"""Cash is held by who took it until somebody else has counted it."""

import re
import uuid

import pytest
from sqlalchemy import select

from portal.messages.actions import read_mail
from portal.messages.models import Message
from portal.payments.actions import plan_refund, reverse_payment
from portal.payments.cash.actions import count_hand_in, declare_hand_in
from portal.payments.cash.queries import purse_of
from portal.payments.models import Payment
from portal.payments.refunds.models import BOOKED
from portal.shared.money import Money
from portal.shared.running import job_session
from tests.builders import Firm, post, sign_in
from tests.paying import Till, at_once
from tests.portal.payments.test_recording import record


@pytest.fixture
def holder(till: Till, firm: Firm) -> int:
    """The technician, with 235.80 in cash; a cheque is no cash."""
    record(firm, [till.invoice(firm)[0]])
    record(firm, [till.invoice(firm)[0]], method="cheque", reference="1")
    return firm.people["field_agent"]


def held(firm: Firm, person_id: int) -> tuple[int, int]:
    with job_session(firm.organisation_id) as session:
        purse = purse_of(session, "GBP", person_id)
        return purse.held.minor, purse.on_its_way.minor


def hand_in(till: Till, firm: Firm, amount: str) -> int:
    client = sign_in(till.browser(), firm, "field_agent")
    return post(client, "/cash/hand-ins", {"amount": amount, "form_id": uuid.uuid4().hex}).status_code


def count(
    till: Till, firm: Firm, holder: int, counted: str, note: str = "", *, again: str = ""
) -> tuple[int, str]:  # fmt: skip
    client = sign_in(till.browser(), firm, "manager")
    page = client.get(f"/cash/{holder}").text
    path = re.findall(r'action="(/cash/hand-ins/\d+/count)"', page)[0]
    answer = post(client, path, {"counted": counted, "note": note, "again": again}, follow_redirects=True)
    return answer.status_code, answer.text


def test_what_is_handed_in_leaves_the_purse_when_it_is_counted(till: Till, firm: Firm, holder: int) -> None:
    assert held(firm, holder) == (23580, 0)
    assert hand_in(till, firm, "200") == 303
    assert held(firm, holder) == (23580, 20000)
    assert count(till, firm, holder, "200")[0] == 200
    assert held(firm, holder) == (3580, 0)


def test_who_counts_on_an_older_page_is_told_what_was_counted_before(till: Till, firm: Firm, holder: int) -> None:
    hand_in(till, firm, "200")
    stale = sign_in(till.browser(), firm, "administrator")
    (path,) = re.findall(r'action="(/cash/hand-ins/\d+/count)"', stale.get(f"/cash/{holder}").text)
    assert count(till, firm, holder, "198.50", "some coins are missing")[0] == 200
    late = post(stale, path, {"counted": "200", "note": ""}, page=f"/cash/{holder}")
    assert late.status_code == 422 and "Mo Manager has counted it already: 198.50 GBP" in late.text
    assert held(firm, holder) == (3730, 0)


def test_a_difference_needs_words_is_shown_and_stays_in_the_purse(till: Till, firm: Firm, holder: int) -> None:
    hand_in(till, firm, "235.80")
    status, page = count(till, firm, holder, "230.80")
    assert status == 422 and "Say why" in page
    status, page = count(till, firm, holder, "230.80", "a fiver is missing")
    assert "-£5.00" in page and "a fiver is missing" in page
    assert held(firm, holder) == (500, 0)


def test_a_count_above_what_was_declared_is_asked_for_again(till: Till, firm: Firm, holder: int) -> None:
    hand_in(till, firm, "30")
    status, page = count(till, firm, holder, "40", "a tenner more")
    assert status == 422 and "Counted again: it is 40 GBP" in page
    assert held(firm, holder) == (23580, 3000)
    assert count(till, firm, holder, "40", "a tenner more", again="1")[0] == 200
    assert held(firm, holder) == (19580, 0)


def test_no_count_takes_out_more_than_the_purse_holds(till: Till, firm: Firm, holder: int) -> None:
    hand_in(till, firm, "30")
    status, page = count(till, firm, holder, "99999", "typed", again="1")
    assert status == 422 and "The purse holds £235.80" in page
    assert held(firm, holder) == (23580, 3000)


def test_the_words_of_a_count_are_not_called_optional(till: Till, firm: Firm, holder: int) -> None:
    hand_in(till, firm, "30")
    page = sign_in(till.browser(), firm, "manager").get(f"/cash/{holder}").text
    assert "Needed only where the count differs" in page and "(optional)" not in page


def test_two_taps_hand_in_once(till: Till, firm: Firm, holder: int) -> None:
    def tap() -> int:
        with job_session(firm.organisation_id) as session:
            return declare_hand_in(session, holder, Money(1000, "GBP"), "", form_id="one form").id

    assert len(set(at_once(tap, tap, tap))) == 1
    assert held(firm, holder) == (23580, 1000)


def test_a_hand_in_sent_again_with_another_sum_is_no_second_tap(till: Till, firm: Firm, holder: int) -> None:
    client = sign_in(till.browser(), firm, "field_agent")
    assert post(client, "/cash/hand-ins", {"amount": "10", "form_id": "one"}).status_code == 303
    answer = post(client, "/cash/hand-ins", {"amount": "100", "form_id": "one"})
    assert answer.status_code == 422 and "This form was used already: £10.00 is declared" in answer.text
    assert held(firm, holder) == (23580, 1000)


def test_more_than_is_held_cannot_be_handed_in(till: Till, firm: Firm, holder: int) -> None:
    assert hand_in(till, firm, "235.81") == 422
    hand_in(till, firm, "200")
    assert hand_in(till, firm, "36") == 422
    assert held(firm, holder) == (23580, 20000)


def test_nobody_counts_their_own_and_technicians_count_nobodys(till: Till, firm: Firm, holder: int) -> None:
    hand_in(till, firm, "10")
    client = sign_in(till.browser(), firm, "field_agent")
    assert "/count" not in client.get(f"/cash/{holder}").text
    assert client.get(f"/cash/{firm.people['manager']}").status_code == 404
    assert post(client, "/cash/hand-ins/1/count", {"counted": "10"}).status_code == 403


def test_a_reversed_payment_leaves_the_purse(till: Till, firm: Firm, holder: int) -> None:
    made = record(firm, [], 1000)
    assert held(firm, holder)[0] == 24580
    with job_session(firm.organisation_id) as session:
        reverse_payment(session, made.payment_id, "typo", by=firm.people["manager"])
    assert held(firm, holder) == (Money(23580, "GBP").minor, 0)


def test_a_manager_sees_every_purse(till: Till, firm: Firm, holder: int) -> None:
    page = sign_in(till.browser(), firm, "manager").get("/cash").text
    assert "Dana Wells" in page and "£235.80" in page


def test_cash_that_was_counted_stays_counted_when_its_payment_is_reversed(till: Till, firm: Firm, holder: int) -> None:
    with job_session(firm.organisation_id) as session:
        payment_id = session.scalars(select(Payment.id).where(Payment.method == "cash")).one()
    hand_in(till, firm, "100")
    count(till, firm, holder, "100")
    hand_in(till, firm, "35.80")
    with job_session(firm.organisation_id) as session:
        reverse_payment(session, payment_id, "another customer's", by=firm.people["manager"])
    assert held(firm, holder) == (-10000, 3580)
    count(till, firm, holder, "35.80")  # what was declared is counted as it was declared
    assert held(firm, holder) == (-13580, 0)
    office = sign_in(till.browser(), firm, "manager")
    assert (
        "more was handed in or given back than was taken: the firm owes Dana Wells £100.00"
        in office.get(f"/payments/{payment_id}").text
    )
    assert "The firm owes Dana Wells" in office.get(f"/cash/{holder}").text
    record(firm, [till.invoice(firm)[0]])  # the same cash, where it belongs
    assert held(firm, holder) == (10000, 0)


@pytest.mark.parametrize(("back", "left"), [(5000, 18580), (23580, 0)])
def test_cash_that_is_given_back_leaves_the_purse_of_who_gives_it(
    till: Till, firm: Firm, holder: int, back: int, left: int
) -> None:
    with job_session(firm.organisation_id) as session:
        payment_id = session.scalars(select(Payment.id).where(Payment.method == "cheque")).one()
        plan_refund(session, payment_id, Money(back, "GBP"), way="cash", reason="too dear", by=holder, form_id=None)
    assert held(firm, holder) == (left, 0)


def give(firm: Firm, holder: int, back: int) -> None:
    with job_session(firm.organisation_id) as session:
        payment_id = session.scalars(select(Payment.id).where(Payment.method == "cheque")).one()
        plan_refund(session, payment_id, Money(back, "GBP"), way="cash", reason="too dear", by=holder, form_id=None)


def test_who_gives_back_more_than_the_purse_holds_has_it_from_the_firm(till: Till, firm: Firm, holder: int) -> None:
    hand_in(till, firm, "235.80")
    count(till, firm, holder, "235.80")
    give(firm, holder, 2000)
    assert held(firm, holder) == (-2000, 0)
    own = sign_in(till.browser(), firm, "field_agent")
    shown = own.get(f"/cash/{holder}").text
    assert "The firm owes you" in shown and "£20.00" in shown and "/repayments" not in shown
    assert hand_in(till, firm, "1") == 422
    office = sign_in(till.browser(), firm, "manager")
    assert "The firm owes Dana Wells" in office.get(f"/cash/{holder}").text
    assert "the firm owes it to Dana Wells" in office.get("/cash").text
    record(firm, [till.invoice(firm)[0]], 5000)  # the next cash that comes in
    assert held(firm, holder) == (3000, 0) and "The firm owes" not in own.get(f"/cash/{holder}").text
    assert hand_in(till, firm, "30") == 303 and hand_in(till, firm, "1") == 422


def test_what_was_laid_out_is_paid_back_out_of_the_till_once_and_by_another(till: Till, firm: Firm) -> None:
    record(firm, [till.invoice(firm)[0]], method="cheque", reference="1")
    give(firm, firm.people["manager"], 5000)  # who never took any cash
    page = f"/cash/{firm.people['manager']}"
    assert held(firm, firm.people["manager"]) == (-5000, 0)
    assert post(sign_in(till.browser(), firm, "manager"), f"{page}/repayments", {"owed": "50.00"}).status_code == 422
    office = sign_in(till.browser(), firm, "administrator")
    answer = post(office, f"{page}/repayments", {"owed": "49.00"})
    assert answer.status_code == 422 and "It is £50.00 now" in answer.text
    for _ in range(2):  # a double tap
        assert post(office, f"{page}/repayments", {"owed": "50.00"}).status_code == 303
    assert held(firm, firm.people["manager"]) == (0, 0)
    assert office.get(page).text.count("paid by ") == 1


def test_a_reversal_takes_no_cash_that_was_given_back_for_handed_in(till: Till, firm: Firm, holder: int) -> None:
    give(firm, holder, 23580)
    with job_session(firm.organisation_id) as session:
        payment_id = session.scalars(select(Payment.id).where(Payment.method == "cash")).one()
        reverse_payment(session, payment_id, "never came", by=firm.people["manager"])
    assert held(firm, holder) == (-23580, 0)


def test_cash_that_the_books_say_went_back_was_in_nobodys_purse_here(firm: Firm, holder: int) -> None:
    """Whoever records it here did not hand it out."""
    with job_session(firm.organisation_id) as session:
        payment_id = session.scalars(select(Payment.id).where(Payment.method == "cash")).one()
        plan_refund(
            session, payment_id, Money(5000, "GBP"), way="cash", reason="Given back in Zoho Books", by=holder,
            form_id=f"{BOOKED}4711",
        )  # fmt: skip
    assert held(firm, holder) == (23580, 0)


def take_back(till: Till, firm: Firm, path: str, reason: str, role: str = "manager") -> tuple[int, str]:
    answer = post(sign_in(till.browser(), firm, role), path, {"reason": reason}, follow_redirects=True)
    return answer.status_code, answer.text


def test_a_count_that_was_confirmed_wrongly_is_taken_back_with_words(till: Till, firm: Firm, holder: int) -> None:
    hand_in(till, firm, "200")
    count(till, firm, holder, "200")
    shown = sign_in(till.browser(), firm, "manager").get(f"/cash/{holder}").text
    [path] = re.findall(r'action="(/cash/hand-ins/\d+/count/reversal)"', shown)
    status, page = take_back(till, firm, path, "")
    assert status == 422 and "Enter a reason" in page and held(firm, holder) == (3580, 0)
    for _ in range(2):  # the second tap is the same one
        status, page = take_back(till, firm, path, "the envelope was another one")
    assert "Taken back on" in page and "the envelope was another one" in page and path not in page
    assert held(firm, holder) == (23580, 0)
    with job_session(firm.organisation_id) as session:
        [mail] = session.scalars(select(Message).where(Message.kind == "staff_news")).all()
        assert mail.to_address == firm.emails["field_agent"] and "taken back" in mail.subject
        assert "the envelope was another one" in read_mail(session, mail.id).text
    assert hand_in(till, firm, "235.80") == 303 and count(till, firm, holder, "235.80")[0] == 200
    assert held(firm, holder) == (0, 0)


def test_nobody_takes_back_a_count_of_their_own_hand_in(till: Till, firm: Firm) -> None:
    holder = firm.people["manager"]
    record(firm, [till.invoice(firm)[0]], taken_by=holder)
    with job_session(firm.organisation_id) as session:
        declared = declare_hand_in(session, holder, Money(23580, "GBP"), "", form_id="m")
        count_hand_in(session, declared.id, Money(23580, "GBP"), "", by=firm.people["administrator"])
        path = f"/cash/hand-ins/{declared.id}/count/reversal"
    assert path not in sign_in(till.browser(), firm, "manager").get(f"/cash/{holder}").text
    assert take_back(till, firm, path, "mine")[0] == 422 and held(firm, holder) == (0, 0)
    assert take_back(till, firm, path, "mine", "field_agent")[0] == 403

"""Several invoices of one customer, one link, one Session, one payment; and whatever changes one closes it for all."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import event, select, update

from portal.customers.models import Customer
from portal.invoices import joint
from portal.invoices.models import Invoice, PayLink
from portal.messages.actions import read_mail
from portal.messages.models import Message
from portal.messages.texts import keep_account
from portal.organisations.models import Organisation
from portal.payments.actions import (
    OfflinePayment,
    look_at_attempt,
    offer_debit,
    record_payment,
    release_invoice,
    take_due_attempts,
    void_invoice,
)
from portal.payments.models import Allocation, Payment, PaymentAttempt, StripeAccount, StripeEvent
from portal.payments.rules import DECLINED, MOST_DECLINES
from portal.shared import clock
from portal.shared.money import Money
from portal.shared.running import here, job_session
from tests.builders import Firm, make_credit_note, make_work_order, post, sign_in
from tests.paying import Till, at_once, take_cash
from tests.portal.payments.test_deposits import take
from tests.portal.payments.test_recording import record


@dataclass
class Joint:
    """Three invoices of 235.80 each and the link to all of them."""

    ids: list[int]
    alone: list[str]  # each one's own link
    path: str


@pytest.fixture
def three(till: Till, firm: Firm) -> Joint:
    till.connect(firm)
    made = [till.invoice(firm) for _ in range(3)]
    ids = [each for each, _ in made]
    return Joint(ids, [path for _, path in made], joint_path(firm, ids))


def joint_path(firm: Firm, ids: list[int]) -> str:
    with job_session(firm.organisation_id) as session:
        invoices = session.scalars(select(Invoice).where(Invoice.id.in_(ids))).all()
        organisation = session.get_one(Organisation, firm.organisation_id)
        _, address = joint.make_joint_link(session, organisation, invoices, channel="email", sent_to="a@b.example")
    return "/t/" + address.rpartition("/")[2]


def states(till: Till, firm: Firm) -> list[str]:
    return [each.state for each in till.attempts(firm)]


def open_at_stripe(till: Till, firm: Firm) -> list[int]:
    return [each.amount_total for each in till.made_sessions(firm) if each.status == "open"]


def test_all_of_them_are_paid_by_one_payment(till: Till, firm: Firm, three: Joint) -> None:
    page = till.get(three.path).text
    assert "Pay £707.40" in page and all(number in page for number in ("INV-00001", "INV-00002", "INV-00003"))
    till.pay(three.path)
    till.work(firm)
    till.work(firm)
    [session_at_stripe] = till.made_sessions(firm)
    assert session_at_stripe.amount_total == 70740
    with job_session(firm.organisation_id) as session:
        payment = session.scalars(select(Payment)).one()
        parts = session.execute(select(Allocation.invoice_id, Allocation.amount_minor).order_by(Allocation.invoice_id))
        assert payment.amount_minor == 70740
        assert [tuple(part) for part in parts] == [(each, 23580) for each in three.ids]
        receipt = session.scalars(select(Message).where(Message.kind == "receipt")).one()
        assert "INV-00001, INV-00002, INV-00003" in read_mail(session, receipt.id).text
    assert states(till, firm) == ["paid"] * 3
    assert "Everything is paid" in till.get(three.path).text
    assert all("This is your receipt" in till.get(path).text for path in three.alone)
    assert "INV-00002" not in till.get(three.alone[0]).text


def test_who_comes_back_from_stripe_sees_all_of_them_paid(till: Till, firm: Firm, three: Joint) -> None:
    till.events("drop")
    session_id, answer = till.begin(three.path)
    till.at_stripe(session_id, "pay", card="4242424242424242")
    back = till.get(f"/r/{till.attempts(firm)[0].public_id}", cookies=answer.cookies, allow_redirects=False)
    assert back.headers["Location"].startswith(three.path)
    assert till.books(firm).allocated == 70740


def _pay_ten(till: Till, firm: Firm, three: Joint) -> None:
    ten = Money.of("10", "GBP")
    record_payment(firm.organisation_id, OfflinePayment(
        customer_id=firm.customer_id, amount=ten, method="cash", reference="",
        received_on=clock.now().date(), taken_by=firm.people["manager"], form_id="c", invoice_ids=[three.ids[1]],
    ))  # fmt: skip


CHANGES: dict[str, tuple[Callable[[Till, Firm, Joint], object], list[int], str]] = {
    "cash": (_pay_ten, [], "Pay £697.40"),
    "void": (lambda till, firm, three: void_invoice(firm.organisation_id, three.ids[1], "typo"), [], "Pay £471.60"),
    "alone": (lambda till, firm, three: till.begin(three.alone[2]), [23580], "Pay £707.40"),
    "release": (lambda till, firm, three: release_invoice(firm.organisation_id, three.ids[2]), [], "Pay £707.40"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_changes_one_closes_the_page_of_all_at_stripe(
    till: Till, firm: Firm, three: Joint, change: str
) -> None:
    till.begin(three.path)
    assert open_at_stripe(till, firm) == [70740]
    make_it, still_open, left = CHANGES[change]
    make_it(till, firm, three)
    assert open_at_stripe(till, firm) == still_open
    assert states(till, firm)[:3] == ["expired"] * 3
    assert left in till.get(three.path).text


def test_everybody_taps_everywhere_and_one_session_is_open(till: Till, firm: Firm, three: Joint) -> None:
    form, alone = till.pay_form(three.path), [till.pay_form(path) for path in three.alone]
    at_once(
        *[lambda: till.send_pay(three.path, form)] * 2,
        *[partial(till.send_pay, path, each) for path, each in zip(three.alone, alone, strict=True)],
    )
    assert till.send_pay(three.path, form).status_code == 303
    assert open_at_stripe(till, firm) == [70740]
    assert till.send_pay(three.path, form).status_code == 303  # the same page again
    assert open_at_stripe(till, firm) == [70740]


def test_money_that_still_arrives_is_kept_as_credit(till: Till, firm: Firm, three: Joint) -> None:
    till.events("hold")
    session_id, _ = till.begin(three.path)
    take_cash(firm, three.ids[0], 20000)
    till.at_stripe(session_id, "pay", card="4242424242424242")
    look_at_attempt(firm.organisation_id, till.attempts(firm)[0].id)
    with job_session(firm.organisation_id) as session:
        by_card = select(Allocation.amount_minor).join(Payment, Payment.id == Allocation.payment_id)
        parts = session.scalars(by_card.where(Payment.provider == "stripe").order_by(Allocation.invoice_id)).all()
    assert parts == [3580, 23580, 23580]
    assert till.books(firm).received == 70740 + 20000


def test_an_amount_that_was_not_seen_is_not_charged(till: Till, firm: Firm, three: Joint) -> None:
    form = till.pay_form(three.path)
    take_cash(firm, three.ids[0], 20000)
    answer = till.send_pay(three.path, form)
    assert answer.status_code == 409 and "Pay £507.40" in answer.text
    assert till.send_pay(three.path, form | {"proof": "0" * 64}).status_code == 403
    assert till.attempts(firm) == []


def test_a_bank_that_takes_its_time_closes_all_of_them(till: Till, firm: Firm, three: Joint) -> None:
    offer_debit(firm.organisation_id)
    session_id, _ = till.begin(three.path)
    till.at_stripe(session_id, "pay", card="bank")
    till.work(firm)
    assert states(till, firm) == ["processing"] * 3
    assert "Your payment is on its way" in till.get(three.path).text
    assert all("Pay £" not in till.get(path).text for path in (three.path, *three.alone))
    till.at_stripe(session_id, "bank", succeeded=False)
    till.work(firm)
    assert states(till, firm) == ["failed"] * 3 and "Pay £707.40" in till.get(three.path).text
    subject = "Your bank did not pay invoice INV-00001, INV-00002, INV-00003"
    with job_session(firm.organisation_id) as session:
        told = session.scalars(select(Message).where(Message.subject.startswith(subject))).one()
        assert "/t/" in read_mail(session, told.id).text


def test_an_attempt_that_never_came_to_life_is_closed_for_all(till: Till, firm: Firm, three: Joint) -> None:
    till.fault("error_500", "checkout/sessions", method="POST", times=50)
    assert till.tap_pay(three.path).status_code == 503
    till.no_faults()
    with job_session(firm.organisation_id) as session:
        session.execute(update(PaymentAttempt).values(expires_at=clock.now(), look_at=clock.now()))
    assert till.tap_pay(three.path).status_code == 303  # buried, and begun anew
    with job_session(firm.organisation_id) as session:
        unmade = {"state": "creating", "expires_at": clock.now(), "look_at": clock.now()}
        session.execute(update(PaymentAttempt).where(PaymentAttempt.state == "open").values(unmade))
    with job_session(firm.organisation_id) as session:
        assert take_due_attempts(session) == []
    assert states(till, firm) == ["expired"] * 6


def test_a_link_shows_its_own_invoices_and_no_others(till: Till, firm: Firm, other_firm: Firm, three: Joint) -> None:
    two = joint_path(firm, three.ids[:2])
    assert "INV-00003" not in till.get(two).text
    assert till.get(f"{two}/invoices/{three.ids[1]}.pdf").content.startswith(b"%PDF")
    assert till.get(f"{two}/invoices/{three.ids[2]}.pdf").status_code == 404
    assert till.get(two.replace("/t/", "/p/")).status_code == 404
    assert till.get(three.alone[0].replace("/p/", "/t/")).status_code == 404


def test_an_expired_link_sends_a_new_one_to_the_address_on_file(till: Till, firm: Firm, three: Joint) -> None:
    with job_session(firm.organisation_id) as session:
        session.execute(update(PayLink).where(PayLink.is_joint).values(expires_at=clock.now()))
        session.execute(update(Customer).values(language="de"))
    gone = till.get(three.path)
    assert gone.status_code == 410 and "INV-" not in gone.text
    assert till.post(three.path).status_code == 200
    with job_session(firm.organisation_id) as session:
        mail = session.scalars(select(Message).where(Message.kind == "joint")).one()
        words = read_mail(session, mail.id).text
    assert mail.to_address == "reception@maple.example" and "Ihre offenen Rechnungen" in mail.subject
    assert "INV-00003" in words and "707,40" in words
    again = "/t/" + words.partition("/t/")[2].split()[0]
    assert "£707.40" in till.get(f"{again}?lang=en").text


def test_where_no_mail_reaches_them_the_new_one_comes_by_text_message(till: Till, firm: Firm, three: Joint) -> None:
    with job_session(firm.organisation_id) as session:
        keep_account(session, firm.organisation_id, sid="AC" + "1" * 32, token="t", sender="+441134960100")
        session.execute(update(PayLink).where(PayLink.is_joint).values(expires_at=clock.now()))
        session.execute(update(Customer).values(language="ar", email="", phone="0113 496 0123"))
    assert till.get(three.path).status_code == 410
    assert till.post(three.path).status_code == 200
    with job_session(firm.organisation_id) as session:
        text = session.scalars(select(Message).where(Message.kind == "joint")).one()
        link = session.scalars(select(PayLink).where(PayLink.is_joint).order_by(PayLink.id.desc())).first()
        assert link is not None and (link.channel, link.message_id) == ("sms", text.id)
        again = urlsplit(joint.joint_address(link)).path
    assert (text.channel, text.to_address) == ("sms", "+441134960123")
    assert "£707.40" in till.get(f"{again}?lang=en").text


def test_staff_choose_which_are_paid_together(till: Till, firm: Firm, other_firm: Firm, three: Joint) -> None:
    manager, stranger = sign_in(till.browser(), firm, "manager"), sign_in(till.browser(), other_firm, "manager")
    page = f"/customers/{firm.customer_id}/together"
    assert manager.get(page).text.count('name="invoice"') == 3
    assert stranger.get(page).status_code == 404
    none = post(manager, page, {"email": "pay@maple.example"}, page=page)
    assert none.status_code == 422 and "Tick the invoices" in none.text and "pay@maple.example" in none.text
    chosen = [str(three.ids[0]), str(three.ids[2])]
    assert post(manager, page, {"invoice": chosen, "email": "pay@maple.example"}, page=page).status_code == 303
    code = post(manager, page, {"invoice": chosen, "email": ""}, page=page)
    shown = manager.get(code.headers["Location"]).text
    path = "/t/" + shown.partition("/t/")[2].split('"')[0].split("&")[0]
    assert "£471.60" in till.get(path).text and "with other invoices" in manager.get(f"/invoices/{three.ids[2]}").text


def test_a_look_takes_as_many_statements_for_three_as_for_one(till: Till, firm: Firm, three: Joint) -> None:
    seen: list[str] = []

    def note(*said: Any) -> None:
        seen.append(said[2])

    counts = []
    for path in (joint_path(firm, three.ids[:1]), three.path):
        event.listen(here().engine, "before_cursor_execute", note)
        try:
            assert till.browser().get(path).status_code == 200
        finally:
            event.remove(here().engine, "before_cursor_execute", note)
        counts.append(len(seen))
        seen.clear()
    assert counts[0] == counts[1] <= 3


def test_what_is_not_in_the_sum_says_so_and_the_mail_says_what_can_be_paid(
    till: Till, firm: Firm, three: Joint
) -> None:
    with job_session(firm.organisation_id) as session:
        account_id = session.scalars(select(StripeAccount.id)).one()
        session.add_all(
            StripeEvent(
                organisation_id=firm.organisation_id, stripe_account_id=account_id, event_id=f"evt_{number}",
                kind=DECLINED, body={"metadata": {"invoice": str(three.ids[0])}}, state="done",
            )
            for number in range(MOST_DECLINES)
        )  # fmt: skip
    page = till.get(three.path).text
    assert "Pay £471.60" in page and page.count("Not in the sum above") == 1 and "No card is taken for a day" in page
    office = sign_in(till.browser(), firm, "manager")
    form = {"email": "rita@maple.example", "form_id": "one"}
    assert post(office, f"/customers/{firm.customer_id}/statements", form).status_code == 303
    with job_session(firm.organisation_id) as session:
        sent = session.scalars(select(Message).where(Message.kind == "statement")).one()
        mail = read_mail(session, sent.id)
    assert "£707.40" in mail.text and "Pay £471.60 of it in one go" in mail.text


def test_the_customers_credit_is_told_beside_the_sum_without_what_waits_for_a_job(
    till: Till, firm: Firm, three: Joint
) -> None:
    assert "of credit with" not in till.get(three.path).text
    with job_session(firm.organisation_id) as session:
        job_id = make_work_order(session, firm).id
        make_credit_note(session, firm, share="0.5", keep=True)
    take(firm, job_id, 4000)
    record(firm, [], 6202)
    page = till.get(three.path).text
    assert "You have £179.92 of credit with" in page and "Pay £707.40" in page

"""A deposit that a link asks for: paid once on Stripe's page, whoever tells us, and never asked for twice."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from portal.accounting.mirror.money_sources import payment as payment_source
from portal.gateways.errors import GatewayError
from portal.invoices.models import PayLink
from portal.invoices.queries import due_on
from portal.messages.actions import read_mail
from portal.messages.models import Message
from portal.messages.texts import keep_account
from portal.organisations.audit import timeline
from portal.organisations.models import Organisation
from portal.payments.actions import (
    CannotAsk,
    Way,
    ask_deposit,
    look_at_attempt,
    offer_debit,
    plan_refund,
    screen_address,
    start_deposit,
    take_due_attempts,
    withdraw_request,
)
from portal.payments.deposit_queries import open_request, sendings_of_request
from portal.payments.deposits import DepositRequest
from portal.payments.models import Payment, PaymentAttempt
from portal.payments.queries import balance_of, deposits_of
from portal.payments.refunds.models import Refund
from portal.payments.rules import PaymentUnderWay
from portal.shared import clock
from portal.shared.money import Money
from portal.shared.running import job_session
from portal.work_orders.models import WorkOrder
from portal.work_orders.queries import get_work_order
from tests.builders import Firm, make_firm, make_invoice, make_work_order, post, sign_in
from tests.paying import Till, at_once
from tests.portal.payments.test_conservation import BROKEN
from tests.portal.payments.test_deposits import take
from tests.portal.payments.test_recording import record

ASKED, TOTAL = 10000, 23580


@dataclass
class Asked:
    """A job, the deposit that is asked for, and the path of the link on the screen."""

    job_id: int
    request_id: int
    path: str


def ask(firm: Firm, minor: int = ASKED, form_id: str = "asked", way: Way | None = None) -> Asked:
    with job_session(firm.organisation_id) as session:
        job_id = make_work_order(session, firm, done=False).id
        job = get_work_order(session, job_id, firm.viewer())
        organisation = session.get_one(Organisation, firm.organisation_id)
        request = ask_deposit(
            session, organisation, job, Money(minor, "GBP"), way or Way("email", "rita@maple.example"),
            by=firm.people["manager"], form_id=form_id,
        )  # fmt: skip
        session.flush()
        address = screen_address(sendings_of_request(session, request.id))
        return Asked(job_id, request.id, urlsplit(address).path)


@pytest.fixture
def asked(till: Till, firm: Firm) -> Asked:
    till.connect(firm)
    return ask(firm)


def state_of(firm: Firm, request_id: int) -> str:
    with job_session(firm.organisation_id) as session:
        return session.get_one(DepositRequest, request_id).closed_as


def deposits(firm: Firm, job_id: int) -> list[int]:
    with job_session(firm.organisation_id) as session:
        return [each.payment.amount_minor for each in deposits_of(session, job_id)]


def open_at_stripe(till: Till, firm: Firm) -> list[int]:
    return [each.amount_total for each in till.made_sessions(firm) if each.status == "open"]


def said(firm: Firm, record: str, record_id: int) -> str:
    with job_session(firm.organisation_id) as session:
        return " | ".join(entry.words for entry in timeline(session, record, record_id))


def bill(firm: Firm, job_id: int) -> int:
    with job_session(firm.organisation_id) as session:
        session.execute(update(WorkOrder).where(WorkOrder.id == job_id).values(status="Completed"))
        return make_invoice(session, firm, work_order=get_work_order(session, job_id, firm.viewer())).id


def left(firm: Firm, invoice_id: int) -> int:
    with job_session(firm.organisation_id) as session:
        assert session.execute(BROKEN).all() == []
        return balance_of(session, invoice_id).minor


def sweep(firm: Firm) -> None:
    """The sweeper's look, when everything is due."""
    with job_session(firm.organisation_id) as session:
        session.execute(update(PaymentAttempt).values(look_at=clock.now() - timedelta(seconds=1)))
        due = take_due_attempts(session)
    for attempt_id in due:
        look_at_attempt(firm.organisation_id, attempt_id)


def test_it_is_paid_once_and_is_an_advance_until_the_invoice(till: Till, firm: Firm, asked: Asked) -> None:
    assert "Pay £100.00" in till.get(asked.path).text
    session_id, answer = till.begin(asked.path)
    till.events("twice_at_once")
    till.at_stripe(session_id, "pay", card="4242424242424242")
    till.come_back(firm, answer.cookies)
    till.work(firm)
    assert deposits(firm, asked.job_id) == [ASKED] and state_of(firm, asked.request_id) == "paid"
    books = till.books(firm)
    assert (books.payments, books.received, books.allocated, books.receipts, books.payments_for_the_books) == (
        1, ASKED, 0, 1, 1,
    )  # fmt: skip
    with job_session(firm.organisation_id) as session:
        payment = session.scalars(select(Payment)).one()
        advance = payment_source(session, payment.id)
        assert advance is not None and advance.invoice_ids == [] and payment.method == "card"
        receipt = session.scalars(select(Message).where(Message.kind == "receipt")).one()
        assert receipt.attachment == f"receipt:{payment.id}" and receipt.to_address == "rita@maple.example"
    page = till.get(asked.path).text
    assert "as a deposit for" in page and "£100.00" in page and "/attempts" not in page
    assert "It will be taken off your invoice" in page
    paper = till.get(f"{asked.path}/receipts/{payment.id}.pdf")
    assert paper.content.startswith(b"%PDF") and till.get(f"{asked.path}/receipts/999.pdf").status_code == 404
    shown = till.get(f"{asked.path}/receipts/{payment.id}").text
    assert f'href="{asked.path}"' in shown and payment.number in shown and "£100.00" in shown
    assert "Deposit for Boiler annual service" in shown and "This receipt is no tax invoice" in shown
    assert till.get(f"{asked.path}/receipts/999").status_code == 404
    assert left(firm, bill(firm, asked.job_id)) == TOTAL - ASKED
    assert "It has been taken off your invoice" in till.get(asked.path).text


def test_two_taps_at_once_are_one_page_and_the_way_back_leads_to_the_link(till: Till, firm: Firm, asked: Asked) -> None:
    form = till.pay_form(asked.path)
    answers = at_once(*[lambda: till.send_pay(asked.path, form)] * 3)
    assert {each.status_code for each in answers} <= {303, 409}
    assert len({each.headers["Location"] for each in answers if each.status_code == 303}) == 1
    assert open_at_stripe(till, firm) == [ASKED]
    answer = till.tap_pay(asked.path)
    assert till.come_back(firm, answer.cookies).headers["Location"] == asked.path
    assert till.send_pay(asked.path, form | {"proof": "0" * 64}).status_code == 403
    assert till.send_pay(asked.path, form, **{"Sec-Fetch-Site": "cross-site"}).status_code == 403


@pytest.mark.parametrize("lost", ["the message", "the answer", "both"])
def test_nothing_is_lost_when_stripe_cannot_reach_us(till: Till, firm: Firm, asked: Asked, lost: str) -> None:
    if lost in ("the answer", "both"):
        till.fault("cut_after", "checkout/sessions", method="POST", times=1)
    form = till.pay_form(asked.path)
    answer = till.send_pay(asked.path, form)
    if answer.status_code != 303:
        answer = till.send_pay(asked.path, form)
    assert answer.status_code == 303 and open_at_stripe(till, firm) == [ASKED]
    till.no_faults()
    till.events("drop" if lost in ("the message", "both") else "now")
    till.at_stripe(till.attempts(firm)[-1].session_id or "", "pay", card="4242424242424242")
    till.work(firm)
    sweep(firm)
    sweep(firm)
    assert deposits(firm, asked.job_id) == [ASKED]


def test_withdrawing_closes_the_page_at_stripe(till: Till, firm: Firm, asked: Asked) -> None:
    till.begin(asked.path)
    for _ in range(2):
        withdraw_request(firm.organisation_id, asked.job_id, asked.request_id)
    assert open_at_stripe(till, firm) == [] and state_of(firm, asked.request_id) == "withdrawn"
    page = till.get(asked.path)
    assert "does not ask for this deposit any more" in page.text and "/attempts" not in page.text
    with pytest.raises(GatewayError):
        till.fault("error_500", "checkout/sessions", times=50)
        again = ask(firm, form_id="again")
        till.no_faults()
        till.begin(again.path)
        till.fault("error_500", "checkout/sessions", times=50)
        withdraw_request(firm.organisation_id, again.job_id, again.request_id)
    till.no_faults()
    assert state_of(firm, again.request_id) == "" and "Pay £100.00" in till.get(again.path).text


def test_money_that_still_arrives_is_booked_and_flagged(till: Till, firm: Firm, asked: Asked) -> None:
    till.pay(asked.path)
    with job_session(firm.organisation_id) as session:  # somebody withdrew it in the very moment
        request = session.get_one(DepositRequest, asked.request_id)
        request.closed_at, request.closed_as = clock.now(), "withdrawn"
    till.work(firm)
    assert deposits(firm, asked.job_id) == [ASKED]
    assert "needs a decision" in said(firm, "work_order", asked.job_id)
    assert "as a deposit for" in till.get(asked.path).text


@pytest.mark.parametrize(("minor", "to_pay", "state"), [(ASKED, 0, "paid"), (4000, 6000, "")])
def test_a_deposit_recorded_otherwise_counts_for_it(
    till: Till, firm: Firm, asked: Asked, minor: int, to_pay: int, state: str
) -> None:
    form = till.pay_form(asked.path)
    till.begin(asked.path)
    take(firm, asked.job_id, minor)
    assert open_at_stripe(till, firm) == [] and state_of(firm, asked.request_id) == state
    answer = till.send_pay(asked.path, form)  # a page that was left open
    assert answer.status_code == (409 if to_pay else 303) and open_at_stripe(till, firm) == []
    if to_pay:
        till.pay(asked.path)
        till.work(firm)
        assert deposits(firm, asked.job_id) == [minor, to_pay] and state_of(firm, asked.request_id) == "paid"


def test_cash_is_not_taken_while_stripe_may_still_take_a_card(till: Till, firm: Firm, asked: Asked) -> None:
    till.begin(asked.path)
    desk, page = sign_in(till.browser(), firm, "manager"), f"/work-orders/{asked.job_id}/deposits"
    form = {"amount": "100", "method": "cash", "form_id": "c", "received_on": clock.now().date().isoformat()}
    till.fault("error_500", "checkout/sessions", times=50)
    refused = post(desk, page, form, page=page)
    assert refused.status_code == 422 and "Stripe did not answer" in refused.text and 'value="100"' in refused.text
    till.no_faults()
    assert post(desk, page, form, page=page).status_code == 303 and deposits(firm, asked.job_id) == [ASKED]


def test_the_jobs_invoice_takes_its_place(till: Till, firm: Firm, asked: Asked) -> None:
    till.begin(asked.path)
    invoice_id = bill(firm, asked.job_id)
    assert state_of(firm, asked.request_id) == "billed" and "has sent the invoice" in till.get(asked.path).text
    till.work(firm)  # the worker was woken
    assert open_at_stripe(till, firm) == [] and left(firm, invoice_id) == TOTAL


def test_what_was_paid_in_that_moment_is_taken_off_the_invoice(till: Till, firm: Firm, asked: Asked) -> None:
    till.events("hold")
    till.pay(asked.path)
    invoice_id = bill(firm, asked.job_id)
    assert left(firm, invoice_id) == TOTAL
    till.events("now")
    sweep(firm)
    assert left(firm, invoice_id) == TOTAL - ASKED and "needs a decision" not in said(firm, "work_order", asked.job_id)
    assert "taken off: the deposit" in said(firm, "invoice", invoice_id)


def test_an_invoice_that_is_being_paid_is_not_touched(till: Till, firm: Firm, asked: Asked) -> None:
    till.events("hold")
    till.pay(asked.path)
    invoice_id = bill(firm, asked.job_id)
    account = till.attempts(firm)[0].stripe_account_id
    with job_session(firm.organisation_id) as session:
        session.add(PaymentAttempt(
            organisation_id=firm.organisation_id, invoice_id=invoice_id, invoice_revision=1, state="processing",
            stripe_account_id=account, amount_minor=TOTAL, currency="GBP", expires_at=clock.now(), look_at=clock.now(),
        ))  # fmt: skip
    look_at_attempt(firm.organisation_id, till.attempts(firm)[0].id)
    assert left(firm, invoice_id) == TOTAL and deposits(firm, asked.job_id) == [ASKED]
    assert "needs a decision" in said(firm, "work_order", asked.job_id)


def test_the_receipt_leads_to_the_page_that_keeps_it_for_ever(till: Till, firm: Firm, asked: Asked) -> None:
    till.pay(asked.path)
    till.work(firm)
    with job_session(firm.organisation_id) as session:
        mail = read_mail(session, session.scalars(select(Message.id).where(Message.kind == "receipt")).one())
        session.execute(update(PayLink).values(expires_at=clock.now() - timedelta(days=900)))
    [thanked_at] = set(re.findall(r"/d/[\w-]{43}", mail.text))
    for path in (asked.path, thanked_at):
        page = till.get(path).text
        [receipt] = re.findall(r'href="(/d/[^"]+/receipts/\d+\.pdf)"', page)
        assert "Thank you: we have received" in page and till.get(receipt).content.startswith(b"%PDF")


def test_whoever_was_asked_by_text_message_is_thanked_by_one(till: Till, firm: Firm) -> None:
    till.connect(firm)
    with job_session(firm.organisation_id) as session:
        keep_account(session, firm.organisation_id, sid="AC" + "1" * 32, token="t", sender="+441134960100")
    till.pay(ask(firm, way=Way("sms", "+447700900123")).path)
    till.work(firm)
    with job_session(firm.organisation_id) as session:
        receipt = session.scalars(select(Message).where(Message.kind == "receipt")).one()
        words = read_mail(session, receipt.id).text
    assert (receipt.channel, receipt.to_address) == ("sms", "+447700900123")
    [path] = re.findall(r"/d/[\w-]{43}", words)
    assert "we have received £100.00" in words and "PDF" in till.get(path).text


@pytest.mark.parametrize("ends_well", [True, False])
def test_a_bank_that_takes_its_time(till: Till, firm: Firm, asked: Asked, ends_well: bool) -> None:
    offer_debit(firm.organisation_id)
    session_id, _ = till.begin(asked.path)
    till.at_stripe(session_id, "pay", card="bank")
    till.work(firm)
    page = till.get(asked.path).text
    assert "Your payment is on its way" in page and "/attempts" not in page
    with pytest.raises(PaymentUnderWay):
        withdraw_request(firm.organisation_id, asked.job_id, asked.request_id)
    with pytest.raises(PaymentUnderWay):
        start_deposit(firm.organisation_id, asked.request_id, Money(ASKED, "GBP"))
    till.at_stripe(session_id, "bank", succeeded=ends_well)
    till.work(firm)
    if ends_well:
        assert deposits(firm, asked.job_id) == [ASKED]
        return
    page = till.get(asked.path).text
    assert deposits(firm, asked.job_id) == [] and "Pay £100.00" in page
    assert "Your bank did not pay on" in page and "Ihre Bank hat" in till.get(f"{asked.path}?lang=de").text
    with job_session(firm.organisation_id) as session:
        payer = session.scalars(select(Message).where(Message.subject.startswith("Your bank did not pay"))).one()
        assert payer.to_address == "rita@maple.example" and "/d/" in read_mail(session, payer.id).text
        staff = session.scalars(select(Message).where(Message.kind == "debit_refused")).one()
        assert "They have been written to" in read_mail(session, staff.id).text


@pytest.mark.parametrize("ends_well", [True, False])
def test_what_a_bank_has_under_way_is_not_asked_for_again_by_the_jobs_invoice(
    till: Till, firm: Firm, asked: Asked, ends_well: bool
) -> None:
    offer_debit(firm.organisation_id)
    session_id, _ = till.begin(asked.path)
    till.at_stripe(session_id, "pay", card="bank")
    till.work(firm)
    with job_session(firm.organisation_id) as session:
        session.execute(update(WorkOrder).where(WorkOrder.id == asked.job_id).values(status="Completed"))
        job = get_work_order(session, asked.job_id, firm.viewer())
        invoice_id = make_invoice(session, firm, work_order=job, email="rita@maple.example").id
        known = due_on(session, invoice_id)
        assert (known.under_way.minor, known.to_pay.minor) == (ASKED, TOTAL - ASKED)
        mail = session.scalars(select(Message).where(Message.kind == "invoice")).one()
        assert "£135.80" in read_mail(session, mail.id).text
    assert "under way at the customer" in said(firm, "invoice", invoice_id)
    till.at_stripe(session_id, "bank", succeeded=ends_well)
    till.work(firm)
    assert left(firm, invoice_id) == (TOTAL - ASKED if ends_well else TOTAL)
    assert "needs a decision" not in said(firm, "invoice", invoice_id)
    with job_session(firm.organisation_id) as session:
        told = session.scalars(select(Message.kind).where(Message.kind.in_(("receipt", "debit_refused")))).all()
        assert told == (["receipt"] if ends_well else ["debit_refused"] * 2)  # the customer and the firm


def test_a_cancelled_job_asks_for_nothing_and_its_deposit_can_go_back(till: Till, firm: Firm, asked: Asked) -> None:
    till.pay(asked.path)
    till.work(firm)
    other = ask(firm, form_id="other")
    till.begin(other.path)
    client = sign_in(till.browser(), firm, "manager")
    for job_id in (asked.job_id, other.job_id):
        assert post(client, f"/work-orders/{job_id}/steps", {"step": "cancel"}, page="/today").status_code == 303
    assert state_of(firm, other.request_id) == "withdrawn" and "job is cancelled" in said(
        firm, "work_order", other.job_id
    )
    till.work(firm)  # at once, not at the sweeper's next look
    assert open_at_stripe(till, firm) == [] and "does not ask for this deposit" in till.get(other.path).text
    with job_session(firm.organisation_id) as session:
        payment = session.scalars(select(Payment)).one()
        plan_refund(session, payment.id, payment.amount, way="stripe", reason="cancelled", by=None, form_id="r")
    till.work(firm)
    with job_session(firm.organisation_id) as session:
        assert session.scalars(select(Refund.state)).all() == ["succeeded"]
        assert session.execute(BROKEN).all() == []
    assert "Your money was given back" in till.get(asked.path).text


def test_a_late_failure_of_that_refund_gives_the_deposit_back_to_the_job(till: Till, firm: Firm, asked: Asked) -> None:
    till.pay(asked.path)
    till.work(firm)
    with job_session(firm.organisation_id) as session:
        payment = session.scalars(select(Payment)).one()
        plan_refund(session, payment.id, payment.amount, way="stripe", reason="x", by=None, form_id="r")
    till.work(firm)
    with job_session(firm.organisation_id) as session:
        remote = session.scalars(select(Refund.remote_id)).one()
    till.stand_in.control(f"refunds/{remote}/settle", outcome="failed")
    till.work(firm)
    assert left(firm, bill(firm, asked.job_id)) == TOTAL - ASKED


def test_so_many_refused_cards_close_it_for_a_day(till: Till, firm: Firm, asked: Asked) -> None:
    session_id, _ = till.begin(asked.path)
    for _ in range(10):
        till.stand_in.control(f"sessions/{session_id}/pay", card="4000000000000002")
    till.work(firm)
    assert open_at_stripe(till, firm) == [] and "cards were refused" in said(firm, "work_order", asked.job_id)
    assert till.tap_pay(asked.path).status_code == 409


def test_a_dead_link_brings_a_new_one_to_the_address_on_file(till: Till, firm: Firm, asked: Asked) -> None:
    with job_session(firm.organisation_id) as session:
        session.execute(update(PayLink).values(expires_at=clock.now() - timedelta(days=1), sent_to="x@else.example"))
        session.execute(update(Message).values(state="sent"))
    shown = till.get(asked.path)
    assert shown.status_code == 410 and "100.00" not in shown.text and "Send me the new one" in shown.text
    same = {till.post(path, data={"to": "thief@evil.example"}).text for path in (asked.path, "/d/" + "x" * 43)}
    assert len(same) == 1
    with job_session(firm.organisation_id) as session:
        fresh = session.scalars(select(PayLink).where(PayLink.expires_at > clock.now())).one()
        assert (fresh.channel, fresh.sent_to) == ("email", "reception@maple.example")


def test_one_link_leads_to_nothing_else(till: Till, firm: Firm, asked: Asked) -> None:
    token = asked.path.rpartition("/")[2]
    for path in (f"/p/{token}", f"/t/{token}", f"/p/{token}/invoice.pdf", "/d/" + "x" * 43):
        assert till.get(path).status_code == 404
    invoice = till.invoice(firm)[1].rpartition("/")[2]
    assert till.get(f"/d/{invoice}").status_code == 404
    assert till.post(f"{asked.path}/opening").status_code == 204
    with job_session(firm.organisation_id) as session:
        assert session.scalars(select(PayLink.opens).where(PayLink.deposit_request_id == asked.request_id)).all()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"status": "Completed"}, "a deposit is asked for before the work"), ({}, "asked for already"),
        ({"minor": 10}, "at least"), ({"way": Way("sms", "+447700900123")}, "no account for text messages"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked(till: Till, firm: Firm, asked: Asked, change: dict[str, Any], words: str) -> None:
    with job_session(firm.organisation_id) as session:
        job_id = asked.job_id if not change else make_work_order(session, firm, done=False).id
        job = get_work_order(session, job_id, firm.viewer())
        job.status = change.get("status", job.status)
        organisation = session.get_one(Organisation, firm.organisation_id)
        amount, way = Money(change.get("minor", 5000), "GBP"), change.get("way", Way("screen"))
        with pytest.raises(CannotAsk, match=words):
            ask_deposit(session, organisation, job, amount, way, by=firm.people["manager"], form_id="z")


def test_staff_ask_send_stop_and_withdraw_on_the_jobs_page(till: Till, firm: Firm) -> None:
    till.connect(firm)
    with job_session(firm.organisation_id) as session:
        job_id = make_work_order(session, firm, done=False).id
    desk, page = sign_in(till.browser(), firm, "manager"), f"/work-orders/{job_id}/deposit-requests"
    assert "Ask for a deposit by link" in desk.get(f"/work-orders/{job_id}/deposits").text
    form = {"asked": "", "percent": "50", "channel": "email", "to": "rita@maple.example", "form_id": "one"}
    for wrong in ({"percent": ""}, {"to": "nobody"}, {"channel": "pigeon"}, {"percent": "101"}, {"asked": "0.10"}):
        refused = post(desk, page, form | wrong, page=page)
        assert refused.status_code == 422 and 'class="error"' in refused.text, wrong
    for _ in range(2):  # a double tap
        assert post(desk, page, form, page=page).status_code == 303
    with job_session(firm.organisation_id) as session:
        request = session.scalars(select(DepositRequest)).one()
        assert request.amount_minor == TOTAL // 12 * 5  # half of what it comes to before 20 % tax
        mail = session.scalars(select(Message).where(Message.kind == "deposit_request")).one()
        assert "/d/" in read_mail(session, mail.id).text and "before the work" in read_mail(session, mail.id).text
        link_id = session.scalars(select(PayLink.id).where(PayLink.channel == "email")).one()
    shown = desk.get(page).text
    assert "£98.25 asked for" in shown and "E-mail to rita@maple.example" in shown
    one = f"{page}/{request.id}"
    assert post(desk, f"{one}/sendings", {"channel": "email", "to": "b@c.example"}, page=page).status_code == 303
    assert post(desk, f"{one}/links/{link_id}/revocation", {}, page=page).status_code == 303
    assert "Stopped" in desk.get(page).text
    _is_nobody_elses(till, make_firm(), page, one)
    assert post(desk, f"{one}/withdrawal", {}, page=page).status_code == 303
    assert "Ask for it" in desk.get(page).text
    with job_session(firm.organisation_id) as session:
        assert open_request(session, job_id) is None


def test_no_deposit_is_more_than_the_job_with_its_tax(till: Till, firm: Firm) -> None:
    till.connect(firm)
    with job_session(firm.organisation_id) as session:
        job_id = make_work_order(session, firm, done=False).id
    record(firm, [], 3580, deposit_for=job_id)
    desk, page = sign_in(till.browser(), firm, "manager"), f"/work-orders/{job_id}/deposit-requests"
    form = {"asked": "5000", "percent": "", "channel": "screen", "to": "", "form_id": "one"}
    refused = post(desk, page, form, page=page)
    assert refused.status_code == 422 and 'id="f-asked-error"' in refused.text
    assert "£200.00 is left of it, with tax" in refused.text and 'value="5000"' in refused.text
    assert post(desk, page, form | {"asked": "200.01"}, page=page).status_code == 422
    assert post(desk, page, form | {"asked": "200"}, page=page).status_code == 303


def _is_nobody_elses(till: Till, other: Firm, page: str, one: str) -> None:
    stranger: FlaskClient = sign_in(till.browser(), other, "manager")
    assert stranger.get(page).status_code == 404
    assert post(stranger, f"{one}/withdrawal", {}).status_code == 404


def test_each_link_tells_what_became_of_it(till: Till, firm: Firm, asked: Asked) -> None:
    office, page = sign_in(till.browser(), firm, "manager"), f"/work-orders/{asked.job_id}/deposit-requests"
    shown = office.get(page).text
    assert "On its way" in shown and "No opening seen" in shown
    assert till.post(f"{asked.path}/opening").status_code == 204
    assert "Opened once" in office.get(page).text
    with job_session(firm.organisation_id) as session:
        session.execute(update(Message).values(state="failed", last_error="No such mailbox"))
    shown = office.get(page).text
    assert "Not delivered" in shown and "No such mailbox" in shown


def test_the_same_form_with_another_amount_is_told_not_done(till: Till, firm: Firm) -> None:
    till.connect(firm)
    with job_session(firm.organisation_id) as session:
        job_id = make_work_order(session, firm, done=False).id
    office, page = sign_in(till.browser(), firm, "manager"), f"/work-orders/{job_id}/deposit-requests"

    def send(amount: str) -> tuple[int, str]:
        form: dict[str, object] = {"form_id": "one", "channel": "screen", "asked": amount}
        answer = post(office, page, form, page=page)
        return answer.status_code, answer.text

    assert [send("50")[0] for _ in range(2)] == [303, 303]
    status, text = send("60")
    assert status == 422 and "A deposit of £50.00 is asked for already" in text
    with job_session(firm.organisation_id) as session:
        request = open_request(session, job_id)
        assert request is not None and request.amount_minor == 5000
        request_id = request.id
    withdraw_request(firm.organisation_id, job_id, request_id)
    status, text = send("60")
    assert status == 422 and "a deposit of £50.00 was asked for" in text and 'value="60"' in text

"""A payment that was taken back: its receipt stays and says so, and whoever was sent it is told. So what went back."""

import io
from dataclasses import replace
from datetime import timedelta

import pytest
from pypdf import PdfReader
from sqlalchemy import select, update

from portal.customers.models import Customer
from portal.invoices.models import PayLink
from portal.messages.actions import read_mail
from portal.messages.models import Message
from portal.organisations.models import Organisation
from portal.payments.actions import Recorded, record_payment, reverse_payment, write_off_invoice
from portal.payments.models import Payment
from portal.payments.papers import keep_missing_receipts
from portal.shared import clock
from portal.shared.phrases import LANGUAGES
from portal.shared.running import job_session
from tests.builders import Firm, make_work_order, post, sign_in
from tests.paying import Till
from tests.portal.payments.test_recording import WHOLE, record, taken
from tests.portal.payments.test_refunding import at_stripe, give_back

WHY = "the cheque bounced"


def take_back(firm: Firm, payment_id: int) -> None:
    with job_session(firm.organisation_id) as session:
        reverse_payment(session, payment_id, WHY, by=firm.people["manager"])


def told(firm: Firm) -> list[Message]:
    with job_session(firm.organisation_id) as session:
        return list(session.scalars(select(Message).where(Message.kind == "receipt_ended")))


def words_of(till: Till, address: str) -> str:
    pages = PdfReader(io.BytesIO(till.get(address).content)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def test_the_receipt_stays_and_says_that_it_was_taken_back(till: Till, firm: Firm) -> None:
    invoice_id, path = till.invoice(firm)
    made = record(firm, [invoice_id], 10000)
    take_back(firm, made.payment_id)
    page, receipt = till.get(path).text, till.get(f"{path}/receipts/{made.payment_id}")
    assert "A payment does not count any more" in page and WHY in page and f"{made.number}, taken back" in page
    assert f'href="{path}/receipts/{made.payment_id}">' in page and "£235.80" in page and "Paid on" not in page
    assert receipt.status_code == 200 and "Taken back" in receipt.text and WHY in receipt.text
    assert "£100.00" in receipt.text and "INV-00001" in receipt.text
    paper = words_of(till, f"{path}/receipts/{made.payment_id}.pdf")
    assert WHY in paper and "£100.00" in paper


def test_the_paper_kept_before_gives_way_to_one_that_says_so(till: Till, firm: Firm) -> None:
    invoice_id, path = till.invoice(firm)
    made = record(firm, [invoice_id])
    for ends in (False, True):
        if ends:
            take_back(firm, made.payment_id)
        with job_session(firm.organisation_id) as session:
            organisation = session.get_one(Organisation, firm.organisation_id)
            assert [keep_missing_receipts(session, organisation) for _ in range(2)] == [1, 0]
        assert (WHY in words_of(till, f"{path}/receipts/{made.payment_id}.pdf")) is ends


def test_who_paid_again_finds_both_receipts(till: Till, firm: Firm) -> None:
    invoice_id, path = till.invoice(firm)
    first = record(firm, [invoice_id])
    take_back(firm, first.payment_id)
    second = record(firm, [invoice_id])
    page = till.get(path).text
    assert page.count("<dt>Receipt</dt>") == 1 and second.number in page and f"{first.number}, taken back" in page


def test_of_several_invoices_a_link_shows_its_own_part_of_what_was_taken_back(till: Till, firm: Firm) -> None:
    (one, path), (two, _) = till.invoice(firm), till.invoice(firm)
    made = record(firm, [one, two], 2 * WHOLE)
    take_back(firm, made.payment_id)
    assert "does not count any more" in (page := till.get(path).text) and "471.60" not in page
    shown = till.get(f"{path}/receipts/{made.payment_id}").text
    assert "INV-00001" in shown and "INV-00002" not in shown and "£471.60" not in shown


@pytest.mark.parametrize("code", sorted(LANGUAGES))
def test_who_was_mailed_the_receipt_is_told_in_their_language(till: Till, firm: Firm, code: str) -> None:
    invoice_id, _ = till.invoice(firm)
    with job_session(firm.organisation_id) as session:
        session.get_one(Customer, firm.customer_id).language = code
    made = record(firm, [invoice_id])
    for _ in range(2):
        take_back(firm, made.payment_id)
    [message] = told(firm)
    with job_session(firm.organisation_id) as session:
        mail = read_mail(session, message.id)
        link = session.scalars(select(PayLink).where(PayLink.message_id == message.id)).one()
        assert (link.channel, link.sent_to) == ("email", "rita@maple.example")
    assert message.to_address == "rita@maple.example" and WHY in mail.text and WHY in mail.html and "/p/" in mail.text
    assert made.number in mail.subject and "{" not in mail.text and ("does not count" in mail.text) == (code == "en")


def test_whom_nobody_sent_a_receipt_hears_nothing(till: Till, firm: Firm) -> None:
    with job_session(firm.organisation_id) as session:
        session.get_one(Customer, firm.customer_id).email = ""
    made = record(firm, [till.invoice(firm, email="")[0]])
    take_back(firm, made.payment_id)
    with job_session(firm.organisation_id) as session:
        assert session.scalars(select(Message)).all() == []


def test_a_deposit_taken_at_the_door_has_no_page_and_its_mail_no_link(till: Till, firm: Firm) -> None:
    made = deposit(firm)
    take_back(firm, made.payment_id)
    [message] = told(firm)
    with job_session(firm.organisation_id) as session:
        assert WHY in (text := read_mail(session, message.id).text) and "http" not in text


def deposit(firm: Firm) -> Recorded:
    with job_session(firm.organisation_id) as session:
        job_id = make_work_order(session, firm, done=False).id
    return record_payment(firm.organisation_id, replace(taken(firm, [], 5000), deposit_for=job_id))


def test_staff_are_told_that_the_customer_reads_why(till: Till, firm: Firm) -> None:
    invoice_id, _ = till.invoice(firm)
    made = record(firm, [invoice_id])
    office = sign_in(till.browser(), firm, "manager")
    page = f"/payments/{made.payment_id}"
    assert "the customer reads it" in office.get(page).text
    post(office, f"{page}/reversal", {"reason": WHY})
    assert "Receipt (PDF)" in office.get(page).text and len(told(firm)) == 1


def test_received_and_given_back_are_told_apart(till: Till, firm: Firm) -> None:
    invoice_id, path = till.invoice(firm)
    made = record(firm, [invoice_id])
    give_back(firm, made.payment_id, 5000, "cash")
    page = till.get(path).text
    for words in ("Paid on", "Given back in cash", "50.00", "Left to pay"):
        assert words in page
    receipt = till.get(f"{path}/receipts/{made.payment_id}").text
    assert "£235.80" in receipt and "Given back in cash: £50.00, " in receipt


def test_all_of_it_given_back_leaves_the_receipt(till: Till, firm: Firm) -> None:
    invoice_id, path = till.invoice(firm)
    made = record(firm, [invoice_id])
    give_back(firm, made.payment_id, WHOLE, "cash")
    assert f'href="{path}/receipts/{made.payment_id}">' in till.get(path).text
    receipt = till.get(f"{path}/receipts/{made.payment_id}")
    assert receipt.status_code == 200 and "£235.80" in receipt.text


def test_what_was_paid_of_an_invoice_that_was_given_up_stays_readable(till: Till, firm: Firm) -> None:
    invoice_id, path = till.invoice(firm)
    made = record(firm, [invoice_id], 10000)
    write_off_invoice(firm.organisation_id, invoice_id, "nothing more to be had")
    with job_session(firm.organisation_id) as session:
        session.execute(update(PayLink).values(expires_at=clock.now() - timedelta(days=900)))
    assert "This invoice is closed" in till.get(path).text
    assert "£100.00" in till.get(f"{path}/receipts/{made.payment_id}").text


def test_what_failed_to_go_back_was_not_given_back(till: Till, firm: Firm) -> None:
    till.connect(firm)
    _, path = till.invoice(firm)
    till.pay(path)
    till.work(firm)
    with job_session(firm.organisation_id) as session:
        payment_id = session.scalars(select(Payment.id)).one()
    give_back(firm, payment_id, 5000)
    till.work(firm)
    assert "Given back" in till.get(path).text
    till.stand_in.control(f"refunds/{at_stripe(till, firm)[0].id}/settle", outcome="failed")
    till.work(firm)
    page = till.get(path).text
    assert "Given back" not in page and '<bdi class="money">£235.80</bdi>' in page
    assert "Given back" not in till.get(f"{path}/receipts/{payment_id}").text

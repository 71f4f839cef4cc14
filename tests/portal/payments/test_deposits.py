"""Paid before the work: credit and an advance until the job's invoice is sent, and taken off that by itself."""

import io

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pypdf import PdfReader
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.accounting.mirror.money_sources import payment as payment_source
from portal.customers.models import Customer
from portal.invoices.documents.facts import facts_of
from portal.invoices.documents.rules import word
from portal.invoices.queries import get_invoice
from portal.messages.actions import read_mail
from portal.messages.models import Message
from portal.organisations.models import Organisation
from portal.payments.actions import OfflinePayment, apply_credit, free_deposit, record_payment
from portal.payments.models import Allocation, Payment
from portal.payments.papers import receipt_paper
from portal.payments.queries import balance_of, deposits_of
from portal.payments.uses import PaymentUse
from portal.shared import clock
from portal.shared.money import Money
from portal.shared.phrases import LANGUAGES
from portal.shared.running import job_session
from portal.work_orders.queries import get_work_order
from tests.builders import Firm, make_invoice, make_work_order, post, sign_in
from tests.paying import Till

TOTAL = 23580


@pytest.fixture
def job_id(firm: Firm) -> int:
    with job_session(firm.organisation_id) as session:
        return make_work_order(session, firm).id


def take(firm: Firm, job_id: int, minor: int, form_id: str = "d") -> int:
    return record_payment(firm.organisation_id, OfflinePayment(
        customer_id=firm.customer_id, invoice_ids=[], amount=Money(minor, "GBP"), method="bank_transfer",
        reference="T1", received_on=clock.now().date(), taken_by=firm.people["manager"], form_id=form_id,
        deposit_for=job_id,
    )).payment_id  # fmt: skip


def send(firm: Firm, job_id: int, client: FlaskClient) -> int:
    """Bill the job on its own page and send it at once."""
    page = f"/work-orders/{job_id}/invoices/new"
    shown = client.get(page).text
    assert 'name="line"' in shown
    lines = [each.split('"')[0] for each in shown.split('name="line" value="')[1:]]
    total = shown.split('name="shown_total" value="')[1].split('"')[0] if 'name="shown_total"' in shown else ""
    answer = post(client, f"/work-orders/{job_id}/invoices", {
        "line": lines, "then": "send", "email": "rita@maple.example", "form_id": "f", "shown_total": total,
    }, page=page)  # fmt: skip
    assert answer.status_code == 303, answer.text
    return int(answer.headers["Location"].split("/invoices/")[1].split("/")[0])


def left(firm: Firm, invoice_id: int) -> int:
    with job_session(firm.organisation_id) as session:
        return balance_of(session, invoice_id).minor


def test_a_deposit_is_taken_on_the_jobs_page_and_off_its_invoice(till: Till, firm: Firm, job_id: int) -> None:
    agent = sign_in(till.browser(), firm, "manager")
    page = f"/work-orders/{job_id}/deposits"
    assert "Deposits" in agent.get(f"/work-orders/{job_id}").text
    form = {"amount": "100", "method": "cash", "tendered": "120", "reference": "", "form_id": "one",
            "received_on": clock.now().date().isoformat()}  # fmt: skip
    assert post(agent, page, form | {"amount": ""}, page=page).status_code == 422
    for _ in range(2):  # a double tap
        assert post(agent, page, form, page=page).status_code == 303
    shown = agent.get(page).text
    assert "Give back £20.00" in shown and "£100.00 not used yet" in shown
    invoice_id = send(firm, job_id, agent)
    assert left(firm, invoice_id) == TOTAL - 10000
    assert "not used yet" not in agent.get(page).text
    with job_session(firm.organisation_id) as session:
        mail = session.scalars(select(Message).where(Message.kind == "invoice")).one()
        assert "£135.80\nTo pay by" in read_mail(session, mail.id).text
        assert [each.payment.amount_minor for each in deposits_of(session, job_id)] == [10000]


def test_on_a_draft_no_more_is_asked_for_than_the_deposit_leaves(till: Till, firm: Firm, job_id: int) -> None:
    payment_id, office = take(firm, job_id, 10000), sign_in(till.browser(), firm, "manager")
    with job_session(firm.organisation_id) as session:
        job = get_work_order(session, job_id, firm.viewer())
        draft_id = make_invoice(session, firm, work_order=job, sent=False).id
    page = f"/invoices/{draft_id}/payments/new"
    shown = office.get(page).text
    assert "£135.80 to pay" in shown and 'value="135.80"' in shown and "The deposit of £100.00 is taken off" in shown
    assert "This customer has" not in shown and "not this one" not in shown
    form = {"amount": "135.80", "method": "cash", "tendered": "", "reference": "", "form_id": "rest",
            "received_on": clock.now().date().isoformat()}  # fmt: skip
    assert post(office, f"/invoices/{draft_id}/payments", form, page=page).status_code == 303
    assert left(firm, draft_id) == 0
    with job_session(firm.organisation_id) as session:
        uses = session.scalars(select(PaymentUse)).all()
        assert [use.unused_minor for use in uses] == [0, 0] and payment_id in [use.payment_id for use in uses]


def test_the_receipt_is_mailed_in_the_customers_language(firm: Firm, job_id: int) -> None:
    with job_session(firm.organisation_id) as session:
        session.execute(update(Customer).values(language="de"))
    payment_id = take(firm, job_id, 10000)
    with job_session(firm.organisation_id) as session:
        mail = session.scalars(select(Message)).one()
        assert (mail.to_address, mail.attachment) == ("reception@maple.example", f"receipt:{payment_id}")
        assert "100,00\u00a0£ als Anzahlung für" in read_mail(session, mail.id).text
        payment = session.get_one(Payment, payment_id)
        organisation = session.get_one(Organisation, firm.organisation_id)
        assert receipt_paper(session, organisation, payment).startswith(b"%PDF")


def test_until_then_it_is_an_advance_in_the_books(firm: Firm, job_id: int) -> None:
    payment_id = take(firm, job_id, 10000)
    with job_session(firm.organisation_id) as session:
        before = payment_source(session, payment_id)
        assert before is not None and before.invoice_ids == []
        invoice_id = _sent(session, firm, job_id)

        after = payment_source(session, payment_id)
        assert after is not None and after.invoice_ids == [invoice_id]
        assert after.uses is not None and after.uses.applied == {invoice_id: Money(10000, "GBP").decimal}


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(minors=st.lists(st.integers(1, 20000), min_size=1, max_size=3))
def test_whatever_was_taken_no_more_goes_to_the_invoice_than_it_comes_to(firm: Firm, minors: list[int]) -> None:
    with job_session(firm.organisation_id) as session:
        job_id = make_work_order(session, firm).id
    for minor in minors:
        take(firm, job_id, minor, form_id=f"{job_id}-{clock.now().timestamp()}")
    with job_session(firm.organisation_id) as session:
        invoice_id = _sent(session, firm, job_id)
        assert balance_of(session, invoice_id).minor == max(0, TOTAL - sum(minors))
        unused = sum(each.use.unused_minor for each in deposits_of(session, job_id))
        assert unused == max(0, sum(minors) - TOTAL)


def test_what_was_used_elsewhere_is_not_used_twice(firm: Firm, job_id: int) -> None:
    payment_id = take(firm, job_id, 10000)
    with job_session(firm.organisation_id) as session:
        other_id = make_invoice(session, firm).id
        free_deposit(session, payment_id)
    assert apply_credit(firm.organisation_id, other_id).minor == 10000
    with job_session(firm.organisation_id) as session:
        invoice_id = _sent(session, firm, job_id)
        assert balance_of(session, invoice_id).minor == TOTAL
        assert session.scalars(select(Allocation.invoice_id)).all() == [other_id]


def test_a_deposit_stays_with_its_job(firm: Firm, other_firm: Firm, till: Till, job_id: int) -> None:
    take(firm, job_id, 10000)
    with job_session(firm.organisation_id) as session:
        assert balance_of(session, make_invoice(session, firm).id).minor == TOTAL  # of another job
    stranger = sign_in(till.browser(), other_firm, "manager")
    assert stranger.get(f"/work-orders/{job_id}/deposits").status_code == 404


def _sent(session: Session, firm: Firm, job_id: int) -> int:
    job = get_work_order(session, job_id, firm.viewer())
    return make_invoice(session, firm, work_order=job).id


@pytest.mark.parametrize("code", sorted(LANGUAGES))
def test_the_paper_takes_it_off_below_the_total(till: Till, firm: Firm, job_id: int, code: str) -> None:
    with job_session(firm.organisation_id) as session:
        session.get_one(Customer, firm.customer_id).language = code
    take(firm, job_id, 5000)
    office = sign_in(till.browser(), firm, "administrator")
    invoice_id = send(firm, job_id, office)
    with job_session(firm.organisation_id) as session:
        facts = facts_of(session.get_one(Organisation, firm.organisation_id), get_invoice(session, invoice_id))
    [[label, amount]] = facts["taken_off"]
    [[_, left_to_pay]] = facts["left"]
    assert label == word("prepaid", code) and "50" in amount and "185" in left_to_pay
    if code == "en":
        said = PdfReader(io.BytesIO(office.get(f"/invoices/{invoice_id}/invoice.pdf").data)).pages[0].extract_text()
        assert all(part in said for part in ("Deposit, paid already", "-£50.00", "To pay", "£185.80"))


def test_who_bills_the_job_sees_what_will_be_taken_off(till: Till, firm: Firm, job_id: int) -> None:
    office, page = sign_in(till.browser(), firm, "manager"), f"/work-orders/{job_id}/invoices"
    assert "Deposit, taken off" not in office.get(f"{page}/new").text
    take(firm, job_id, 5000)
    shown = office.get(f"{page}/new").text
    assert "Deposit, taken off when it is sent" in shown and "£50.00 of it by the deposit" in shown
    assert "185.80" in shown
    one = shown.split('name="line" value="')[2].split('"')[0]  # half an hour, 38.40 with its tax: less than the deposit
    part = office.get(f"{page}/preview", query_string={"line": one}).text
    assert "£38.40 of it by the deposit" in part
    lines = [each.split('"')[0] for each in shown.split('name="line" value="')[1:]]
    kept = post(office, page, {"line": lines, "then": "draft", "form_id": "g"}, page=f"{page}/new")
    assert "The deposit of £50.00 is taken off when it is sent" in office.get(kept.headers["Location"]).text

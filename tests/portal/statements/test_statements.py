"""A customer's statement: all that is open, how old it is, and by mail with a link for each invoice."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from portal.customers.models import Customer
from portal.gateways import mail_gateway
from portal.gateways.mail_gateway import Mail
from portal.invoices.models import Invoice, PayLink
from portal.messages.models import Message
from portal.shared import clock
from portal.shared.money import Money
from portal.shared.running import job_session
from portal.statements.rules import by_age
from tests.builders import Firm, make_invoice, post, sign_in
from tests.conftest import browser
from tests.paying import take_cash
from tests.portal.payments.test_recording import record
from workers import mail_jobs


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[Mail]:
    mails: list[Mail] = []
    monkeypatch.setattr(mail_gateway, "send", lambda _url, mail: mails.append(mail))
    return mails


@pytest.fixture
def three(firm: Firm) -> list[int]:
    """One 40 days late and part paid, one not due yet, one paid."""
    with job_session(firm.organisation_id) as session:
        made = [make_invoice(session, firm).id for _ in range(3)]
        session.execute(
            update(Invoice).where(Invoice.id == made[0]).values(due_on=clock.now().date() - timedelta(days=40))
        )
    take_cash(firm, made[0], 3580)
    with job_session(firm.organisation_id) as session:
        session.execute(update(Invoice).where(Invoice.id == made[2]).values(status="void", void_reason="x"))
    return made


def test_it_tells_what_is_open_and_for_how_long(client: FlaskClient, firm: Firm, three: list[int]) -> None:
    sign_in(client, firm, "manager")
    page = client.get(f"/customers/{firm.customer_id}/statement").text
    for words in ("INV-00001", "200.00", "40 days late", "INV-00002", "235.80", "£435.80", "31 to 60 days late"):
        assert words in page
    assert "INV-00003" not in page


def test_by_mail_with_a_link_for_each_invoice_and_once(
    app: Flask, client: FlaskClient, firm: Firm, three: list[int], taken: list[Mail]
) -> None:
    with job_session(firm.organisation_id) as session:
        session.execute(update(Customer).values(language="de"))
    sign_in(client, firm, "manager")
    form = {"email": "rita@maple.example", "form_id": "one"}
    for _ in range(2):  # a double tap
        assert post(client, f"/customers/{firm.customer_id}/statements", form).status_code == 303
    mail_jobs.look(firm.organisation_id)
    (mail,) = taken
    tokens = re.findall(r"/p/[\w-]{43}", mail.text)
    assert "435,80\xa0£" in mail.text and len(tokens) == 2
    pages = [browser(app).get(token).text for token in tokens]
    assert "INV-00001" in pages[0] and "200,00\xa0£" in pages[0] and "INV-00002" in pages[1]
    with job_session(firm.organisation_id) as session:
        assert session.scalar(select(func.count()).select_from(PayLink).where(PayLink.channel == "email")) == 3
    assert mail.subject == "Offene Rechnungen bei Northgate Heating" and "Alle ansehen" in mail.html
    assert (
        "Online kann davon im Moment nichts gezahlt werden" in mail.text and "bezahlen" not in mail.html
    )  # no account
    (together,) = re.findall(r"/t/[\w-]{43}", mail.text)
    assert "435,80\xa0£" in browser(app).get(together).text  # all of it in one go
    assert "Statement over £435.80 mailed" in client.get(f"/customers/{firm.customer_id}").text


def test_who_owes_nothing_gets_none(client: FlaskClient, firm: Firm) -> None:
    sign_in(client, firm, "manager")
    assert "Nothing is open" in client.get(f"/customers/{firm.customer_id}/statement").text
    answer = post(client, f"/customers/{firm.customer_id}/statements", {"email": "rita@maple.example"})
    assert answer.status_code == 422 and "owes nothing" in answer.text
    with job_session(firm.organisation_id) as session:
        assert session.scalar(select(func.count()).select_from(Message)) == 0


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(0, 400), st.integers(1, 10**9)), max_size=20))
def test_the_ages_together_are_all_that_is_owed(debts: list[tuple[int, int]]) -> None:
    ages = by_age(((late, Money(minor, "GBP")) for late, minor in debts), "GBP")
    assert sum(age.amount.minor for age in ages) == sum(minor for _late, minor in debts)


def test_credit_that_is_not_used_stands_on_it_on_the_page_and_in_the_mail(
    client: FlaskClient, firm: Firm, taken: list[Mail]
) -> None:
    sign_in(client, firm, "manager")
    page = f"/customers/{firm.customer_id}/statement"
    record(firm, [], 6202)
    shown = client.get(page).text
    assert "Nothing is open" in shown and "£62.02" in shown and "is paid" not in shown
    with job_session(firm.organisation_id) as session:
        make_invoice(session, firm)
    assert "£62.02" in client.get(page).text
    form = {"email": "rita@maple.example", "form_id": "with credit"}
    post(client, f"/customers/{firm.customer_id}/statements", form)
    mail_jobs.look(firm.organisation_id)
    assert any("You have £62.02 of credit with us" in mail.text for mail in taken)

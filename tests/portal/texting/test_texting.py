"""Text messages: the firm's account, an invoice on its way, and what became of it as Twilio tells."""

import dataclasses
import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from portal.customers.models import Customer
from portal.gateways import mail_gateway
from portal.gateways.mail_gateway import Mail
from portal.invoices.models import PayLink
from portal.messages import texts
from portal.messages.models import Message, SmsAccount
from portal.organisations.models import Organisation
from portal.reminders import actions as reminding
from portal.shared import clock, running
from portal.shared.running import job_session
from sandbox.twilio.telling import signature_of
from sandbox.twilio.world import World as Twilio
from tests.builders import Firm, make_invoice, make_work_order, post, sign_in
from tests.conftest import browser
from tests.twilio import SENDER, SID, TOKEN, running_twilio
from workers import mail_jobs

FORM = {"sid": SID, "token": TOKEN, "sender": SENDER}
RITA = "+447700900123"


@pytest.fixture
def mails(monkeypatch: pytest.MonkeyPatch) -> list[Mail]:
    taken: list[Mail] = []
    monkeypatch.setattr(mail_gateway, "send", lambda _url, mail: taken.append(mail))
    return taken


@pytest.fixture
def twilio(firm: Firm, monkeypatch: pytest.MonkeyPatch, mails: list[Mail]) -> Iterator[Twilio]:
    here = running.here()
    with running_twilio() as (base, known):
        monkeypatch.setattr(here, "settings", dataclasses.replace(here.settings, twilio_api_base=base))
        yield known


@pytest.fixture
def desk(client: FlaskClient, firm: Firm, twilio: Twilio) -> FlaskClient:
    """An administrator of a firm that can text."""
    sign_in(client, firm, "administrator")
    assert post(client, "/settings/text-messages", FORM).status_code == 303
    return client


def texted(desk: FlaskClient, firm: Firm, to: str = "07700 900123") -> int:
    with job_session(firm.organisation_id) as session:
        invoice_id = make_invoice(session, firm).id
    assert post(desk, f"/invoices/{invoice_id}/texts", {"phone": to}).status_code == 303
    mail_jobs.look(firm.organisation_id)
    return invoice_id


def states(firm: Firm) -> list[str]:
    with job_session(firm.organisation_id) as session:
        return list(session.scalars(select(Message.state).where(Message.channel == "sms").order_by(Message.id)))


def tell(app: Flask, message: dict[str, str], status: str, *, token: str = TOKEN, **more: str) -> int:
    """What Twilio posts to the address it was given."""
    fields = {"MessageSid": message["sid"], "MessageStatus": status, "AccountSid": SID} | more
    headers = {"X-Twilio-Signature": signature_of(token, message["callback"], fields)}
    path = message["callback"].removeprefix("http://portal.test")
    return browser(app).post(path, data=fields, headers=headers).status_code


def test_an_account_is_tried_before_it_is_kept_and_its_token_stays_here(desk: FlaskClient, firm: Firm) -> None:
    page = desk.get("/settings/text-messages").text
    assert SENDER in page and TOKEN not in page
    with job_session(firm.organisation_id) as session:
        (account,) = session.scalars(select(SmsAccount)).all()
        assert TOKEN not in account.token_sealed and texts.token_of(account) == TOKEN
    answer = post(desk, "/settings/text-messages", FORM | {"token": "wrong-secret"})
    assert answer.status_code == 422 and 'id="f-token-error"' in answer.text and "wrong-secret" not in answer.text
    with job_session(firm.organisation_id) as session:
        assert texts.token_of(session.scalars(select(SmsAccount)).one()) == TOKEN
    assert post(desk, "/settings/text-messages/removal", {}, page="/settings/text-messages").status_code == 303
    assert post(desk, f"/invoices/{1}/texts", {"phone": RITA}).status_code == 404


def test_an_invoice_by_text_message_leads_to_its_page_and_tells_of_its_arrival(
    app: Flask, desk: FlaskClient, firm: Firm, twilio: Twilio
) -> None:
    invoice_id = texted(desk, firm)
    (message,) = twilio.messages
    assert "See and pay:\nhttp" in message["body"]  # on a line of its own: what runs into it breaks the address
    assert message["to"] == RITA and "INV-00001" in message["body"] and "£235.80" in message["body"]
    (path,) = re.findall(r"/p/[\w-]{43}", message["body"])
    assert "INV-00001" in browser(app).get(path).text
    page = desk.get(f"/invoices/{invoice_id}").text
    assert f"Text message to {RITA}" in page and "Delivered" not in page
    for status in ("sent", "delivered", "sent", "undelivered"):  # the end is the end, whatever comes late
        assert tell(app, message, status) == 204
    assert states(firm) == ["delivered"] and "Delivered" in desk.get(f"/invoices/{invoice_id}").text


def test_a_loss_reaches_who_sent_it_and_the_words_go_to_a_better_number(
    app: Flask, desk: FlaskClient, firm: Firm, twilio: Twilio, mails: list[Mail]
) -> None:
    texted(desk, firm)
    assert tell(app, twilio.messages[0], "undelivered", ErrorCode="30003") == 204
    mail_jobs.look(firm.organisation_id)
    assert [(mail.to, RITA in mail.text) for mail in mails] == [(firm.emails["administrator"], True)]
    assert "(30003)" in desk.get("/undelivered").text
    with job_session(firm.organisation_id) as session:
        message_id = session.scalars(select(Message.id).where(Message.channel == "sms")).one()
    assert post(desk, f"/undelivered/{message_id}/resending", {"email": "x"}).status_code == 422
    assert post(desk, f"/undelivered/{message_id}/resending", {"email": "07700 900456"}).status_code == 303
    mail_jobs.look(firm.organisation_id)
    assert [each["to"] for each in twilio.messages] == [RITA, "+447700900456"]
    assert twilio.messages[0]["body"] == twilio.messages[1]["body"]


def test_nobody_but_twilio_tells_of_a_message(
    app: Flask, desk: FlaskClient, firm: Firm, other_firm: Firm, twilio: Twilio
) -> None:
    texted(desk, firm)
    (message,) = twilio.messages
    assert tell(app, message, "undelivered", token="not it") == 403
    elsewhere = {**message, "callback": message["callback"].replace("/messages/", "/messages/9")}
    with job_session(other_firm.organisation_id) as session:
        account = texts.keep_account(session, other_firm.organisation_id, sid=SID, token="theirs", sender=SENDER)
        theirs = {**message, "callback": texts.status_address(account, 1)}
    assert tell(app, elsewhere, "undelivered") == 204  # signed, but there is no such message
    assert tell(app, theirs, "undelivered") == 403
    unknown = {**message, "callback": "http://portal.test/sms/nobodys-key/messages/1/status"}
    assert tell(app, unknown, "undelivered") == 404
    assert states(firm) == ["sent"]


def test_a_lost_answer_sends_nothing_twice(desk: FlaskClient, firm: Firm, twilio: Twilio) -> None:
    twilio.faults = ["lost"]
    texted(desk, firm)
    assert states(firm) == ["waiting"] and len(twilio.messages) == 1
    with clock.at(clock.now() + timedelta(minutes=5)):
        mail_jobs.look(firm.organisation_id)
    assert states(firm) == ["sent"] and len(twilio.messages) == 1


def test_reminder_and_receipt_go_the_way_the_invoice_went(
    desk: FlaskClient, firm: Firm, twilio: Twilio, mails: list[Mail]
) -> None:
    with job_session(firm.organisation_id) as session:
        session.execute(update(Customer).values(phone="07700 900123"))
    invoice_id = texted(desk, firm)
    with job_session(firm.organisation_id) as session:
        organisation = session.get_one(Organisation, firm.organisation_id)
        reminding.edit_plan(session, organisation, is_on=True, days=[1], from_hour=0, until_hour=24, words="")
    with clock.at(clock.now() + timedelta(days=16)):
        mail_jobs.look(firm.organisation_id)
    paid = {"form_id": "f", "method": "cash", "amount": "235.80", "tendered": "240", "reference": "",
            "received_on": clock.today("Europe/London").isoformat()}  # fmt: skip
    assert post(desk, f"/invoices/{invoice_id}/payments", paid).status_code == 303
    mail_jobs.look(firm.organisation_id)
    said = [message["body"] for message in twilio.messages]
    assert len(said) == 3 and "reminder of invoice INV-00001, £235.80" in said[1]
    assert "received £235.80 for invoice INV-00001" in said[2]
    assert {message["to"] for message in twilio.messages} == {RITA} and mails == []


@pytest.mark.parametrize(
    ("email", "phone", "by_mail", "by_text"),
    [("reception@maple.example", "0113 496 0000", ["reception@maple.example"], [RITA]),
     ("", "07700 900456", [], [RITA, "+447700900456"]), ("", "", [], [RITA, RITA])],
)  # fmt: skip
def test_a_number_texted_once_is_not_where_reminders_go(
    desk: FlaskClient, firm: Firm, twilio: Twilio, mails: list[Mail], email: str, phone: str, by_mail: list[str],
    by_text: list[str],
) -> None:  # fmt: skip
    with job_session(firm.organisation_id) as session:
        session.execute(update(Customer).values(email=email, phone=phone))
    texted(desk, firm)
    with job_session(firm.organisation_id) as session:
        organisation = session.get_one(Organisation, firm.organisation_id)
        reminding.edit_plan(session, organisation, is_on=True, days=[1], from_hour=0, until_hour=24, words="")
    with clock.at(clock.now() + timedelta(days=16)):
        mail_jobs.look(firm.organisation_id)
    assert [mail.to for mail in mails] == by_mail
    assert [message["to"] for message in twilio.messages] == by_text


def test_the_receipt_of_a_part_says_what_is_left(desk: FlaskClient, firm: Firm, twilio: Twilio) -> None:
    invoice_id = texted(desk, firm)
    paid = {"form_id": "f", "method": "cash", "amount": "100.00", "tendered": "100", "reference": "",
            "received_on": clock.today("Europe/London").isoformat()}  # fmt: skip
    assert post(desk, f"/invoices/{invoice_id}/payments", paid).status_code == 303
    mail_jobs.look(firm.organisation_id)
    assert "received £100.00 for invoice INV-00001; £135.80 is left to pay" in twilio.messages[1]["body"]


def test_whom_no_mail_reaches_has_invoice_and_new_link_by_text_message(
    app: Flask, desk: FlaskClient, firm: Firm, twilio: Twilio
) -> None:
    with job_session(firm.organisation_id) as session:
        session.execute(update(Customer).values(email="", phone="07700 900123"))
    with job_session(firm.organisation_id) as session:
        draft_id = make_invoice(session, firm, sent=False).id
    assert f"Text the link to {RITA}" in desk.get(f"/invoices/{draft_id}").text
    assert post(desk, f"/invoices/{draft_id}/issuance", {"text": "yes"}).status_code == 303
    mail_jobs.look(firm.organisation_id)
    (path,) = re.findall(r"/p/[\w-]{43}", twilio.messages[0]["body"])
    with job_session(firm.organisation_id) as session:
        session.execute(update(PayLink).values(expires_at=clock.now()))
    assert browser(app).post(path, headers={"Origin": "http://portal.test"}).status_code == 200
    mail_jobs.look(firm.organisation_id)
    assert [message["to"] for message in twilio.messages] == [RITA, RITA]
    assert path not in twilio.messages[1]["body"]


def test_nobody_is_texted_unless_the_page_said_so(desk: FlaskClient, firm: Firm, twilio: Twilio) -> None:
    with job_session(firm.organisation_id) as session:
        session.execute(update(Customer).values(email="", phone="07700 900123"))
    with job_session(firm.organisation_id) as session:
        job, draft_id = make_work_order(session, firm), make_invoice(session, firm, sent=False).id
        page, lines = f"/work-orders/{job.id}/invoices", [str(line.id) for line in job.lines]
    assert f"a text message goes to {RITA}" in desk.get(f"{page}/new").text
    unticked = desk.get(f"{page}/preview", query_string={"line": lines[0]}).text
    assert "no mail goes out, the code comes up here" in unticked
    assert post(desk, f"/invoices/{draft_id}/issuance", {}).status_code == 303
    form = {"line": lines, "then": "send", "email": "", "form_id": "f"}
    assert post(desk, page, form, page=f"{page}/new").status_code == 303
    mail_jobs.look(firm.organisation_id)
    assert twilio.messages == []


def test_a_link_by_text_message_is_replaced_the_same_way(desk: FlaskClient, firm: Firm, twilio: Twilio) -> None:
    invoice_id = texted(desk, firm)
    with job_session(firm.organisation_id) as session:
        link_id = session.scalars(select(PayLink.id).where(PayLink.channel == "sms")).one()
    assert post(desk, f"/invoices/{invoice_id}/links/{link_id}/rotation", {}).status_code == 303
    mail_jobs.look(firm.organisation_id)
    with job_session(firm.organisation_id) as session:
        links = session.scalars(select(PayLink).where(PayLink.channel == "sms").order_by(PayLink.id)).all()
        assert [link.revoked_at is None for link in links] == [False, True]
    assert len(twilio.messages) == 2


@pytest.mark.parametrize("phone", ["", "rita", "12", "+" + "9" * 30, "07700 900123 ext 4" * 9])
def test_a_number_that_is_none_is_said_so_beside_it(desk: FlaskClient, firm: Firm, phone: str) -> None:
    with job_session(firm.organisation_id) as session:
        invoice_id = make_invoice(session, firm).id
    answer = post(desk, f"/invoices/{invoice_id}/texts", {"phone": phone})
    assert answer.status_code == 422 and 'id="f-phone-error"' in answer.text
    assert states(firm) == []


def test_without_an_account_a_waiting_message_fails_aloud(desk: FlaskClient, firm: Firm, twilio: Twilio) -> None:
    twilio.faults = ["busy"]
    texted(desk, firm)
    assert post(desk, "/settings/text-messages/removal", {}, page="/settings/text-messages").status_code == 303
    with job_session(firm.organisation_id) as session:
        session.execute(update(Message).values(next_try_at=clock.now()))
    mail_jobs.look(firm.organisation_id)
    assert states(firm) == ["failed"]
    assert "not set up any more" in desk.get("/undelivered").text

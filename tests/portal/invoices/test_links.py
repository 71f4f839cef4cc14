"""The links of an invoice: what became of each, stopping and replacing one, and mails that nobody got."""

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from portal.invoices.models import Invoice, PayLink
from portal.messages.models import Message
from portal.messages.texts import keep_account
from portal.shared import clock, running
from portal.shared.phones import international
from portal.shared.running import job_session
from sandbox.mailbox.server import Mailbox, open_mailbox
from tests.builders import Firm, make_invoice, pay_address, post, sign_in
from tests.conftest import browser
from workers import mail_jobs


@dataclasses.dataclass
class Post:
    """A mailbox that speaks SMTP, and refuses what it is told to."""

    url: str

    def refuse(self, answer: str, *, times: int = 1) -> None:
        wish = {"times": times, "answer": answer, "at": "rcpt"}
        assert requests.post(f"{self.url}/_control/refusals", json=wish, timeout=5).ok

    def mails(self, to: str) -> list[dict[str, object]]:
        found = requests.get(f"{self.url}/messages.json", params={"to": to}, timeout=5).json()
        return [requests.get(f"{self.url}/messages/{each['id']}.json", timeout=5).json() for each in found]


@pytest.fixture
def post_office(world: object, tmp_path: Path) -> Iterator[Post]:
    import threading

    opened: Mailbox = open_mailbox(0, 0, tmp_path)
    threading.Thread(target=opened.web.serve_forever, daemon=True).start()
    process = running.here()
    kept = process.settings
    process.settings = dataclasses.replace(kept, smtp_url=f"smtp://127.0.0.1:{opened.smtp_port}")
    yield Post(f"http://127.0.0.1:{opened.web.server_port}")
    process.settings = kept
    opened.web.shutdown()
    opened.close()


@pytest.fixture
def mailed(firm: Firm) -> int:
    with job_session(firm.organisation_id) as session:
        return make_invoice(session, firm, email="rita@maple.example").id


def links(firm: Firm) -> list[PayLink]:
    with job_session(firm.organisation_id) as session:
        return list(session.scalars(select(PayLink).order_by(PayLink.id)))


def token_in(mail: dict[str, object]) -> str:
    found = re.search(r"/p/([\w-]{43})", str(mail["text"]))
    assert found is not None
    return found.group(1)


def test_each_opening_by_a_person_is_counted_and_fetching_is_not(
    app: Flask, client: FlaskClient, firm: Firm, mailed: int
) -> None:
    with job_session(firm.organisation_id) as session:
        path = pay_address(session, session.get_one(Invoice, mailed))
    customer = browser(app)
    for _ in range(3):
        assert customer.get(path).status_code == customer.head(path).status_code == 200
    assert [link.opens for link in links(firm)] == [0, 0]
    for _ in range(2):
        assert customer.post(f"{path}/opening").status_code == 204
    screen, mail = links(firm)
    assert (screen.opens, mail.opens) == (2, 0)
    assert screen.opened_at is not None and screen.last_opened_at is not None
    assert screen.opened_at < screen.last_opened_at
    page = sign_in(client, firm, "manager").get(f"/invoices/{mailed}").text
    assert "Opened 2 times" in page and "E-mail to rita@maple.example" in page and "On its way" in page


def test_a_stopped_link_answers_as_unknown_and_its_mail_stays_here(
    app: Flask, client: FlaskClient, firm: Firm, mailed: int, post_office: Post
) -> None:
    sign_in(client, firm, "manager")
    mail_link = next(link for link in links(firm) if link.channel == "email")
    answer = post(client, f"/invoices/{mailed}/links/{mail_link.id}/revocation", {})
    assert answer.status_code == 303
    mail_jobs.look(firm.organisation_id)
    assert post_office.mails("rita@maple.example") == []
    with job_session(firm.organisation_id) as session:
        path = pay_address(session, session.get_one(Invoice, mailed))  # the one on the screen works on
    assert browser(app).get(path).status_code == 200


def test_a_replaced_link_is_mailed_anew_and_the_old_one_is_dead(
    app: Flask, client: FlaskClient, firm: Firm, mailed: int, post_office: Post
) -> None:
    mail_jobs.look(firm.organisation_id)
    sign_in(client, firm, "manager")
    old = next(link for link in links(firm) if link.channel == "email")
    for _ in range(2):  # the second tap finds it replaced
        assert post(client, f"/invoices/{mailed}/links/{old.id}/rotation", {}).status_code == 303
    mail_jobs.look(firm.organisation_id)
    new, first = (token_in(mail) for mail in post_office.mails("rita@maple.example"))
    assert browser(app).get(f"/p/{first}").status_code == 404
    assert browser(app).get(f"/p/{new}").status_code == 200


def test_the_code_on_the_screen_can_be_replaced(app: Flask, client: FlaskClient, firm: Firm, mailed: int) -> None:
    with job_session(firm.organisation_id) as session:
        before = pay_address(session, session.get_one(Invoice, mailed))
    sign_in(client, firm, "field_agent")
    screen = next(link for link in links(firm) if link.channel == "screen")
    assert post(client, f"/invoices/{mailed}/links/{screen.id}/rotation", {}).status_code == 303
    with job_session(firm.organisation_id) as session:
        after = pay_address(session, session.get_one(Invoice, mailed))
    assert after != before
    assert [browser(app).get(path).status_code for path in (before, after)] == [404, 200]


def test_no_link_of_another_invoice_is_stopped(client: FlaskClient, firm: Firm, mailed: int) -> None:
    with job_session(firm.organisation_id) as session:
        other = make_invoice(session, firm).id
    sign_in(client, firm, "manager")
    link = links(firm)[0]
    assert link.invoice_id == mailed
    assert post(client, f"/invoices/{other}/links/{link.id}/revocation", {}).status_code == 404
    assert all(each.revoked_at is None for each in links(firm))


def test_who_sent_it_hears_of_a_refusal_and_the_same_words_reach_the_right_address(
    app: Flask, client: FlaskClient, firm: Firm, post_office: Post
) -> None:
    sign_in(client, firm, "field_agent")
    with job_session(firm.organisation_id) as session:
        invoice_id = make_invoice(session, firm).id
    post(client, f"/invoices/{invoice_id}/sendings", {"email": "typo@maple.example"})
    post_office.refuse("550 5.1.1 No such mailbox")
    mail_jobs.look(firm.organisation_id)
    told = post_office.mails(firm.emails["field_agent"])
    assert len(told) == 1 and "typo@maple.example" in str(told[0]["text"]) and "No such mailbox" in str(told[0]["text"])
    assert "Not delivered" in client.get(f"/invoices/{invoice_id}").text
    assert "A message was" in client.get("/invoices").text
    page = client.get("/undelivered").text
    assert "550 5.1.1 No such mailbox" in page and 'value="typo@maple.example"' in page
    message_id = re.search(r"/undelivered/(\d+)/resending", page)
    assert message_id is not None
    for _ in range(2):  # a double tap sends once
        again = post(client, f"/undelivered/{message_id.group(1)}/resending", {"email": "rita@maple.example"})
        assert again.status_code == 303
    mail_jobs.look(firm.organisation_id)
    (mail,) = post_office.mails("rita@maple.example")
    assert browser(app).get(f"/p/{token_in(mail)}").status_code == 200
    assert "Everything was delivered" in client.get("/undelivered").text
    assert "E-mail to rita@maple.example" in client.get(f"/invoices/{invoice_id}").text


def test_a_passing_refusal_is_tried_again_and_nobody_is_troubled(firm: Firm, mailed: int, post_office: Post) -> None:
    post_office.refuse("451 4.3.0 Busy")
    mail_jobs.look(firm.organisation_id)
    with job_session(firm.organisation_id) as session:
        assert session.scalars(select(Message.state)).all() == ["waiting"]
        session.execute(update(Message).values(next_try_at=clock.now()))
    mail_jobs.look(firm.organisation_id)
    assert len(post_office.mails("rita@maple.example")) == 1
    with job_session(firm.organisation_id) as session:
        assert session.scalars(select(Message.state)).all() == ["sent"]


@pytest.mark.parametrize(
    ("raw", "country", "digits"),
    [
        ("0113 496 0000", "GB", "441134960000"), ("+44 (0)113 496-0000 ext. 12", "US", "441134960000"),
        ("(555) 010-0199", "US", "15550100199"), ("1 555 010 0199", "US", "15550100199"),
        ("0049 30 901820", "GB", "4930901820"), ("06 1234 5678", "IT", "390612345678"), ("12", "GB", ""),
        ("030 901820", "XX", ""), ("", "GB", ""),
    ],
)  # fmt: skip
def test_a_number_becomes_international(raw: str, country: str, digits: str) -> None:
    assert international(raw, country) == digits


@pytest.mark.parametrize("path", ["sendings", "texts"])
def test_three_presses_of_one_form_send_once_and_a_fresh_page_sends_again(
    client: FlaskClient, firm: Firm, mailed: int, path: str
) -> None:
    sign_in(client, firm, "manager")
    with job_session(firm.organisation_id) as session:
        keep_account(session, firm.organisation_id, sid="AC1", token="x", sender="+441134960100")
    form = {"sendings": {"email": "rita@maple.example"}, "texts": {"phone": "07700 900123"}}[path]

    def form_id() -> str:
        shown = client.get(f"/invoices/{mailed}").text.partition(f'action="/invoices/{mailed}/{path}"')[2]
        found = re.search(r'name="form_id" value="(\w+)"', shown)
        assert found is not None
        return found[1]

    before, pressed = len(links(firm)), form | {"form_id": form_id()}
    answers = [post(client, f"/invoices/{mailed}/{path}", pressed, page=f"/invoices/{mailed}") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [303] * 3
    assert len(links(firm)) == before + 1
    assert "gone out already" in client.get(f"/invoices/{mailed}").text
    post(client, f"/invoices/{mailed}/{path}", form | {"form_id": form_id()}, page=f"/invoices/{mailed}")
    assert len(links(firm)) == before + 2


def test_a_press_that_was_refused_does_not_count(client: FlaskClient, firm: Firm, mailed: int) -> None:
    sign_in(client, firm, "manager")
    before, pressed = len(links(firm)), {"form_id": "f" * 32}
    wrong = post(client, f"/invoices/{mailed}/sendings", pressed | {"email": "rita"}, page=f"/invoices/{mailed}")
    right = post(
        client, f"/invoices/{mailed}/sendings", pressed | {"email": "rita@maple.example"}, page=f"/invoices/{mailed}"
    )
    assert (wrong.status_code, right.status_code, len(links(firm))) == (422, 303, before + 1)

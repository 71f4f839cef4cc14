"""Mail on its way out: once each, again when the server is away, given up aloud."""

from collections.abc import Iterator

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from portal.gateways import mail_gateway
from portal.gateways.errors import GatewayError
from portal.gateways.mail_gateway import Mail
from portal.messages.actions import queue_mail
from portal.messages.models import Message
from portal.messages.rules import MOST_TRIES, STAFF_TOLD
from portal.organisations.audit import timeline
from portal.shared import clock
from portal.shared.phrases import LANGUAGES
from portal.shared.running import job_session
from tests.builders import Firm, make_invoice, pay_address
from workers import mail_jobs


class Post:
    """Stands where SMTP would: takes mail, or refuses it."""

    def __init__(self) -> None:
        self.taken: list[Mail] = []
        self.problem: GatewayError | None = None

    def send(self, _smtp_url: str, mail: Mail) -> None:
        if self.problem is not None and mail.to != "good@example.com":
            raise self.problem
        self.taken.append(mail)


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> Iterator[Post]:
    post = Post()
    monkeypatch.setattr(mail_gateway, "send", post.send)
    yield post


def queue(session: Session, firm: Firm, once: str = "hello:1", to: str = "rita@maple.example") -> int | None:
    return queue_mail(
        session, firm.organisation_id, once=once, kind="receipt", record="invoice", record_id=7, to=to,
        reply_to="office@northgate.example", from_name="Northgate Heating", subject="Hello",
        text="The secret is /p/abc", html="<p>The secret is /p/abc</p>",
    )  # fmt: skip


def state(firm: Firm) -> Message:
    with job_session(firm.organisation_id) as session:
        return session.scalars(select(Message)).first()  # type: ignore[return-value]


def test_the_same_mail_goes_once(firm: Firm, office: Post) -> None:
    with job_session(firm.organisation_id) as session:
        assert queue(session, firm) is not None
        assert queue(session, firm) is None
    for _ in range(2):
        mail_jobs.look(firm.organisation_id)
    assert [mail.subject for mail in office.taken] == ["Hello"]
    assert state(firm).state == "sent"


def test_what_it_says_is_sealed_at_rest(firm: Firm) -> None:
    with job_session(firm.organisation_id) as session:
        queue(session, firm)
        session.flush()
        assert "secret" not in str(session.execute(text("SELECT * FROM messages")).all())


def test_a_server_that_is_away_is_tried_again_with_the_same_id(firm: Firm, office: Post) -> None:
    with job_session(firm.organisation_id) as session:
        queue(session, firm)
    office.problem = GatewayError("away", retryable=True)
    mail_jobs.look(firm.organisation_id)
    waiting = state(firm)
    assert (waiting.state, waiting.attempts, waiting.last_error) == ("waiting", 1, "away")
    assert waiting.next_try_at > clock.now()
    office.problem = None
    mail_jobs.look(firm.organisation_id)
    assert office.taken == []  # not before its time
    _make_due(firm)
    mail_jobs.look(firm.organisation_id)
    assert office.taken[0].id.startswith(f"m{firm.organisation_id}.{waiting.id}.")


def test_what_never_arrives_is_given_up_on_the_timeline(firm: Firm, office: Post) -> None:
    with job_session(firm.organisation_id) as session:
        queue(session, firm)
    office.problem = GatewayError("away", retryable=True)
    for _ in range(MOST_TRIES):
        _make_due(firm)
        mail_jobs.look(firm.organisation_id)
    assert state(firm).state == "failed"
    with job_session(firm.organisation_id) as session:
        assert "could not be mailed to rita@maple.example. away" in timeline(session, "invoice", 7)[0].words


@pytest.mark.parametrize("is_lost", [False, True])
def test_what_the_firms_own_people_are_told_is_told_apart_on_the_trail(firm: Firm, office: Post, is_lost: bool) -> None:
    """It is no part of what a bank is shown."""
    with job_session(firm.organisation_id) as session:
        queue_mail(
            session, firm.organisation_id, once="news:1", kind="staff_news", record="invoice", record_id=7,
            to="manager@northgate.example", reply_to="", from_name="", subject="Answer the bank", text="", html="",
        )  # fmt: skip
    office.problem = GatewayError("550 no such mailbox", retryable=False) if is_lost else None
    mail_jobs.look(firm.organisation_id)
    with job_session(firm.organisation_id) as session:
        [told] = timeline(session, "invoice", 7)
    said = "could not be mailed" if is_lost else "manager@northgate.example was told: Answer the bank"
    assert told.action == STAFF_TOLD and said in told.words


def test_an_address_that_does_not_exist_is_given_up_at_once_and_holds_up_nobody(firm: Firm, office: Post) -> None:
    with job_session(firm.organisation_id) as session:
        queue(session, firm, "hello:1", "bad@example.com")
        queue(session, firm, "hello:2", "good@example.com")
    office.problem = GatewayError("550 no such mailbox", retryable=False)
    mail_jobs.look(firm.organisation_id)
    assert [mail.to for mail in office.taken] == ["good@example.com"]
    assert state(firm).state == "failed"


def test_a_mail_that_cannot_be_opened_holds_up_nobody(firm: Firm, office: Post) -> None:
    with job_session(firm.organisation_id) as session:
        queue(session, firm, "hello:1")
        session.execute(update(Message).values(body_sealed="t1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"))
        queue(session, firm, "hello:2", "good@example.com")
    mail_jobs.look(firm.organisation_id)
    assert [mail.to for mail in office.taken] == ["good@example.com"]


def test_two_workers_send_each_mail_once(firm: Firm, office: Post) -> None:
    with job_session(firm.organisation_id) as session:
        for number in range(30):
            queue(session, firm, f"hello:{number}")
    from tests.paying import at_once

    at_once(*(lambda: mail_jobs.look(firm.organisation_id) for _ in range(3)))
    assert len(office.taken) == len({mail.id for mail in office.taken}) == 30


def test_the_invoices_mail_brings_the_link_and_the_words(firm: Firm, office: Post) -> None:
    with job_session(firm.organisation_id) as session:
        invoice = make_invoice(session, firm, email="rita@maple.example")
        screen = pay_address(session, invoice)
    mail_jobs.look(firm.organisation_id)
    mail = office.taken[0]
    for words in (
        "Hello Maple Dental Practice",
        "£235.80",
        "INV-00001",
        "http://portal.test/p/",
        "Boiler annual service",
    ):
        assert words in mail.text and words in mail.html
    assert screen not in mail.text  # each sending has a link of its own
    assert (mail.from_name, mail.subject) == ("Northgate Heating", "Invoice INV-00001 from Northgate Heating")


def test_what_customers_are_called_is_text_in_their_mail(firm: Firm, office: Post) -> None:
    from portal.messages.rendering import render_mail

    nasty = '<script>alert(1)</script>"{{7*7}}'
    _, html = render_mail(
        "receipt", lang="en", direction="ltr", say=LANGUAGES["en"].text, title=nasty, firm=nasty, phone="",
        greeting=nasty, amount="£1", received_on="today",
        way=nasty, receipt_number="R-1", number="INV-1", what=nasty, balance="", under_way="", surplus="", agreed=nasty,
        link_url="https://portal.test/p/x",
    )  # fmt: skip
    assert "<script>" not in html and "{{7*7}}" in html


def _make_due(firm: Firm) -> None:
    with job_session(firm.organisation_id) as session:
        session.execute(update(Message).values(next_try_at=clock.now()))

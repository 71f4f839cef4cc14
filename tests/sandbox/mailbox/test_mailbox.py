"""The mailbox takes mail by SMTP, shows it, keeps it, and refuses it when told to."""

import smtplib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path

import pytest
import requests

from sandbox.mailbox.post_box import MOST_MESSAGES, PostBox
from sandbox.mailbox.server import Mailbox, open_mailbox


@contextmanager
def running(state_dir: Path | None = None) -> Iterator[tuple[str, Mailbox]]:
    mailbox = open_mailbox(0, 0, state_dir)
    thread = threading.Thread(target=mailbox.web.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{mailbox.web.server_port}", mailbox
    finally:
        mailbox.web.shutdown()
        mailbox.close()


def send(mailbox: Mailbox, message: EmailMessage | None = None, *, login: bool = False) -> None:
    with smtplib.SMTP("127.0.0.1", mailbox.smtp_port, timeout=5) as smtp:
        if login:
            smtp.login("anybody", "anything")
        smtp.send_message(message or invoice_mail())


def invoice_mail(subject: str = "Invoice INV-7 – £120.00") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Northgate <o@n.example>", "payer@x.example", subject
    message["Bcc"] = "copy@x.example"
    message.set_content("Pay here: http://127.0.0.1:9/p/token?a=1&b=2.")
    message.add_alternative('<p>Pay <a href="http://127.0.0.1:9/p/token?a=1&amp;b=2">here</a></p>'
                            "<script>alert(1)</script>", subtype="html")  # fmt: skip
    message.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="INV-7 £.pdf")
    return message


def test_a_message_is_listed_and_shown_with_its_links_and_attachments() -> None:
    with running() as (url, mailbox):
        send(mailbox)
        (listed,) = requests.get(f"{url}/messages.json", timeout=5).json()
        assert listed["recipients"] == ["payer@x.example", "copy@x.example"]
        assert listed["subject"] == "Invoice INV-7 – £120.00"
        shown = requests.get(f"{url}/messages/{listed['id']}.json", timeout=5).json()
        assert shown["links"] == ["http://127.0.0.1:9/p/token?a=1&b=2"]
        assert shown["text"].startswith("Pay here") and "<p>Pay" in shown["html"]
        attachment = requests.get(f"{url}/messages/{listed['id']}/attachments/0", timeout=5)
        assert attachment.content == b"%PDF-1.7"
        assert attachment.headers["Content-Disposition"].startswith("attachment;")
        assert "Invoice INV-7 – £120.00" in requests.get(url, timeout=5).text


def test_html_is_shown_in_a_frame_that_runs_nothing() -> None:
    with running() as (url, mailbox):
        send(mailbox)
        message_id = requests.get(f"{url}/messages.json", timeout=5).json()[0]["id"]
        page = requests.get(f"{url}/messages/{message_id}", timeout=5).text
        assert "<script>" not in page and "allow-scripts" not in page and "allow-same-origin" not in page
        assert 'href="http://127.0.0.1:9/p/token?a=1&amp;b=2"' in page


def test_any_login_is_taken() -> None:
    with running() as (url, mailbox):
        send(mailbox, login=True)
        assert len(requests.get(f"{url}/messages.json?to=copy@x.example", timeout=5).json()) == 1
        assert requests.get(f"{url}/messages.json?to=nobody@x.example", timeout=5).json() == []


def test_newest_first_and_gone_when_emptied() -> None:
    with running() as (url, mailbox):
        for subject in ("one", "two"):
            send(mailbox, invoice_mail(subject))
        assert [each["subject"] for each in requests.get(f"{url}/messages.json", timeout=5).json()] == ["two", "one"]
        requests.delete(f"{url}/messages.json", timeout=5)
        assert requests.get(f"{url}/messages.json", timeout=5).json() == []


def test_it_refuses_as_often_as_told() -> None:
    with running() as (url, mailbox):
        requests.post(f"{url}/_control/refusals", json={"times": 1, "answer": "550 5.1.1 No", "at": "rcpt"}, timeout=5)
        message = invoice_mail()
        del message["Bcc"]
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            send(mailbox, message)
        requests.post(f"{url}/_control/refusals", json={"times": 1}, timeout=5)
        with pytest.raises(smtplib.SMTPDataError, match="451"):
            send(mailbox, message)
        send(mailbox, message)
        assert len(requests.get(f"{url}/messages.json", timeout=5).json()) == 1


def test_messages_survive_a_restart(tmp_path: Path) -> None:
    with running(tmp_path) as (_, mailbox):
        send(mailbox)
    with running(tmp_path) as (url, _):
        (listed,) = requests.get(f"{url}/messages.json", timeout=5).json()
        assert listed["recipients"] == ["payer@x.example", "copy@x.example"]
        assert requests.get(f"{url}/messages/{listed['id']}.json", timeout=5).json()["attachments"][0]["size"] == 8


def test_only_the_latest_are_kept(tmp_path: Path) -> None:
    box = PostBox(tmp_path)
    for number in range(MOST_MESSAGES + 3):
        box.put("a@x.example", ["b@x.example"], b"Subject: %d\r\n\r\n" % number)
    assert len(box.newest_first()) == len(PostBox(tmp_path).newest_first()) == MOST_MESSAGES
    assert box.newest_first()[-1].content.startswith(b"Subject: 3\r\n")


def test_mail_in_an_unknown_charset_is_still_shown() -> None:
    with running() as (url, mailbox):
        odd = b"Subject: odd\r\nContent-Type: text/plain; charset=klingon\r\n\r\nhello \xff\r\n"
        with smtplib.SMTP("127.0.0.1", mailbox.smtp_port, timeout=5) as smtp:
            smtp.sendmail("a@x.example", ["b@x.example"], odd)
        message_id = requests.get(f"{url}/messages.json", timeout=5).json()[0]["id"]
        assert "hello" in requests.get(f"{url}/messages/{message_id}", timeout=5).text

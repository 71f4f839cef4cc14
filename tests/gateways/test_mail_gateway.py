"""Mail on the wire, against a real SMTP server of this machine."""

import socket
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from portal.gateways.errors import GatewayError
from portal.gateways.mail_gateway import Mail, compose, send

MAIL = Mail(
    id="m1.41", sender="Billing <billing@portal.example>", from_name="Northgate Heating", to="rita@maple.example",
    reply_to="office@northgate.example", subject="Receipt R-00001", text="Thank you, Zoë", html="<p>Thank you, Zoë</p>",
)  # fmt: skip


class Box:
    """Takes mail, or answers as it is told."""

    def __init__(self) -> None:
        self.taken: list[Any] = []
        self.answer = "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        if self.answer.startswith("250"):
            self.taken.append(message_from_bytes(envelope.content, policy=policy.default))
        return self.answer


@pytest.fixture
def box() -> Iterator[tuple[Box, str]]:
    taker = Box()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Controller(taker, hostname="127.0.0.1", port=port)
    server.start()
    yield taker, f"smtp://127.0.0.1:{port}"
    server.stop()


def test_a_mail_arrives_whole(box: tuple[Box, str]) -> None:
    send(box[1], MAIL)
    taken: EmailMessage = box[0].taken[0]
    assert taken["From"] == "Northgate Heating <billing@portal.example>"
    assert (taken["To"], taken["Reply-To"]) == ("rita@maple.example", "office@northgate.example")
    assert taken["Message-ID"] == "<m1.41@portal.example>"
    assert "Zoë" in taken.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "<p>" in taken.get_body(("html",)).get_content()  # type: ignore[union-attr]


@pytest.mark.parametrize(("answer", "retryable"), [("451 later", True), ("554 never <rita@maple.example>", False)])
def test_what_the_server_says_decides(box: tuple[Box, str], answer: str, retryable: bool) -> None:
    box[0].answer = answer
    with pytest.raises(GatewayError) as caught:
        send(box[1], MAIL)
    assert caught.value.retryable is retryable
    assert "rita" not in caught.value.words


def test_no_server_means_later() -> None:
    with pytest.raises(GatewayError) as caught:
        send("smtp://127.0.0.1:9", MAIL)
    assert caught.value.retryable


def test_a_password_is_not_sent_in_the_clear() -> None:
    with pytest.raises(GatewayError) as caught:
        send("smtp://user:secret@localhost.invalid:9", MAIL)
    assert caught.value.retryable


@pytest.mark.parametrize(
    "changes", [
        {"subject": "Hello\r\nBcc: everyone@example.com"},
        {"from_name": "Northgate\nBcc: everyone@example.com"},
        {"subject": "\x00\u202eHello\nX-Evil: 1"},
    ],
)  # fmt: skip
def test_no_header_can_be_smuggled_in(changes: dict[str, str]) -> None:
    wire = compose(Mail(**(vars(MAIL) | changes))).as_bytes()
    head = message_from_bytes(wire)
    assert set(head.keys()) <= {
        "From", "To", "Reply-To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type",
    }  # fmt: skip


@pytest.mark.parametrize("to", ["", "rita", "rita@maple.example\r\nBcc: x@y.example", "a@b.example, c@d.example", "@"])
def test_what_is_no_address_is_refused_for_good(to: str) -> None:
    with pytest.raises(GatewayError) as caught:
        compose(Mail(**(vars(MAIL) | {"to": to})))
    assert not caught.value.retryable

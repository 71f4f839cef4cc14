"""The SMTP side: takes every message, unless it was told to refuse some."""

import asyncio
import threading
from dataclasses import dataclass, field
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from sandbox.mailbox.post_box import PostBox

_LARGEST_MESSAGE = 35 * 1024 * 1024


@dataclass
class Refusals:
    """How many more messages to refuse, with which answer, and at which word of the talk."""

    times: int = 0
    answer: str = "451 4.3.0 Refused on purpose, try again later"
    at: str = "data"  # "rcpt" refuses the recipient, "data" the whole message
    lock: threading.Lock = field(default_factory=threading.Lock)

    def order(self, times: int, answer: str, at: str) -> None:
        with self.lock:
            self.times, self.answer, self.at = times, answer, at

    def take(self, at: str) -> str | None:
        with self.lock:
            if self.times < 1 or at != self.at:
                return None
            self.times -= 1
            return self.answer


class Counter:
    """aiosmtpd's handler."""

    def __init__(self, post_box: PostBox, refusals: Refusals) -> None:
        self._post_box, self._refusals = post_box, refusals

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        refusal = self._refusals.take("rcpt")
        if refusal is None:
            envelope.rcpt_tos.append(address)
        return refusal or "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if refusal := self._refusals.take("data"):
            return refusal
        content = envelope.content if isinstance(envelope.content, bytes) else (envelope.content or "").encode()
        received = self._post_box.put(envelope.mail_from or "", [str(to) for to in envelope.rcpt_tos], content)
        return f"250 2.0.0 Taken as {received.id}"


def _anybody(server: SMTP, session: Session, envelope: Envelope, mechanism: str, login: Any) -> AuthResult:
    return AuthResult(success=True)


class AnyPortController(Controller):
    """aiosmtpd's, which greets its own server to be sure it runs, and for that must know the port it got."""

    async def _create_server(self) -> asyncio.AbstractServer:
        server = cast(asyncio.Server, await super()._create_server())
        self.port = server.sockets[0].getsockname()[1]
        return server


def open_counter(post_box: PostBox, refusals: Refusals, host: str, port: int) -> Controller:
    """Take mail on `port` (0: a free one) from now on, on a thread of its own."""
    controller = AnyPortController(
        Counter(post_box, refusals),
        hostname=host,
        port=port,
        authenticator=_anybody,
        auth_require_tls=False,
        data_size_limit=_LARGEST_MESSAGE,
    )
    controller.start()
    return controller

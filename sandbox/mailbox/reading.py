"""A message taken apart for people and tests: headers, text, HTML, attachments, links."""

import email.policy
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from functools import cached_property
from typing import Any, cast

from sandbox.mailbox.post_box import Received

_LINK = re.compile(r"""https?://[^\s<>"')\]]+""")
_FRAME_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data: cid:; font-src data:"


@dataclass(frozen=True)
class Attachment:
    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True)
class Reading:
    received: Received

    @cached_property
    def message(self) -> EmailMessage:
        return email.message_from_bytes(self.received.content, policy=email.policy.default)

    @property
    def id(self) -> str:
        return self.received.id

    @property
    def subject(self) -> str:
        return str(self.message["Subject"] or "(no subject)")

    @property
    def at(self) -> datetime:
        return datetime.fromtimestamp(int(self.received.id) / 1_000_000, UTC)

    @property
    def text(self) -> str:
        return self._part("plain")

    @property
    def html(self) -> str:
        return self._part("html")

    def _part(self, kind: str) -> str:
        part = self.message.get_body(preferencelist=(kind,))
        return "" if part is None else _decoded(cast(EmailMessage, part))

    @property
    def attachments(self) -> list[Attachment]:
        return [
            Attachment(part.get_filename() or f"part-{number}", part.get_content_type(), _payload(part))
            for number, part in enumerate(self.message.iter_attachments(), 1)
        ]

    @property
    def links(self) -> list[str]:
        """Every http link, each once, in order."""
        found = _LINK.findall(self.text) + _LINK.findall(self.html.replace("&amp;", "&"))
        return list(dict.fromkeys(link.rstrip(".,;") for link in found))

    @property
    def framed_html(self) -> str:
        """The HTML part for a sandboxed frame: no scripts, nothing fetched, links open beside it."""
        return f'<meta http-equiv="Content-Security-Policy" content="{_FRAME_POLICY}"><base target="_blank">{self.html}'

    def summary(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "at": self.at.isoformat(),
            "sender": self.received.sender,
            "recipients": list(self.received.recipients),
            "from": str(self.message["From"] or ""),
            "to": str(self.message["To"] or ""),
            "subject": self.subject,
        }

    def details(self) -> dict[str, Any]:
        attachments = [
            {"name": each.name, "content_type": each.content_type, "size": len(each.content), "number": number}
            for number, each in enumerate(self.attachments)
        ]
        return self.summary() | {
            "headers": [[name, str(value)] for name, value in self.message.items()],
            "text": self.text,
            "html": self.html,
            "links": self.links,
            "attachments": attachments,
        }


def _payload(part: Any) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else part.as_bytes()  # an attached message has no payload of its own


def _decoded(part: EmailMessage) -> str:
    """The part's text; an unknown or lying charset costs characters, never the page."""
    raw = cast(bytes, part.get_payload(decode=True))
    try:
        return raw.decode(part.get_content_charset("utf-8"), "replace")
    except LookupError:
        return raw.decode("utf-8", "replace")

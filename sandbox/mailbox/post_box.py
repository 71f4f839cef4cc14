"""The messages that came: kept as .eml files in a folder, or in memory."""

import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

MOST_MESSAGES = 500
_TO, _FROM = "X-Envelope-To", "X-Envelope-From"


@dataclass(frozen=True)
class Received:
    """One message as it came: where the SMTP talk said it goes, and its bytes."""

    id: str  # sorts by time of arrival
    sender: str
    recipients: tuple[str, ...]
    content: bytes


class PostBox:
    def __init__(self, state_dir: Path | None) -> None:
        self._folder = state_dir / "mailbox" if state_dir is not None else None
        self._lock = threading.Lock()
        self._last_id = 0
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True)
        self._messages: deque[Received] = deque(self._read_all(), maxlen=None)

    def _read_all(self) -> list[Received]:
        files = sorted(self._folder.glob("*.eml")) if self._folder is not None else []
        return [_read(file) for file in files[-MOST_MESSAGES:]]

    def put(self, sender: str, recipients: Sequence[str], content: bytes) -> Received:
        with self._lock:
            self._last_id = max(self._last_id + 1, time.time_ns() // 1000)
            received = Received(str(self._last_id), sender, tuple(recipients), content)
            if self._folder is not None:
                _write(self._folder / f"{received.id}.eml", received)
            self._messages.append(received)
            while len(self._messages) > MOST_MESSAGES:
                self._drop(self._messages.popleft())
        return received

    def newest_first(self) -> list[Received]:
        with self._lock:
            return list(self._messages)[::-1]

    def get(self, message_id: str) -> Received | None:
        return next((message for message in self.newest_first() if message.id == message_id), None)

    def clear(self) -> None:
        with self._lock:
            while self._messages:
                self._drop(self._messages.popleft())

    def _drop(self, message: Received) -> None:
        if self._folder is not None:
            (self._folder / f"{message.id}.eml").unlink(missing_ok=True)


def _write(file: Path, received: Received) -> None:
    """The envelope goes on top as headers: the file stays readable for any mail program."""
    envelope = f"{_FROM}: {received.sender}\r\n{_TO}: {', '.join(received.recipients)}\r\n"
    draft = file.with_suffix(".part")
    draft.write_bytes(envelope.encode() + received.content)
    draft.rename(file)  # never half a message, whatever ends the process


def _read(file: Path) -> Received:
    sender, recipients, content = file.read_bytes().split(b"\r\n", 2)
    return Received(
        file.stem,
        sender.decode().partition(": ")[2],
        tuple(recipients.decode().partition(": ")[2].split(", ")),
        content,
    )

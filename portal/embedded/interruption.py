"""Being told to stop: Ctrl-C, a polite kill, a closed terminal."""

import contextlib
import signal
import sys
from collections.abc import Iterator
from types import FrameType

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequested(BaseException):
    """Somebody wants everything to end. No `Exception`, so that nothing on the way takes it for an error."""


@contextlib.contextmanager
def stop_signals() -> Iterator[None]:
    """Inside, the first such signal raises StopRequested and later ones do nothing. For the main thread only."""
    before = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    for number, handler in before.items():
        if number == signal.SIGHUP and handler is signal.SIG_IGN:
            continue  # started with nohup: it is meant to outlive its terminal
        signal.signal(number, _request_stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _request_stop(number: int, frame: FrameType | None) -> None:
    ignore_stop_signals()
    raise StopRequested


def ignore_stop_signals() -> None:
    """From here on nothing interrupts: a second Ctrl-C must not leave half of it running."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def say(line: str) -> None:
    """Print, even to a terminal that is gone: telling must not keep anything from being stopped."""
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

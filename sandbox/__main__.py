"""`python -m sandbox`: every stand-in in one process, for the demo and for tests that need them all."""

import argparse
import queue
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path


def _zoho(options: argparse.Namespace) -> None:
    from sandbox.zoho.server import serve

    serve(options.zoho_port, options.state / "zoho", options.host).serve_forever()


def _stripe(options: argparse.Namespace) -> None:
    from sandbox.stripe.server import serve

    serve(options.stripe_port, options.state / "stripe", options.host)


def _mailbox(options: argparse.Namespace) -> None:
    from sandbox.mailbox.server import serve

    serve(options.mailbox_port, options.smtp_port, options.state / "mail", options.host)


def _twilio(options: argparse.Namespace) -> None:
    from sandbox.twilio.server import serve

    serve(options.twilio_port, options.state / "twilio", options.host)


# Imported on its own thread each, so that none waits for another and a missing one is named.
_STAND_INS: dict[str, Callable[[argparse.Namespace], None]] = {
    "zoho": _zoho, "stripe": _stripe, "mailbox": _mailbox, "twilio": _twilio,
}  # fmt: skip


def _read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="sandbox", description="Stand-ins: no real money moves, no real mail leaves")
    for name in ("zoho-port", "stripe-port", "mailbox-port", "smtp-port", "twilio-port"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--state", type=Path, required=True, help="folder the stand-ins keep their state in")
    return parser.parse_args()


def main() -> None:
    options = _read_options()
    for ending in (signal.SIGTERM, signal.SIGINT):
        # The kernel ends the process: state is on disk after every request, and nobody waits for a stand-in.
        signal.signal(ending, signal.SIG_DFL)
    ended: queue.SimpleQueue[threading.Thread] = queue.SimpleQueue()
    for name in _STAND_INS:
        threading.Thread(target=_run, args=(name, options, ended), name=name, daemon=True).start()
    first = ended.get()
    first.join()  # so that its traceback is out
    sys.exit(f"sandbox: the {first.name} stand-in ended, so all end")


def _run(name: str, options: argparse.Namespace, ended: "queue.SimpleQueue[threading.Thread]") -> None:
    try:
        _STAND_INS[name](options)
    finally:
        ended.put(threading.current_thread())


if __name__ == "__main__":
    main()

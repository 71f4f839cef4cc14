"""All stand-ins in one process: up quickly, gone at once."""

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.sandbox.stripe.running_stand_in import wait_until

ROOT = Path(__file__).resolve().parents[3]


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_all_stand_ins_come_up_together_and_end_at_once(tmp_path: Path, stop: signal.Signals) -> None:
    zoho, payments, mailbox, smtp, texts = ports = _free_ports(5)
    asked = ["--zoho-port", zoho, "--stripe-port", payments, "--mailbox-port", mailbox, "--smtp-port", smtp,
             "--twilio-port", texts]  # fmt: skip
    command = [sys.executable, "-m", "sandbox", *map(str, asked), "--state", str(tmp_path)]
    with (tmp_path / "said").open("w+") as said:
        running = subprocess.Popen(command, cwd=ROOT, stderr=said)
        try:
            wait_until(lambda: running.poll() is not None or all(_answers(port) for port in ports), timeout_s=10)
            assert running.poll() is None, (tmp_path / "said").read_text()
            asked_at = time.monotonic()
            running.send_signal(stop)
            assert running.wait(5) == -stop
            assert time.monotonic() - asked_at < 1
        finally:
            running.kill()
            running.wait(5)

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from portal.embedded.ports import free_port, free_ports


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield int(listening.getsockname()[1])


def test_a_free_port_is_left_as_preferred(taken: int) -> None:
    port = free_port(taken + 1)
    assert free_port(port) == port


def test_a_taken_port_is_stepped_around(taken: int) -> None:
    assert free_port(taken) > taken


def test_a_port_that_is_open_to_the_world_counts_as_taken() -> None:
    with socket.create_server(("", 0)) as listening:
        port = int(listening.getsockname()[1])
        assert free_port(port) != port


def test_a_promised_port_is_stepped_around() -> None:
    port = free_port(20_000)
    assert free_port(port, taken={port}) != port


def test_at_the_end_of_the_numbers_any_port_will_do() -> None:
    with socket.create_server(("127.0.0.1", 65_535)):
        assert 0 < free_port(65_535) < 65_535


def test_neighbours_do_not_get_the_same_port(taken: int) -> None:
    ports = free_ports({"web": taken, "zoho": taken + 1, "stripe": taken + 2})
    assert len(set(ports.values())) == 3
    assert taken not in ports.values()


@pytest.mark.skipif(
    sys.platform != "linux", reason="NOT TRIED here: only Linux has the socket names by which ports are promised"
)
def test_two_that_start_at_once_get_different_ports(taken: int) -> None:
    """Neither has opened its ports when the other looks."""
    ask = f"from portal.embedded.ports import free_ports as f; print(f({{'web': {taken}}})['web'], flush=True); input()"
    with ExitStack() as both:
        asking = [
            both.enter_context(
                subprocess.Popen([sys.executable, "-c", ask], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            )
            for _ in range(2)
        ]
        ports = {int(process.stdout.readline()) for process in asking if process.stdout}
        for process in asking:
            process.communicate("\n")
    assert len(ports) == 2

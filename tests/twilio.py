"""A running stand-in for Twilio, for tests."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sandbox.twilio.server import open_twilio
from sandbox.twilio.world import World

SID, TOKEN, SENDER = "AC" + "1" * 32, "t0k3n" * 6, "+441134960100"


@contextmanager
def running_twilio() -> Iterator[tuple[str, World]]:
    """Its address, and what it knows; it tells of messages when the test says so."""
    server, world = open_twilio(0, None)
    world.accounts[SID] = TOKEN
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", world
    finally:
        server.shutdown()
        server.server_close()

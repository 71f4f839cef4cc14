"""Fixtures: a running stand-in, the official library pointed at it, an endpoint that takes webhooks."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.stripe.running_stand_in import Inbox, StandIn


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    running = StandIn()
    yield running
    running.stop()


@pytest.fixture
def client(stand_in: StandIn) -> Any:
    return stand_in.client()


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    taker = Inbox()
    yield taker
    taker.close()

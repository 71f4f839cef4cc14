"""Fixtures: a stand-in of one's own for each test."""

from collections.abc import Iterator

import pytest

from tests.sandbox.zoho.running_zoho import NORTHGATE, Client, running


@pytest.fixture
def base() -> Iterator[str]:
    yield from running()


@pytest.fixture
def zoho(base: str) -> Client:
    client = Client(base).sign_in()
    client.control("POST", "/limits", {"org": NORTHGATE, "per_minute": None, "per_day": None})
    return client

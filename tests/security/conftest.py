"""Two firms with everything in them, and neither Stripe nor Zoho within reach."""

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.conftest import World
from tests.security.estate import Estate, make_estate, offline


@pytest.fixture(scope="module", autouse=True)
def nothing_leaves(world: World) -> Iterator[None]:
    with offline(world):
        yield


@pytest.fixture(scope="module")
def estate(app: Flask) -> Estate:
    return make_estate(app)


@pytest.fixture(scope="module")
def rival(app: Flask) -> Estate:
    return make_estate(app, "Rival Plumbing")

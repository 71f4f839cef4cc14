"""The log as the product writes it, and what secrets look like."""

import io
import logging
import re
from collections.abc import Iterator

import pytest

from portal.shared import logs

SHAPES = re.compile(r"\b(?:sk|rk)_(?:test|live)_\w+|whsec_\w+|\b1000\.[0-9a-f]{8,}\.[0-9a-f]+|\b4242\d{12}\b")


class Written:
    """The log as it is written: one line for each entry."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def lines(self) -> list[str]:
        return self.stream.getvalue().splitlines()


@pytest.fixture
def written() -> Iterator[Written]:
    """Everything from INFO on, of everybody, through the product's own formatter."""
    told = Written()
    handler, root = logging.StreamHandler(told.stream), logging.getLogger()
    handler.setFormatter(logs._JsonLines())
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield told
    root.removeHandler(handler)
    root.setLevel(level)

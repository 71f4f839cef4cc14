"""A running demo, and phones to tap on."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext

from bench.running import RunningDemo, running_demo
from tests.phone import PHONE, Phone


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDemo]:
    with running_demo(tmp_path_factory.mktemp("demo")) as running:
        yield running


@pytest.fixture(params=[True, False], ids=["scripts on", "scripts off"])
def scripts(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def make_phone(chromium: Browser) -> Iterator[Callable[..., Phone]]:
    """make_phone(scripts=True, width=390, dark=False) → Phone; all are closed afterwards."""
    opened: list[BrowserContext] = []

    def make(*, scripts: bool = True, width: int = 390, dark: bool = False) -> Phone:
        context = chromium.new_context(
            viewport={**PHONE, "width": width}, device_scale_factor=2, has_touch=True, is_mobile=width < 800,
            java_script_enabled=scripts, color_scheme="dark" if dark else "light", locale="en-GB",
        )  # fmt: skip
        context.set_default_timeout(15_000)
        opened.append(context)
        return Phone(context)

    yield make
    for context in opened:
        context.close()

"""Debian's Chromium at phone size, over a running demo. Skipped aloud where there is no Chromium."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.running_demo import RunningDemo, running_demo

PHONE = {"width": 390, "height": 844}
_ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDemo]:
    with running_demo(tmp_path_factory.mktemp("demo")) as running:
        yield running


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no Chromium here: browser tests are not run (apt install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        yield browser
        browser.close()


class Phone:
    """A phone's browser: a page, and every complaint its console made."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", lambda said: self._hear(said.type, said.text))
        self.page.on("pageerror", lambda problem: self.complaints.append(str(problem)))

    def _hear(self, kind: str, text: str) -> None:
        if kind == "error" and "404" not in text:
            self.complaints.append(text)

    def sign_in(self, demo: RunningDemo, role: str) -> Page:
        known = demo.sign_in(role)
        self.page.goto(f"{demo.portal}/sign-in")
        self.page.get_by_label("E-mail").fill(known["email"])
        self.page.get_by_label("Password").fill(known["password"])
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(lambda url: "sign-in" not in url)
        return self.page

    def shoot(self, folder: Path, name: str) -> None:
        self.page.screenshot(path=str(folder / f"{name}.png"), full_page=False)


@pytest.fixture(params=[True, False], ids=["scripts on", "scripts off"])
def scripts(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def make_phone(chromium: Browser) -> Iterator[object]:
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

"""Debian's Chromium at phone size. Skipped aloud where there is no Chromium."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from bench.running import RunningDemo

PHONE = {"width": 390, "height": 844}
_ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
# What is expected of a page may take as long as its other steps may: suites run side by side.
expect.set_options(timeout=15_000)


@contextmanager
def running_chromium() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("NOT TRIED in a browser: no Chromium on this machine (apt install chromium)")
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

"""Debian's Chromium at phone size, and what it really fetched over the wire."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from bench.running import RunningDemo

_ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@contextmanager
def chromium() -> Iterator[Browser | None]:
    """None where there is no Chromium."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        yield None
        return
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        yield browser
        browser.close()


def phone(browser: Browser, cookies: Any = None) -> BrowserContext:
    """An empty cache; with the cookies of somebody who has signed in before."""
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, device_scale_factor=3, has_touch=True, is_mobile=True, locale="en-GB",
        storage_state=cookies,
    )  # fmt: skip
    context.set_default_timeout(15_000)
    return context


def sign_in(browser: Browser, demo: RunningDemo, role: str) -> Any:
    """The cookies of somebody of the first firm who has just signed in."""
    known = demo.sign_in(role)
    context = phone(browser)
    page = context.new_page()
    page.goto(f"{demo.portal}/sign-in")
    page.get_by_label("E-mail").fill(known["email"])
    page.get_by_label("Password").fill(known["password"])
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "sign-in" not in url)
    cookies = context.storage_state()
    context.close()
    return cookies


@dataclass
class Fetched:
    """Everything one visit asked the network for. Bytes are those on the wire, heads of answers included."""

    addresses: dict[str, str] = field(default_factory=dict)  # request id → address
    kinds: dict[str, str] = field(default_factory=dict)
    bytes_of: dict[str, int] = field(default_factory=dict)
    from_cache: set[str] = field(default_factory=set)

    @property
    def requests(self) -> list[str]:
        return [address for id_, address in self.addresses.items() if id_ not in self.from_cache]

    @property
    def bytes(self) -> int:
        return sum(self.bytes_of.get(id_, 0) for id_ in self.addresses if id_ not in self.from_cache)

    @property
    def scripts(self) -> dict[str, int]:
        """address → bytes"""
        return {
            self.addresses[id_]: self.bytes_of.get(id_, 0)
            for id_, kind in self.kinds.items()
            if kind == "Script" and id_ not in self.from_cache
        }

    def foreign(self, home: str) -> set[str]:
        return {urlsplit(address).netloc for address in self.requests} - {urlsplit(home).netloc}


def visit(page: Page, address: str) -> Fetched:
    """Open `address` and wait until the network is quiet."""
    fetched, wire = Fetched(), page.context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.on("Network.requestWillBeSent", lambda event: _note_request(fetched, event))
    wire.on("Network.requestServedFromCache", lambda event: fetched.from_cache.add(event["requestId"]))
    wire.on("Network.responseReceived", lambda event: _note_answer(fetched, event))
    wire.on("Network.loadingFinished", lambda event: _note_end(fetched, event))
    page.goto(address, wait_until="networkidle")
    wire.detach()
    return fetched


def _note_request(fetched: Fetched, event: dict[str, Any]) -> None:
    if event["request"]["url"].startswith("http"):
        fetched.addresses[event["requestId"]] = event["request"]["url"]
        fetched.kinds[event["requestId"]] = event.get("type", "")


def _note_answer(fetched: Fetched, event: dict[str, Any]) -> None:
    if event["response"].get("fromDiskCache"):
        fetched.from_cache.add(event["requestId"])


def _note_end(fetched: Fetched, event: dict[str, Any]) -> None:
    fetched.bytes_of[event["requestId"]] = round(event["encodedDataLength"])

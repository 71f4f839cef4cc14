"""The line drops while something is sent, or a web process stops: nothing is lost, and nothing is done twice."""

import os
import re
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, Route, expect

from bench.running import RunningDemo, wait_until
from tests.phone import Phone

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
AGAIN = "What you typed is here again"


@pytest.mark.parametrize(
    ("job", "reaches"), [("No hot water, flat 4", False), ("Gas safety check", True)], ids=["lost", "arrived"]
)
def test_an_invoice_whose_sending_got_no_answer_is_sent_once(
    demo: RunningDemo, make_phone: Callable[..., Phone], job: str, reaches: bool
) -> None:
    page = make_phone().sign_in(demo, "Field Agent")
    page.get_by_role("link", name=job).click()
    page.get_by_role("button", name="Complete job").click()
    job_page = page.url
    page.get_by_role("link", name="Create invoice").click()
    page.get_by_label("E-mail the link to").fill("typed@example.com")
    page.keyboard.press("Tab")
    expect(page.locator("#going")).to_contain_text("typed@example.com")
    _cut(page, "**/invoices", reaches=reaches)
    page.get_by_role("button", name="Send", exact=True).click()
    page.wait_for_url(re.compile("chrome-error"))
    page.unroute("**/invoices")
    page.go_back()
    if reaches:
        expect(page.get_by_text("Everything on this job has been billed")).to_be_visible()
        page.get_by_role("link", name=re.compile(r"INV-\d+")).click()
    else:
        expect(page.get_by_text(AGAIN)).to_be_visible()
        expect(page.get_by_label("E-mail the link to")).to_have_value("typed@example.com")
        expect(page.locator("#going")).to_contain_text("typed@example.com")
        page.get_by_role("button", name="Send", exact=True).click()
        page.wait_for_url(re.compile(r"/invoices/\d+/sending"))
    page.goto(f"{job_page}/invoices/new")
    expect(page.get_by_role("link", name=re.compile(r"INV-\d+"))).to_have_count(1)


def test_a_long_form_comes_back_once_and_never_for_somebody_elses_next_page(
    demo: RunningDemo, make_phone: Callable[..., Phone]
) -> None:
    page = make_phone().sign_in(demo, "Manager")
    address = f"{demo.portal}/customers/new"
    page.goto(address)
    page.get_by_label("Name", exact=False).first.fill("Typed & Sons")
    page.get_by_label("Town").fill("Leeds")
    page.get_by_label("Country").select_option("IE")
    _cut(page, "**/customers", reaches=False)
    page.get_by_role("button", name="Add customer").click()
    page.wait_for_url(re.compile("chrome-error"))
    page.unroute("**/customers")
    page.go_back()
    expect(page.get_by_text(AGAIN)).to_be_visible()
    expect(page.get_by_label("Town")).to_have_value("Leeds")
    expect(page.get_by_label("Country")).to_have_value("IE")
    page.get_by_role("button", name="Add customer").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Typed & Sons")
    page.go_back()
    page.wait_for_url(address)
    expect(page.get_by_label("Town")).to_have_value("")


def test_no_secret_is_kept_for_later(demo: RunningDemo, make_phone: Callable[..., Phone]) -> None:
    page = make_phone().sign_in(demo, "Administrator")
    page.goto(f"{demo.portal}/payments/settings")
    page.get_by_label("New restricted key").fill("rk_test_secret")
    page.route("**/payments/settings", lambda route: route.fulfill(status=204))  # the page stays as it is
    with page.expect_request("**/payments/settings"):
        page.get_by_role("button", name="Check and connect").click()
    kept = page.evaluate("sessionStorage.getItem('typed')")
    assert "payments/settings" in kept and "rk_test_secret" not in kept


def test_a_web_process_that_is_told_to_stop_drops_no_request(demo: RunningDemo) -> None:
    answers, is_over = list[str](), threading.Event()

    def visit() -> None:
        while not is_over.is_set():
            try:
                answers.append(str(requests.get(demo.facts["pay_link"], timeout=15).status_code))
            except requests.RequestException as problem:
                answers.append(repr(problem))

    threads = [threading.Thread(target=visit) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        before = wait_until(lambda: _web_processes(demo) if len(answers) > 8 else [], 30, "the first answers")
        os.kill(before[0], signal.SIGTERM)
        wait_until(lambda: set(_web_processes(demo)) - set(before), 30, "another web process")
        enough = len(answers) + 12
        wait_until(lambda: len(answers) > enough, 30, "more answers")
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
    assert set(answers) == {"200"}


def _web_processes(demo: RunningDemo) -> list[int]:
    """Those that answer, below the one that starts them."""
    [web] = [pid for pid, words in _below(demo.process.pid) if "granian" in words]
    return sorted(pid for pid, words in _below(web) if "granian" in words)


def _below(parent: int) -> list[tuple[int, str]]:
    """(process id, command line) of a process's children, as Linux tells them."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            told = (folder / "stat").read_text() if folder.name.isdigit() else ""
            if told and int(told.rpartition(")")[2].split()[1]) == parent:
                found.append((int(folder.name), (folder / "cmdline").read_text().replace("\0", " ")))
        except OSError:
            continue  # it has ended meanwhile
    return found


def _cut(page: Page, address: str, *, reaches: bool) -> None:
    """What is posted there gets no answer; `reaches`: though the portal has had it."""

    def cut(route: Route) -> None:
        if reaches and route.request.method == "POST":
            route.fetch(max_redirects=0)
        if route.request.method == "POST":
            route.abort("internetdisconnected")
        else:
            route.fallback()

    page.route(address, cut)

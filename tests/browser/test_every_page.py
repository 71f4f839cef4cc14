"""Every kind of page that a person can reach by links, for people who see badly, zoom in or listen."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page

from bench.running import RunningDemo
from tests.accessibility import complaints
from tests.phone import Phone

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
# What nobody who is signed in sees.
_OUTSIDE = ["/sign-in", "/sign-up", "/forgotten-password"]
# Steps of a set-up that no link leads to once it is done.
_BESIDES = ["/books/setup", "/books/setup/match", "/books/setup/taxes", "/books/questions", "/books/reconciliation"]


@pytest.mark.parametrize(("role", "least"), [("Administrator", 70), ("Field Agent", 15)])
def test_no_page_shuts_anybody_out(demo: RunningDemo, make_phone: Callable[..., Phone], role: str, least: int) -> None:
    page = make_phone().sign_in(demo, role)
    said, kinds = {}, set[str]()
    for path in _reachable(demo, page):
        kinds.add(_kind(path))
        if found := complaints(page):
            said[path] = found
    assert said == {}
    assert len(kinds) >= least


def test_no_page_shuts_out_who_is_not_signed_in(demo: RunningDemo, make_phone: Callable[..., Phone]) -> None:
    page = make_phone().page
    for path in _OUTSIDE:
        answer = page.goto(demo.portal + path)
        assert answer is not None and answer.ok
        assert (path, complaints(page)) == (path, [])


def _reachable(demo: RunningDemo, page: Page) -> Iterator[str]:
    """One address of each kind, while `page` shows it."""
    waiting, seen = [page.url.removeprefix(demo.portal), *_BESIDES], set[str]()
    while waiting:
        path = waiting.pop(0)
        if _kind(path) in seen or re.search(r"\.(pdf|xml|csv|zip)$|sign-out", path.partition("?")[0]):
            continue
        seen.add(_kind(path))
        answer = page.goto(demo.portal + path)
        if answer is None or answer.status >= 400 or "html" not in answer.headers.get("content-type", ""):
            continue
        yield path
        waiting += page.eval_on_selector_all("a[href^='/']", "links => links.map(link => link.getAttribute('href'))")


def _kind(path: str) -> str:
    """The address without numbers, keys and values: two pages of a kind are built alike."""
    path, _, asked = path.partition("#")[0].partition("?")
    names = sorted(each.partition("=")[0] for each in asked.split("&"))
    return re.sub(r"\d+", "…", path) + "?" + "&".join(names)

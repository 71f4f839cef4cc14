"""What a phone fetches over the wire, as Chromium counts it: bytes, requests, third parties."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import urljoin

import requests
from playwright.sync_api import Browser

from bench.browser import Fetched, phone, sign_in, visit
from bench.figures import Figure, at_most, shown_only, table
from bench.running import RunningDemo
from bench.stage import Stage

KB = 1024
_FRAGMENT = {"HX-Request": "true", "Accept-Encoding": "gzip, deflate, br"}


@dataclass
class Walk:
    """The technician's pages: each on a first visit and again, and the fragments they can ask for."""

    first: dict[str, Fetched] = field(default_factory=dict)
    again: dict[str, Fetched] = field(default_factory=dict)
    fragments: dict[str, int] = field(default_factory=dict)  # address → bytes


def measure(stage: Stage) -> list[Figure]:
    if stage.chromium is None:
        return [shown_only("Page weight", "not measured: no Chromium here (apt install chromium)")]
    pay_page = _pay_page(stage.chromium, stage.demo)
    walk = _walk(stage.chromium, stage.demo)
    _print(pay_page, walk, stage.demo.portal)
    scripts = {name: size for each in (pay_page, *walk.first.values()) for name, size in each.scripts.items()}
    return [*_pay_page_figures(pay_page, stage.demo), *_staff_figures(walk), _script_figure(scripts)]


def _pay_page(browser: Browser, demo: RunningDemo) -> Fetched:
    context = phone(browser)
    fetched = visit(context.new_page(), demo.facts["pay_link"])
    context.close()
    return fetched


def _walk(browser: Browser, demo: RunningDemo) -> Walk:
    """Every kind of page that today's jobs lead to, each with an empty cache first and then with a full one."""
    cookies, walk = sign_in(browser, demo, "Field Agent"), Walk()
    waiting, seen = ["/today", *_prepare(browser, demo, cookies), "/invoices"], set[str]()
    while waiting:
        path = waiting.pop(0)
        if (kind := re.sub(r"\d+", "…", path)) in seen:
            continue
        seen.add(kind)
        context = phone(browser, cookies)
        page = context.new_page()
        walk.first[path] = visit(page, demo.portal + path)
        walk.again[path] = visit(page, demo.portal + path)
        waiting += _links(page.content())
        for fragment in _fragments(page.content()):
            walk.fragments[fragment] = _size_of_fragment(demo.portal + fragment, cookies)
        context.close()
    return walk


def _prepare(browser: Browser, demo: RunningDemo, cookies: Any) -> list[str]:
    """One job of today done, another billed: pages that only these lead to."""
    context = phone(browser, cookies)
    page, paths = context.new_page(), []
    page.goto(f"{demo.portal}/today")
    jobs = sorted(set(re.findall(r'href="(/work-orders/\d+)"', page.content())))
    for path in jobs[:2]:
        page.goto(demo.portal + path)
        page.get_by_role("button", name="Complete job").click()
        page.get_by_role("link", name="Create invoice").click()
        page.wait_for_url(re.compile(r"/invoices/new"))
        paths += [path, page.url.removeprefix(demo.portal)]
    page.get_by_role("button", name="Send", exact=True).click()
    page.wait_for_url(re.compile(r"/invoices/\d+/sending"))
    paths.append(page.url.removeprefix(demo.portal))
    context.close()
    return [paths[0], paths[1], paths[-1], paths[-1].removesuffix("/sending")]


def _links(html: str) -> Iterator[str]:
    for address in re.findall(r'<a[^>]* href="(/[^"#?]*)', html):
        if re.match(r"/(work-orders|invoices)/\d+(/(lines|invoices)/new|/sending)?$|/people/me", address):
            yield unescape(address)


def _fragments(html: str) -> list[str]:
    return [unescape(address) for address in re.findall(r'hx-get="([^"]+)"', html)]


def _size_of_fragment(address: str, cookies: Any) -> int:
    """Head and body as sent, compressed."""
    jar = {each["name"]: each["value"] for each in cookies["cookies"]}
    with requests.get(urljoin(address, ""), headers=_FRAGMENT, cookies=jar, stream=True, timeout=10) as answer:
        answer.raise_for_status()
        head = sum(len(name) + len(value) + 4 for name, value in answer.headers.items())
        return head + len(answer.raw.read(decode_content=False))


def _print(pay_page: Fetched, walk: Walk, portal: str) -> None:
    rows: list[tuple[object, ...]] = [("pay page", pay_page.bytes, len(pay_page.requests), "", "")]
    rows += [
        (path, first.bytes, len(first.requests), walk.again[path].bytes, len(walk.again[path].requests))
        for path, first in walk.first.items()
    ]
    print(table(("Page", "first, bytes", "requests", "again, bytes", "requests"), rows))
    print(table(("Part of a page", "bytes"), list(walk.fragments.items())))
    sizes = [(address, pay_page.bytes_of.get(id_, 0)) for id_, address in pay_page.addresses.items()]
    print(table(("Fetched by the pay page", "bytes"), [(a.removeprefix(portal)[:60], size) for a, size in sizes]))


def _pay_page_figures(fetched: Fetched, demo: RunningDemo) -> list[Figure]:
    foreign = fetched.foreign(demo.portal)
    return [
        at_most("Pay page, first visit", fetched.bytes / KB, 40, " KB"),
        at_most("Pay page, requests", len(fetched.requests), 5),
        at_most("Pay page, third parties", len(foreign), 0, note=f" {', '.join(sorted(foreign))}".rstrip()),
    ]


def _staff_figures(walk: Walk) -> list[Figure]:
    first, again = max(walk.first.items(), key=_weight), max(walk.again.items(), key=_weight)
    fragment = max(walk.fragments.items(), key=lambda each: each[1])
    return [
        at_most("Technician's page, first visit", first[1].bytes / KB, 80, " KB", note=f" ({first[0]})"),
        at_most("Technician's page, requests", max(len(each.requests) for each in walk.first.values()), 8),
        at_most("Technician's page again", again[1].bytes / KB, 12, " KB", note=f" ({again[0]})"),
        at_most("Technician's page again, requests", max(len(each.requests) for each in walk.again.values()), 2),
        at_most("Part of a page", fragment[1] / KB, 4, " KB", note=f" ({fragment[0]})"),
    ]


def _weight(each: tuple[str, Fetched]) -> int:
    return each[1].bytes


def _script_figure(scripts: dict[str, int]) -> Figure:
    names = sorted({address.rpartition("/")[2] for address in scripts})
    return at_most("Script in all", sum(scripts.values()) / KB, 30, " KB", note=f" ({', '.join(names)})")

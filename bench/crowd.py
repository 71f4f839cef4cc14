"""Fifty requests a second at the running demo, whoever is still being served: how long 95 in 100 wait at most."""

from concurrent.futures import ThreadPoolExecutor
from threading import local
from time import perf_counter, sleep

import requests

from bench.browser import sign_in
from bench.figures import Figure, at_most
from bench.stage import Stage

_A_SECOND, _SECONDS, _AT_ONCE = 50, 12, 40
PAGE_MS, PART_MS = 150.0, 60.0
_ENCODING = {"Accept-Encoding": "gzip, br"}


def measure(stage: Stage) -> list[Figure]:
    """The demo and those who ask share this machine's processors."""
    demo = stage.demo
    pages = [demo.facts["pay_link"]]
    part, cookies = "", {}
    if stage.chromium is not None:
        jar = sign_in(stage.chromium, demo, "Manager")
        cookies = {each["name"]: each["value"] for each in jar["cookies"]}
        pages += [f"{demo.portal}{path}" for path in ("/board", "/invoices", "/today")]
        part = f"{demo.portal}/invoices?q=a"
    figures = [_figure("Pages", pages, {}, cookies, PAGE_MS)]
    if part:
        figures.append(_figure("Parts of a page", [part], {"HX-Request": "true"}, cookies, PART_MS))
    return figures


def _figure(what: str, addresses: list[str], headers: dict[str, str], cookies: dict[str, str], most: float) -> Figure:
    waited = _waits(addresses, {**_ENCODING, **headers}, cookies)
    note = f" (median {waited[len(waited) // 2]:.0f} ms)"
    return at_most(
        f"{what}, {_A_SECOND} a second: 95 in 100 served within",
        waited[int(len(waited) * 0.95)],
        most,
        " ms",
        note=note,
    )


def _waits(addresses: list[str], headers: dict[str, str], cookies: dict[str, str]) -> list[float]:
    """Milliseconds from when a request was due to its last byte, in order: one that had to queue is not forgiven."""
    own, began = local(), perf_counter() + 0.5

    def ask(number: int) -> float:
        session = own.__dict__.setdefault("session", requests.Session())
        due = began + number / _A_SECOND
        sleep(max(0.0, due - perf_counter()))
        answer = session.get(addresses[number % len(addresses)], headers=headers, cookies=cookies, timeout=15)
        answer.raise_for_status()
        return (perf_counter() - due) * 1000

    with ThreadPoolExecutor(_AT_ONCE) as people:
        waited = list(people.map(ask, range(_A_SECOND * (_SECONDS + 2))))
    return sorted(waited[_A_SECOND * 2 :])  # the first two seconds open connections

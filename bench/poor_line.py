"""What a slow phone on a poor line sees: when the largest part stands, how much jumps, how long a tap waits."""

from dataclasses import dataclass
from statistics import median
from typing import Any

from playwright.sync_api import Browser, Page

from bench.browser import phone, sign_in
from bench.figures import Figure, at_most, shown_only, table
from bench.running import RunningDemo
from bench.stage import Stage

_CPU, _VISITS = 4, 5
_WATCH = """
const seen = (window.seen = { lcp: 0, cls: 0, tbt: 0, inp: 0 });
const watch = (type, note, more) =>
  new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({ type, buffered: true, ...more });
watch("largest-contentful-paint", (entry) => { seen.lcp = entry.startTime; });
watch("layout-shift", (entry) => { if (!entry.hadRecentInput) seen.cls += entry.value; });
watch("longtask", (entry) => { seen.tbt += entry.duration - 50; });
watch("event", (entry) => { seen.inp = Math.max(seen.inp, entry.duration); }, { durationThreshold: 16 });
"""


@dataclass(frozen=True)
class Line:
    name: str
    round_trip_ms: int
    kilobits: int
    lcp_s: float


LINES = (Line("slow 4G", 150, 1600, 1.2), Line("3G", 400, 400, 2.5))


def measure(stage: Stage) -> list[Figure]:
    """Medians of first visits with an empty cache, the processor held back to a quarter."""
    if stage.chromium is None:
        return [shown_only("A poor line", "not measured: no Chromium here (apt install chromium)")]
    demo, cookies = stage.demo, sign_in(stage.chromium, stage.demo, "Field Agent")
    pages = {"pay page": (demo.facts["pay_link"], None), "job": (_job(stage.chromium, demo, cookies), cookies)}
    seen = {
        (name, line): _visits(stage.chromium, line, address, who)
        for name, (address, who) in pages.items()
        for line in LINES
    }
    print(table(
        ("Page", "line", "LCP, ms", "CLS", "blocked, ms", "tap, ms"),
        [(name, line.name, round(each["lcp"]), f"{each['cls']:.3f}", round(each["tbt"]), round(each["inp"]))
         for (name, line), each in seen.items()],
    ))  # fmt: skip
    return [*_largest(seen), *_worst(seen)]


def _largest(seen: dict[tuple[str, Line], dict[str, float]]) -> list[Figure]:
    return [
        at_most(f"Largest part of the {name} stands, {line.name}", each["lcp"] / 1000, line.lcp_s, " s")
        for (name, line), each in seen.items()
    ]


def _worst(seen: dict[tuple[str, Line], dict[str, float]]) -> list[Figure]:
    worst = {key: max(each[key] for each in seen.values()) for key in ("cls", "tbt", "inp")}
    return [
        at_most("Layout that jumps", worst["cls"], 0.02),
        at_most("Time in which a page cannot answer", worst["tbt"], 50.0, " ms"),
        at_most("From a tap to its picture", worst["inp"], 100.0, " ms"),
    ]


def _job(browser: Browser, demo: RunningDemo, cookies: Any) -> str:
    context = phone(browser, cookies)
    page = context.new_page()
    page.goto(f"{demo.portal}/today")
    address = page.locator("a[href^='/work-orders/']").first.get_attribute("href")
    context.close()
    return f"{demo.portal}{address}"


def _visits(browser: Browser, line: Line, address: str, cookies: Any) -> dict[str, float]:
    looks = [_visit(browser, line, address, cookies) for _ in range(_VISITS)]
    return {key: median(look[key] for look in looks) for key in looks[0]}


def _visit(browser: Browser, line: Line, address: str, cookies: Any) -> dict[str, float]:
    context = phone(browser, cookies)
    page = context.new_page()
    page.add_init_script(_WATCH)
    _hold_back(page, line)
    page.goto(address, wait_until="networkidle")
    _tap(page)
    found: dict[str, float] = page.evaluate("window.seen")
    context.close()
    return found


def _hold_back(page: Page, line: Line) -> None:
    wire, bytes_a_second = page.context.new_cdp_session(page), line.kilobits * 1000 / 8
    wire.send("Network.enable")
    wire.send("Network.emulateNetworkConditions", {
        "offline": False, "latency": line.round_trip_ms, "downloadThroughput": bytes_a_second,
        "uploadThroughput": bytes_a_second,
    })  # fmt: skip
    wire.send("Emulation.setCPUThrottlingRate", {"rate": _CPU})


def _tap(page: Page) -> None:
    """What opens in place; then two pictures more, so that the tap's own has been counted."""
    page.locator("summary:visible").last.tap()
    page.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"
    )

"""Jobs per second of one worker, and what a web and a worker process of the running demo weigh."""

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

import requests
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer

from bench.figures import Figure, at_most, shown_only, table, take_turns
from bench.firm import make_firm
from bench.running import RunningDemo
from bench.stage import Stage
from portal.shared import queues

AIM_MB = 150
NO_OP = "operator.neg"
_ROUNDS, _JOBS = 5, 40
_PAGES, _FILES = 60, 8


def measure(stage: Stage) -> list[Figure]:
    return [*_jobs(stage), *_memory(stage.demo)]


def _jobs(stage: Stage) -> list[Figure]:
    """The same SimpleWorker as in workers/run.py, emptying a queue in this process; nothing is due for the firm."""
    url, organisation_id = stage.product.redis.url, make_firm(1).organisation_id
    names = {"no-op": NO_OP, **{name: queues.JOBS[name] for name in ("mail", "mirror", "payments")}}
    stage.product.redis.flush()
    deeds = [lambda job=job: _empty(url, job, organisation_id) for job in names.values()]  # type: ignore[misc]
    rates = dict(zip(names, [_JOBS / each for each in take_turns(_ROUNDS, *deeds)], strict=True))
    print(table(("Job with nothing to do", "a second"), [(name, round(rate)) for name, rate in rates.items()]))
    shown = ", ".join(f"{name} {rate:.0f}" for name, rate in rates.items() if name != "no-op")
    share = min(rate for name, rate in rates.items() if name != "no-op") / rates["no-op"]
    return [
        shown_only("Jobs a second of one worker", f"{shown}; a no-op {rates['no-op']:.0f}"),
        shown_only("Slowest job ÷ RQ's no-op", f"{share:.2f}"),
    ]


class _TimedWorker(SimpleWorker):  # type: ignore[misc]
    """Knows when each job ended: RQ takes up to a second to close a worker, which is not the jobs' time."""

    def execute_job(self, job: Any, queue: Any) -> None:
        super().execute_job(job, queue)
        self.ended: list[float] = [*getattr(self, "ended", []), perf_counter()]


def _empty(url: str, job: str, organisation_id: int) -> float:
    redis = queues.connect_worker(url)
    queue = Queue("bench", connection=redis, serializer=JSONSerializer)
    for _ in range(_JOBS + 1):
        queue.enqueue(job, organisation_id, result_ttl=0, failure_ttl=60)
    worker = _TimedWorker([queue], connection=redis, serializer=JSONSerializer)
    with _own_signals():
        worker.work(burst=True, logging_level="WARNING")
    if queue.count or queue.failed_job_registry.count:
        raise AssertionError(f"{job}: {queue.count} left, {queue.failed_job_registry.count} failed")
    redis.close()
    return worker.ended[-1] - worker.ended[0]


@contextmanager
def _own_signals() -> Iterator[None]:
    """RQ's worker takes Ctrl-C for itself and does not give it back."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def _memory(demo: RunningDemo) -> list[Figure]:
    """After use: pages, and PDFs, which load the fonts."""
    for count, path in ((_PAGES, ""), (_FILES, "/invoice.pdf")):
        for _ in range(count):  # a connection each, so that both web processes get their share
            requests.get(demo.facts["pay_link"] + path, timeout=20).raise_for_status()
    weights = {name: weight for name, weight in _weights(demo.process.pid).items() if name}
    print(table(("Process", "PSS in MB"), [(name, round(weight)) for name, weight in sorted(weights.items())]))
    heaviest = {kind: max(w for name, w in weights.items() if name.startswith(kind)) for kind in ("web", "worker")}
    return [
        at_most("Memory of a web process after pages and PDFs", round(heaviest["web"]), AIM_MB, " MB"),
        at_most("Memory of a worker process", round(heaviest["worker"]), AIM_MB, " MB"),
    ]


def _weights(launcher: int) -> dict[str, float]:
    """Name → proportional set size in MB, of the portal's processes under the demo's launcher."""
    found: dict[str, float] = {}
    for pid, parent in _descendants(launcher):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        name = _name(words, is_child="granian" in Path(f"/proc/{parent}/cmdline").read_text())
        pss = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
        if name and pss:
            found[name if name not in found else f"{name} (process {pid})"] = int(pss[1]) / 1024
    return found


def _name(words: str, *, is_child: bool) -> str:
    if "granian" in words:
        return "web" if is_child else "granian's own"
    worker = re.search(r"portal (worker \w+|schedule)", words)
    return worker[1] if worker else ""


def _descendants(root: int) -> Iterator[tuple[int, int]]:
    """(process, its parent)"""
    for child in Path(f"/proc/{root}/task").glob("*/children"):
        for pid in map(int, child.read_text().split()):
            yield pid, root
            yield from _descendants(pid)

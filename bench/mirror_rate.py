"""How fast the mirror is when Zoho answers at once, what 10,000 invoices cost to reconcile, how soon a payment arrives.

The payment is timed while everything else goes over as well, with the stand-in that keeps books.
"""

import math
import os
import resource
import select
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from statistics import median, quantiles

import requests
from rq import Worker
from sqlalchemy import select as query
from sqlalchemy import text

from bench import zoho_calls
from bench.figures import Figure, at_most, shown_only, table
from bench.firm import Firm, add_a_customer, add_a_job, bill, make_firm, pay
from bench.product import Product
from bench.running import ROOT, wait_until
from bench.stage import Stage
from portal.accounting import link as linking
from portal.accounting.link import live_link
from portal.accounting.mirror.drain import drain
from portal.accounting.reconciliation import reading
from portal.accounting.reconciliation.models import DriftRow, Reconciliation
from portal.accounting.rules import Candidate
from portal.gateways.zoho.consent import Tokens
from portal.shared import clock, queues
from portal.shared.running import here, job_session

FIRMS, CUSTOMERS = 4, 100
INVOICES, PER_PAGE = 10_000, 200
PAYMENTS, BACKFILL = 20, 400
_LISTS_WITHOUT_ROWS = 4  # customers, items, payments and credit notes are asked for once each
_MOST_GROWTH_MB = 40


def measure(stage: Stage) -> list[Figure]:
    return [*_rates(stage.product), *_reconciliation(stage.product), *_delay(stage.product)]


def _rates(product: Product) -> list[Figure]:
    """Several firms, as one firm is one worker's at a time, brought over by one, two and four that are ready."""
    rates = {}
    for workers in (1, 2, 4):
        with instant_zoho() as address:
            point_at(product, address)
            firms = [_filled() for _ in range(FIRMS)]
            with _workers(product, workers):
                began = time.perf_counter()
                for firm in firms:
                    queues.ring("mirror", firm.organisation_id)
                wait_until(lambda firms=firms: not any(map(zoho_calls.is_open, firms)), 300, "the customers")  # type: ignore[misc]
            rates[workers] = FIRMS * CUSTOMERS / (time.perf_counter() - began)
    print(table(("Workers", "records a second"), [(count, round(rate)) for count, rate in rates.items()]))
    shown = ", ".join(f"{rate:.0f} with {count}" for count, rate in rates.items())
    return [shown_only("Records mirrored a second, Zoho answering at once", shown)]


def _reconciliation(product: Product) -> list[Figure]:
    today = clock.today("Europe/London").isoformat()
    with instant_zoho("--invoices", str(INVOICES), "--day", today) as address:
        point_at(product, address)
        firm = make_firm(1)
        link_directly(firm)
        _settle_all(firm)
        _write_invoices(firm)
        before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
        with job_session(firm.organisation_id) as session:
            link = live_link(session)
            if link is None:
                raise LookupError("the firm is not linked")
            reading.begin(session, link, "bench")
        while not _is_reconciled(firm):
            drain(firm.organisation_id)
        seconds = time.perf_counter() - began
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        calls = Counter(requests.get(f"{address}/_calls", timeout=10).json())
    least = math.ceil(INVOICES / PER_PAGE) + _LISTS_WITHOUT_ROWS
    return [
        at_most(
            f"Zoho calls to reconcile {INVOICES:,} invoices", calls.total(), least, note=" (the API allows no fewer)"
        ),
        shown_only(f"Time to reconcile {INVOICES:,} invoices, Zoho answering at once", f"{seconds:.1f} s"),
        at_most("Memory that it takes more", round(grown), _MOST_GROWTH_MB, " MB"),
    ]


def _delay(product: Product) -> list[Figure]:
    """The stand-in that keeps books, one worker, and customers going over all the while."""
    with zoho_calls.running_zoho() as zoho, ExitStack() as stack:
        point_at(product, zoho.address)
        firm = make_firm()
        zoho_calls.link_to(firm, zoho)
        with job_session(firm.organisation_id) as session:
            jobs = [add_a_job(session, firm) for _ in range(PAYMENTS)]
        made = [bill(firm, job, email="") for job in jobs]
        zoho_calls.bring_over(firm)
        with job_session(firm.organisation_id) as session:
            for number in range(BACKFILL):
                add_a_customer(session, firm, f"Customer {number}")
        stack.enter_context(_workers(product, 1))
        queues.ring("mirror", firm.organisation_id)
        delays = [_seconds_into_the_books(firm, zoho, invoice_id, at) for at, invoice_id in enumerate(made, 1)]
        if not zoho_calls.is_open(firm):
            raise AssertionError("the backfill was over before the payments were: nothing was measured")
    longest = quantiles(delays, n=100)[-1]
    return [
        shown_only("Payment to record in the books during a backfill, median", f"{median(delays):.2f} s"),
        at_most("Payment to record in the books during a backfill, 99th percentile", round(longest, 2), 10.0, " s"),
    ]


def _seconds_into_the_books(firm: Firm, zoho: zoho_calls.Zoho, invoice_id: int, count: int) -> float:
    began = time.perf_counter()
    pay(firm, invoice_id)
    path = f"/orgs/{zoho.organisation}/records?module=customerpayments"
    wait_until(lambda: len(zoho.control("GET", path)["customerpayments"]) >= count, 60, "the payment in the books")
    return time.perf_counter() - began


def point_at(product: Product, address: str) -> None:
    product.reconfigure(
        ZOHO_BASE_ADDRESS=address, ZOHO_CLIENT_ID=zoho_calls.CLIENT["client_id"], ZOHO_CLIENT_SECRET="a secret",
        ZOHO_CALLS_PER_MINUTE="10000",
    )  # fmt: skip
    queues.use(here().redis)


def _filled() -> Firm:
    """A linked firm with customers that have not gone over yet; its one item and its taxes go with them."""
    firm = make_firm(1)
    with job_session(firm.organisation_id) as session:
        for number in range(CUSTOMERS):
            add_a_customer(session, firm, f"Customer {number}")
    link_directly(firm)
    return firm


def link_directly(firm: Firm) -> None:
    candidate = Candidate(f"9{firm.organisation_id:07}", "Books", "books", "GBP", "GB", "")
    with job_session(firm.organisation_id) as session:
        granted = Tokens("1000.access", "1000.refresh", "ZohoBooks.fullaccess.all", 3600)
        consent = linking.keep_consent(session, firm.organisation_id, "eu", granted)
        linking.attach(session, consent, candidate, connected_by=None)


def _settle_all(firm: Firm) -> None:
    """Nothing of it is to go over: only the reconciliation is measured."""
    with job_session(firm.organisation_id) as session:
        session.execute(text("UPDATE outbox SET is_settled = true, changed_at = clock_timestamp() - interval '1 day'"))


def _write_invoices(firm: Firm) -> None:
    """Sent, and in the books under the ids that the stand-in gives them; straight into the tables."""
    with job_session(firm.organisation_id) as session:
        values = {"of": firm.organisation_id, "customer": firm.customer_id, "most": INVOICES,
                  "today": clock.today("Europe/London")}  # fmt: skip
        session.execute(text(_INVOICES), values)
        session.execute(text(_MIRRORED), values)


_INVOICES = """
    INSERT INTO invoices (organisation_id, number, customer_id, status, currency, reference, title, work_done,
                          issued_on, due_on, terms_days, bill_to, subtotal_minor, tax_minor, total_minor, revision,
                          void_reason)
    SELECT :of, 'INV-' || lpad(n::text, 5, '0'), :customer, 'sent', 'GBP', '', '', '', :today, :today, 0, '{}',
           19650, 3930, 23580, 1, ''
      FROM generate_series(1, :most) n
"""
_MIRRORED = """
    INSERT INTO mirror_records (organisation_id, link_id, module, local_id, remote_id, remote_number, remote_status,
                                state, version_pushed, attempts, waits_for, last_error, last_error_code)
    SELECT :of, l.id, 'invoice', i.id, (1000000000000 + right(i.number, 5)::bigint)::text, i.number, 'sent', 'in_step',
           1, 0, '', '', ''
      FROM invoices i, links l
"""


def _is_reconciled(firm: Firm) -> bool:
    with job_session(firm.organisation_id) as session:
        run = session.scalars(query(Reconciliation)).one()
        if run.finished_at is None:
            return False
        # Its one customer and item were never sent: they differ, and no invoice does.
        differ = session.scalars(query(DriftRow.label).where(DriftRow.module == "invoice").limit(3)).all()
        if run.stage != "done" or differ:
            raise AssertionError(f"{run.stage} {run.words} {differ}")
        return True


@contextmanager
def _workers(product: Product, count: int) -> Iterator[None]:
    argv = [sys.executable, "-m", "portal", "worker", "mirror"]
    before = _at_work()
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **product.environ}
    with ExitStack() as stack:
        for _ in range(count):
            process = subprocess.Popen(argv, cwd=ROOT, env=environ, stderr=subprocess.DEVNULL)
            stack.callback(process.wait)
            stack.callback(process.kill)
        wait_until(lambda: len(_at_work() - before) == count, 120, "the workers")
        yield


def _at_work() -> set[str]:
    """Names of all workers that have said they are ready; those killed earlier are still among them."""
    return {worker.name for worker in Worker.all(connection=here().redis)}


@contextmanager
def instant_zoho(*options: str) -> Iterator[str]:
    argv = [sys.executable, "-m", "bench.instant_zoho", *options]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            if process.stdout is None:
                raise RuntimeError("it cannot be heard")
            select.select([process.stdout], [], [], 20)
            yield process.stdout.readline().strip()
        finally:
            process.kill()

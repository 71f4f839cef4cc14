"""What it takes to bring over the customers of a large firm: calls, time, memory. Zoho answers at once.

make bench ARGS=backfill          20,000 customers
make bench ARGS=backfill_longer   100,000
"""

import resource
import time
from collections import Counter

import requests
from sqlalchemy import text

from bench import zoho_calls
from bench.figures import Figure, at_most, shown_only
from bench.firm import Firm, make_firm
from bench.mirror_rate import instant_zoho, link_directly, point_at
from bench.product import Product
from bench.stage import Stage
from portal.accounting.mirror.drain import drain
from portal.customers.models import Customer
from portal.shared.running import job_session

CUSTOMERS = 20_000
_WARM_AFTER_S, _MOST_GROWTH_MB = 20, 40


def measure(stage: Stage) -> list[Figure]:
    return bring_over(stage.product, CUSTOMERS)


def bring_over(product: Product, customers: int) -> list[Figure]:
    """In this process, as one worker does it: turn after turn."""
    with instant_zoho() as address:
        point_at(product, address)
        firm = make_firm(1)
        _write_customers(firm, customers)
        link_directly(firm)
        began, warm = time.perf_counter(), 0
        while zoho_calls.is_open(firm):
            drain(firm.organisation_id)
            if not warm and time.perf_counter() - began > _WARM_AFTER_S:
                warm = _most_memory()
        seconds = time.perf_counter() - began
        calls = Counter(requests.get(f"{address}/_calls", timeout=10).json())
    of_customers = sum(count for call, count in calls.items() if "/contacts" in call)
    return [
        at_most(f"Zoho calls to bring over {customers:,} customers", of_customers, customers + 1,
                note=" (the API allows one each)"),
        shown_only(f"Time to bring over {customers:,} customers, one worker",
                   f"{seconds:.0f} s, {customers / seconds:.0f} a second"),
        at_most("Memory that it takes more after the first seconds",
                round((_most_memory() - (warm or _most_memory())) / 1024), _MOST_GROWTH_MB, " MB"),
    ]  # fmt: skip


def _most_memory() -> int:
    """So far, in kilobytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _write_customers(firm: Firm, customers: int) -> None:
    """Copies of the one that is there, straight into the tables, with the change that each of them is."""
    names = [
        column.name
        for column in Customer.__table__.columns
        if column.name not in ("id", "created_at") and column.computed is None
    ]
    other = {"name": "'Customer ' || n", "number": "'B-' || n", "form_id": "NULL"}
    chosen = ", ".join(other.get(name, f"c.{name}") for name in names)
    with job_session(firm.organisation_id) as session:
        values = {"one": firm.customer_id, "most": customers - 1}
        session.execute(
            text(f"INSERT INTO customers ({', '.join(names)}) SELECT {chosen}"
                 " FROM customers c, generate_series(1, :most) n WHERE c.id = :one"), values,
        )  # fmt: skip
        session.execute(
            text("INSERT INTO outbox (organisation_id, subject, subject_id, version)"
                 " SELECT organisation_id, 'customer', id, 1 FROM customers ON CONFLICT DO NOTHING")
        )  # fmt: skip

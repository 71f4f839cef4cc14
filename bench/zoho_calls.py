"""Calls to Zoho per paid invoice of a known customer with known items, counted by the stand-in that answers them."""

import itertools
import re
import select
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import requests
from sqlalchemy import select as select_rows

from bench.figures import Figure, at_most, table
from bench.firm import Firm, add_a_customer, add_a_job, bill, make_firm, pay
from bench.running import ROOT
from bench.stage import Stage
from portal.accounting import link as linking
from portal.accounting.mirror.drain import drain
from portal.customers.actions import CustomerFacts, edit_customer
from portal.customers.models import Customer
from portal.customers.queries import get_customer
from portal.gateways.zoho.consent import Tokens
from portal.shared.outbox import Change
from portal.shared.running import job_session

TARGET, ROUND, BACKFILL = 3.0, 20, 50
# Zoho has no call that makes several invoices or payments; "mark as sent" takes many at once.
LEAST_PER_INVOICE, LEAST_PER_ROUND = 2, 1
CLIENT: dict[str, Any] = {
    "client_id": "1000.BENCH",
    "client_secret": "a secret",
    "dc": "eu",
    "multi_dc": True,
    "redirect_uris": [],
}
_USER = "books@firm.example"
_linked = itertools.count(1)


@dataclass
class Zoho:
    """The stand-in, over HTTP only."""

    address: str
    organisation: str = ""

    def control(self, method: str, path: str, **body: Any) -> Any:
        answer = requests.request(method, f"{self.address}/_control{path}", json=body or None, timeout=10)
        answer.raise_for_status()
        return answer.json()

    def calls(self) -> Counter[str]:
        """What was asked since the last forgetting, ids left out."""
        asked = self.control("GET", "/requests")["requests"]
        return Counter(f"{each['method']} {re.sub(r'[0-9]{6,}', '…', each['path'])}" for each in asked)

    def forget_calls(self) -> None:
        self.control("DELETE", "/requests")


def measure(stage: Stage) -> list[Figure]:
    with running_zoho() as zoho:
        stage.product.reconfigure(
            ZOHO_BASE_ADDRESS=zoho.address, ZOHO_CLIENT_ID=CLIENT["client_id"], ZOHO_CLIENT_SECRET="a secret",
            ZOHO_CALLS_PER_MINUTE="10000",  # what is counted is how many, not how fast
        )  # fmt: skip
        firm = make_firm()
        link_to(firm, zoho)
        _count(firm, zoho, 1)  # afterwards customer, items and tax are known there
        alone, at_once = _count(firm, zoho, 1), _count(firm, zoho, ROUND)
        late = _count(firm, zoho, 1, drain_between=True)
        edit, person = _edit(firm, zoho, _other_terms), _edit(firm, zoho, _other_email)
        idle, backfill = _idle(firm, zoho), _backfill(firm, zoho)
    kinds = sorted(alone | at_once | late)
    print(
        table(("Call", "alone", f"{ROUND} at once", "paid later"), [(k, alone[k], at_once[k], late[k]) for k in kinds])
    )
    least = (ROUND * LEAST_PER_INVOICE + LEAST_PER_ROUND) / ROUND
    return [
        at_most("Zoho calls per paid invoice, alone", float(alone.total()), TARGET, note=" (the API allows 3)"),
        at_most("Zoho calls per invoice, paid after it was mirrored", float(late.total()), TARGET,
                note=" (the API allows 3)"),
        at_most(f"Zoho calls per paid invoice, {ROUND} in a round", at_once.total() / ROUND, TARGET,
                note=f" (the API allows {least:.2f})"),
        at_most("Zoho calls per edited customer", edit, 1, note=" (the API allows 1)"),
        at_most("Zoho calls per edited contact person", person, 2, note=" (read first: whom only Zoho knows stays)"),
        at_most("Zoho calls when nothing has changed", idle, 0, note=" (the API allows 0)"),
        at_most(f"Zoho calls per record, {BACKFILL} new customers", backfill / BACKFILL, 1.0,
                note=" (the API allows 1)"),
    ]  # fmt: skip


def _edit(firm: Firm, zoho: Zoho, change: Callable[[Customer, int], CustomerFacts]) -> int:
    """The calls of one customer edited five times before anybody looked."""
    zoho.forget_calls()
    for count in range(5):
        with job_session(firm.organisation_id) as session:
            customer = get_customer(session, firm.customer_id)
            edit_customer(session, customer, change(customer, count))
    bring_over(firm)
    return zoho.calls().total()


def _other_terms(customer: Customer, count: int) -> CustomerFacts:
    person = next(iter(customer.contacts), None)
    first, last = (person.first_name, person.last_name) if person else ("", "")
    facts = CustomerFacts(customer.kind, customer.name, customer.email, customer.phone, first, last)
    return replace(facts, payment_terms_days=20 + count)


def _other_email(customer: Customer, count: int) -> CustomerFacts:
    return CustomerFacts("business", customer.name, f"desk{count}@maple.example")


def _idle(firm: Firm, zoho: Zoho) -> int:
    zoho.forget_calls()
    for _ in range(3):
        drain(firm.organisation_id)
    return zoho.calls().total()


def _backfill(firm: Firm, zoho: Zoho) -> int:
    zoho.forget_calls()
    with job_session(firm.organisation_id) as session:
        for number in range(BACKFILL):
            add_a_customer(session, firm, f"Customer {number}")
    bring_over(firm)
    return zoho.calls().total()


def _count(firm: Firm, zoho: Zoho, invoices: int, *, drain_between: bool = False) -> Counter[str]:
    """The calls of so many invoices sent and paid; drain_between: the books hear of each before it is paid."""
    zoho.forget_calls()
    with job_session(firm.organisation_id) as session:
        jobs = [add_a_job(session, firm) for _ in range(invoices)]
    made = [bill(firm, job, email="") for job in jobs]
    if drain_between:
        bring_over(firm)
    for invoice_id in made:
        pay(firm, invoice_id)
    bring_over(firm)
    _check(zoho, made)
    return zoho.calls()


def bring_over(firm: Firm) -> None:
    """As many turns as it takes: one is a few seconds, whatever else this machine does."""
    while is_open(firm):
        drain(firm.organisation_id)


def is_open(firm: Firm) -> bool:
    """Is anything of ours still on its way?"""
    with job_session(firm.organisation_id) as session:
        return session.scalars(select_rows(Change.subject_id).where(~Change.is_settled).limit(1)).first() is not None


def _check(zoho: Zoho, made: list[int]) -> None:
    """A count of calls that did not do the work is worth nothing."""
    stored = zoho.control("GET", f"/orgs/{zoho.organisation}/records?module=invoices")["invoices"]
    open_ = [each["invoice_number"] for each in stored if each["status"] != "paid"]
    if open_ or len(stored) < len(made):
        raise AssertionError(f"the books are not whole: {open_}")


@contextmanager
def running_zoho() -> Iterator[Zoho]:
    argv = [sys.executable, "-m", "sandbox.zoho", "--port", "0"]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            select.select([process.stdout], [], [], 20)
            found = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
            if found is None:
                raise RuntimeError("the Zoho stand-in did not start")
            yield Zoho(found.group())
        finally:
            process.kill()


def link_to(firm: Firm, zoho: Zoho) -> None:
    """As the pages link a firm; only the consent page is skipped."""
    zoho.control("POST", "/clients", **CLIENT)
    # Each stand-in counts from the same number, and an organisation is one firm's: the first of a run takes the first
    # one there, the next the second.
    for _ in range(next(_linked)):
        made = zoho.control("POST", "/orgs", user=_USER, dc="eu", name="Books", currency_code="GBP")
        zoho.organisation = str(made["organization_id"])
    zoho.control("POST", "/limits", org=zoho.organisation, per_minute=None, per_day=None, concurrency=None)
    listed = {"org_joined_app_list": ["books"], "AppList": ["books"]}
    zoho.control("POST", f"/orgs/{zoho.organisation}/settings", listed=listed)
    given = zoho.control("POST", "/tokens", user=_USER, dc="eu", client_id=CLIENT["client_id"])
    tokens = Tokens(given["access_token"], given["refresh_token"], given["scope"], 3600)
    with job_session(firm.organisation_id) as session:
        consent = linking.keep_consent(session, firm.organisation_id, "eu", tokens)
    candidate = linking.offered(firm.organisation_id, consent, "GBP").find(zoho.organisation)
    if candidate is None:
        raise LookupError("the stand-in's organisation is not offered")
    with job_session(firm.organisation_id) as session:
        linking.attach(session, session.merge(consent), candidate, connected_by=None)

"""A Zoho stand-in in a process of its own, and firms linked to it: fixtures for the mirror's tests."""

import itertools
import re
import select
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
from sqlalchemy import create_engine, text

from portal.accounting import link as linking
from portal.accounting.mirror import drain as draining
from portal.accounting.models import Link, MirrorRecord
from portal.gateways.zoho import consent as zoho_consent
from portal.organisations.models import Organisation
from portal.shared import queues, running
from portal.shared.running import job_session
from tests.builders import Firm
from tests.conftest import World

CLIENT = ("1000.TESTCLIENT", "a secret")
PRODUCTS = ("books", "invoice")
_count = itertools.count(1)


@dataclass
class ZohoStandIn:
    """Reached over HTTP only: its control pages set it up, break it, and tell what it holds and what it was asked.

    faults  of the portal, met while it saw to a record; a test that provokes some clears them
    """

    base: str
    http: requests.Session = field(default_factory=requests.Session)
    faults: list[str] = field(default_factory=list)

    def control(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        answer = self.http.request(method, f"{self.base}/_control{path}", json=body, params=query, timeout=10)
        assert answer.ok, answer.text
        return answer.json()

    def break_down(self, kind: str, *, method: str = "POST", path: str = "", times: int = 1, **more: Any) -> None:
        match = {"method": method, "path_contains": path}
        self.control("POST", "/faults", {"kind": kind, "match": match, "times": times, **more})

    def mend(self) -> None:
        self.control("DELETE", "/faults")

    def records(self, organisation: str, module: str) -> list[dict[str, Any]]:
        return list(self.control("GET", f"/orgs/{organisation}/records", module=module)[module])

    def requests(self, organisation: str, method: str = "", path: str = "") -> list[dict[str, Any]]:
        asked = self.control("GET", "/requests", org=organisation)["requests"]
        return [one for one in asked if method in ("", one["method"]) and path in one["path"]]

    def token_requests(self) -> int:
        return sum("/oauth/v2/token" in one["path"] for one in self.control("GET", "/requests")["requests"])

    def forget_requests(self) -> None:
        self.control("DELETE", "/requests")

    def act(self, organisation: str, do: str, body: Any = None) -> Any:
        """What a person does in Zoho's own pages."""
        return self.control("POST", f"/orgs/{organisation}/act", {"do": do, "body": body or {}})


@dataclass
class LinkedFirm:
    """A firm and its organisation in the stand-in."""

    firm: Firm
    zoho: ZohoStandIn
    remote: str
    user: str

    @property
    def organisation_id(self) -> int:
        return self.firm.organisation_id

    def there(self, module: str) -> list[dict[str, Any]]:
        return self.zoho.records(self.remote, module)

    def mirror(self, module: str = "") -> list[MirrorRecord]:
        with job_session(self.organisation_id) as session:
            rows = session.query(MirrorRecord).order_by(MirrorRecord.id).all()
        return [row for row in rows if module in ("", row.module)]

    def link(self) -> Link:
        with job_session(self.organisation_id) as session:
            return session.query(Link).filter(Link.archived_at.is_(None)).one()

    def change(self, statement: str, **values: Any) -> None:
        """Arrange the database, inside this firm; behind the link's lock, as the workers do, or both could wait."""
        with job_session(self.organisation_id) as session:
            session.execute(text("SELECT id FROM links FOR UPDATE"))
            session.execute(text(statement), values)

    def make_due(self) -> None:
        """What is put off is due now, and whoever died holds no lease: as if the time had passed."""
        self.change("UPDATE mirror_records SET next_try_at = clock_timestamp()")
        self.change("UPDATE links SET lease_until = NULL, quiet_until = NULL")


@contextmanager
def stand_in() -> Iterator[ZohoStandIn]:
    argv = [sys.executable, "-m", "sandbox.zoho", "--port", "0"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, bufsize=1) as process:
        try:
            yield ZohoStandIn(_address(process))
        finally:
            process.kill()


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], 20)
    line = process.stdout.readline() if ready else ""
    found = re.search(r"http://127\.0\.0\.1:\d+", line)
    assert found is not None, f"the stand-in did not start: {line}"
    return found.group()


@contextmanager
def zoho_of(world: World) -> Iterator[ZohoStandIn]:
    """A stand-in of one's own; this process speaks to it as if it were Zoho."""
    with stand_in() as running_there:
        for centre in ("us", "eu"):
            client = {"client_id": CLIENT[0], "client_secret": CLIENT[1], "dc": centre, "multi_dc": True,
                      "redirect_uris": ["http://portal.test/books/consent"]}  # fmt: skip
            running_there.control("POST", "/clients", client)
        before = running.here()
        world.environ.update(zoho_environment(running_there.base))
        started = running.start(world.settings())
        queues.use(None)  # nobody is rung: tests look by themselves
        yield running_there
        started.engine.dispose()
        started.redis.close()
        running._process["here"] = before


@pytest.fixture(scope="module")
def zoho(world: World) -> Iterator[ZohoStandIn]:
    """One call of drain does all that can be done, however busy the machine. A fault of the portal heals by a second
    try, and fails here all the same."""
    with zoho_of(world) as running_there, pytest.MonkeyPatch.context() as patch:
        patch.setattr(draining, "TURN_S", 120)
        patch.setattr(draining.log, "exception", lambda *_, **__: running_there.faults.append(traceback.format_exc()))
        yield running_there
        assert not running_there.faults, running_there.faults


def zoho_environment(base: str) -> dict[str, str]:
    return {"ZOHO_BASE_ADDRESS": base, "ZOHO_CLIENT_ID": CLIENT[0], "ZOHO_CLIENT_SECRET": CLIENT[1],
            "ZOHO_CALLS_PER_MINUTE": "10000"}  # fmt: skip


@pytest.fixture
def linked(zoho: ZohoStandIn, firm: Firm, request: pytest.FixtureRequest) -> LinkedFirm:
    """In Books, or in the product that a test names: `parametrize("linked", PRODUCTS, indirect=True)`."""
    zoho.mend()
    return connect(zoho, firm, product=getattr(request, "param", "books"))


@pytest.fixture(params=PRODUCTS)
def linked_to_either(zoho: ZohoStandIn, firm: Firm, request: pytest.FixtureRequest) -> LinkedFirm:
    """In each product once: what dies or lies half-way is the same in both, what they answer is not."""
    zoho.mend()
    return connect(zoho, firm, product=request.param)


def connect(
    zoho: ZohoStandIn, firm: Firm, *, product: str = "books", currency: str = "GBP", **limits: Any
) -> LinkedFirm:
    """A fresh organisation of a fresh user, without limits unless given, linked as the pages link it."""
    user = f"user{next(_count)}@firm.example"
    remote = zoho.control(
        "POST", "/orgs", {"user": user, "dc": "eu", "name": f"Books of {user}", "currency_code": currency}
    )
    remote_id = str(remote["organization_id"])
    no_limits = {"per_minute": None, "per_day": None, "concurrency": None}
    zoho.control("POST", "/limits", {"org": remote_id, **no_limits, **limits})
    zoho.control("POST", "/limits", {"token_requests": None})
    apps = {"org_joined_app_list": [product], "AppList": [product]}
    zoho.control("POST", f"/orgs/{remote_id}/settings", {"listed": apps})
    found = LinkedFirm(firm, zoho, remote_id, user)
    link_to(found, product)
    return found


def link_to(found: LinkedFirm, product: str = "books") -> None:
    wanted = {"user": found.user, "dc": "eu", "client_id": CLIENT[0], "scope": zoho_consent.scopes()}  # no more
    made = found.zoho.control("POST", "/tokens", wanted)
    granted = zoho_consent.Tokens(made["access_token"], made["refresh_token"], made["scope"], 3600)
    with job_session(found.organisation_id) as session:
        consent = linking.keep_consent(session, found.organisation_id, "eu", granted)
        currency = session.query(Organisation.currency).scalar()
    choice = linking.offered(found.organisation_id, consent, currency)
    candidate = choice.find(found.remote)
    assert candidate is not None and candidate.product == product, choice
    with job_session(found.organisation_id) as session:
        linking.attach(session, session.merge(consent), candidate, connected_by=None)


def wait_until(fact: Callable[[], Any], within_s: float = 60, what: str = "") -> Any:
    deadline = time.monotonic() + within_s
    while not (found := fact()):
        assert time.monotonic() < deadline, f"not within {within_s} s: {what}"
        time.sleep(0.02)
    return found


def owner_rows(world: World, statement: str, **values: Any) -> list[Any]:
    """Across organisations, as the superuser."""
    engine = create_engine(world.superuser_url)
    try:
        with engine.connect() as connection:
            return list(connection.execute(text(statement), values))
    finally:
        engine.dispose()

"""A portal that listens, a Stripe stand-in that it talks to over HTTP, and what a customer does with both."""

import hashlib
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session
from werkzeug.serving import make_server

from portal.invoices.models import Invoice, PayLink
from portal.messages.models import Message
from portal.payments.actions import connect_stripe_account, offer_debit
from portal.payments.models import Allocation, Payment, PaymentAttempt, StripeEvent
from portal.shared import clock, running
from portal.shared.outbox import Change
from portal.shared.running import job_session
from portal.shared.throttle import Throttle
from tests.builders import Firm, make_invoice, pay_address
from tests.conftest import World
from tests.sandbox.stripe.running_stand_in import StandIn
from workers import payment_jobs


@dataclass
class Till:
    """Both sides of a payment. One per test module; each test has a firm of its own."""

    stand_in: StandIn
    app: Flask
    url: str

    def connect(self, firm: Firm, *, with_debit: bool = False) -> None:
        """The firm's own Stripe account, with an endpoint at our webhook address.

        with_debit  it lets customers pay by bank debit, too
        """
        key = key_of(firm)
        account: Any = {"name": "A firm", "country": "GB", "currency": "gbp", "livemode": False}
        self.stand_in.control("accounts", id=f"acct_{firm.organisation_id}", keys=[{"key": key}], **account)
        connect_stripe_account(firm.organisation_id, key)
        if with_debit:
            offer_debit(firm.organisation_id)

    def browser(self) -> FlaskClient:
        """Somebody's browser, without a sign-in, at the portal's own address."""
        browser = self.app.test_client()
        browser.open = partial(browser.open, base_url=self.url)  # type: ignore[method-assign]
        return browser

    def invoice(self, firm: Firm, *, email: str = "rita@maple.example") -> tuple[int, str]:
        """An invoice of 235.80 and the path of its pay link."""
        with job_session(firm.organisation_id) as session:
            made = make_invoice(session, firm, email=email)
            return made.id, pay_address(session, made)

    def get(self, path: str, **more: Any) -> requests.Response:
        return requests.get(self.url + path, timeout=20, **more)

    def post(self, path: str, **more: Any) -> requests.Response:
        return requests.post(self.url + path, allow_redirects=False, timeout=20, **more)

    def tap_pay(self, path: str, **headers: str) -> requests.Response:
        """Open the page and tap Pay, as a browser does without scripts."""
        return self.send_pay(path, self.pay_form(path), **headers)

    def pay_form(self, path: str) -> dict[str, str]:
        return dict(re.findall(r'name="(shown|proof)" value="([^"]*)"', self.get(path).text))

    def send_pay(self, path: str, form: dict[str, str], **headers: str) -> requests.Response:
        return requests.post(
            f"{self.url}{path}/attempts", data=form, headers=headers, allow_redirects=False, timeout=20
        )  # fmt: skip

    def begin(self, path: str) -> tuple[str, requests.Response]:
        """Tap Pay. The Session's id and the answer with the cookie for the way back."""
        answer = self.tap_pay(path)
        assert answer.status_code == 303, answer.text
        return urlsplit(answer.headers["Location"]).path.rpartition("/")[2], answer

    def pay(self, path: str, card: str = "4242424242424242") -> tuple[str, requests.Response]:
        """Tap Pay and pay at Stripe; the customer has not come back yet."""
        session_id, answer = self.begin(path)
        self.at_stripe(session_id, "pay", card=card)
        return session_id, answer

    def at_stripe(self, session_id: str, what: str, **wish: Any) -> Any:
        answer = self.stand_in.control(f"sessions/{session_id}/{what}", **wish)
        assert "error" not in answer, answer
        return answer

    def come_back(self, firm: Firm, cookies: Any = None) -> requests.Response:
        """Follow Stripe's page back to us, with the payer's own cookie when it is given."""
        public_id = self.attempts(firm)[-1].public_id
        return self.get(f"/r/{public_id}", cookies=cookies, allow_redirects=False)

    def events(self, mode: str) -> None:
        """How the stand-in delivers from now on: now, hold, drop, twice_at_once, …"""
        self.stand_in.control("endpoints/all/mode", mode=mode)

    def fault(self, kind: str, path: str, *, method: str = "", times: int = 5, stored: bool = False) -> None:
        """The next `times` of Stripe's answers to such requests fail in this way."""
        match = {"method": method, "path_contains": path}
        self.stand_in.control("faults", kind=kind, match=match, times=times, stored=stored)

    def no_faults(self) -> None:
        self.stand_in.control("faults", "DELETE")

    def work(self, firm: Firm) -> None:
        """Wait for Stripe's deliveries, then do the payments worker's job."""
        self.stand_in.idle()
        payment_jobs.look(firm.organisation_id)

    def attempts(self, firm: Firm) -> list[PaymentAttempt]:
        with job_session(firm.organisation_id) as session:
            return list(session.scalars(select(PaymentAttempt).order_by(PaymentAttempt.id)))

    def made_sessions(self, firm: Firm) -> list[Any]:
        """Every Session at Stripe, newest first."""
        return list(self.stand_in.client(key_of(firm)).checkout.sessions.list({"limit": 100}).data)

    def books(self, firm: Firm) -> "Books":
        with job_session(firm.organisation_id) as session:
            return read_books(session)


def key_of(firm: Firm) -> str:
    return f"rk_test_firm{firm.organisation_id}"


@dataclass(frozen=True)
class Books:
    """How many of each there are; amounts in pence."""

    payments: int
    received: int
    allocated: int
    receipts: int
    payments_for_the_books: int  # outbox
    events: int


def read_books(session: Session) -> Books:
    def count(*what: Any) -> int:
        return session.scalar(select(func.count()).select_from(what[0]).where(*what[1:])) or 0

    return Books(
        payments=count(Payment), received=session.scalar(select(func.sum(Payment.amount_minor))) or 0,
        allocated=session.scalar(select(func.sum(Allocation.amount_minor))) or 0,
        receipts=count(Message, Message.kind == "receipt"),
        payments_for_the_books=count(Change, Change.subject == "payment"), events=count(StripeEvent),
    )  # fmt: skip


def take_cash(firm: Firm, invoice_id: int, minor: int) -> None:
    """Somebody paid a part at the door."""
    with job_session(firm.organisation_id) as session:
        cash = Payment(
            organisation_id=firm.organisation_id, number="R-CASH", customer_id=firm.customer_id, method="cash",
            amount_minor=minor, currency="GBP", received_on=clock.now().date(), provider="offline",
            provider_payment_id="cash-1",
        )  # fmt: skip
        session.add(cash)
        session.flush()
        session.add(
            Allocation(
                organisation_id=firm.organisation_id, payment_id=cash.id, invoice_id=invoice_id, amount_minor=minor,
                currency="GBP",
            )
        )  # fmt: skip


def link_of(path: str, firm: Firm) -> PayLink:
    digest = hashlib.sha256(path.rpartition("/")[2].encode()).digest()
    with job_session(firm.organisation_id) as session:
        return session.scalars(select(PayLink).where(PayLink.token_digest == digest)).one()


ONE_PAYMENT = {"payments": 1, "received": 23580, "allocated": 23580, "receipts": 1, "payments_for_the_books": 1}


def paid_once(books: Books) -> bool:
    return all(getattr(books, name) == value for name, value in ONE_PAYMENT.items())


def at_once(*deeds: Any) -> list[Any]:
    """Do all of these at the same moment; what each gave back."""
    barrier = threading.Barrier(len(deeds))

    def do(deed: Any) -> Any:
        barrier.wait(10)
        return deed()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(do, deeds))


def revoke_all(session: Session, invoice_id: int) -> None:
    """Every link of the invoice works no more."""
    of_invoice = (PayLink.invoice_id == invoice_id, PayLink.revoked_at.is_(None))
    session.execute(update(PayLink).where(*of_invoice).values(revoked_at=clock.now()))


def invoice_row(firm: Firm, invoice_id: int) -> Invoice:
    with job_session(firm.organisation_id) as session:
        return session.get_one(Invoice, invoice_id)


@pytest.fixture(scope="module")
def till(world: World) -> Iterator[Till]:
    from portal.app import create_app

    stand_in = StandIn()
    here = running.here()
    before = here.settings
    waiting = make_server("127.0.0.1", 0, lambda environ, start: made.app(environ, start), threaded=True)
    url = f"http://127.0.0.1:{waiting.server_port}"
    here.settings = world.settings(PUBLIC_URL=url, STRIPE_API_BASE=stand_in.url, STRIPE_CHECKOUT_HOSTS=stand_in.url)
    made = Till(stand_in, create_app(here.settings), url)
    thread = threading.Thread(target=waiting.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield made
    stand_in.stop()
    waiting.shutdown()
    waiting.server_close()
    here.settings = before


@pytest.fixture(autouse=True)
def fresh_delivery(till: Till) -> None:
    """Each test begins with events that arrive at once, with no faults, and with nothing held against this address."""
    with job_session(None) as session:
        session.execute(delete(Throttle))
    till.no_faults()
    till.events("now")

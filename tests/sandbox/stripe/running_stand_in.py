"""A running stand-in, the official library pointed at it, and a small endpoint that takes webhooks."""

import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests
import stripe
from werkzeug.serving import BaseWSGIServer

from sandbox.stripe.server import make_stand_in, world_of
from sandbox.stripe.world import World

KEY = "rk_test_northgate"


class StandIn:
    """The stand-in on a port of its own, as tests speak to it."""

    def __init__(self, state_dir: Path | None = None) -> None:
        self._server: BaseWSGIServer = make_stand_in(0, state_dir)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    @property
    def world(self) -> World:
        return world_of(self._server.app)  # type: ignore[arg-type]

    def client(self, key: str = KEY, *, retries: int = 0) -> Any:
        http = stripe.RequestsClient(timeout=(3, 5))
        addresses = {"api": self.url}
        return stripe.StripeClient(
            key, http_client=http, max_network_retries=retries, base_addresses=addresses  # type: ignore[arg-type]
        ).v1  # fmt: skip

    def control(self, path: str, method: str = "POST", **wish: Any) -> Any:
        answer = requests.request(method, f"{self.url}/_control/{path}", json=wish or None, timeout=10)
        return answer.json() if answer.content else None

    def idle(self) -> None:
        assert self.control("deliveries/wait", timeout_s=5)["idle"]

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self.world.close()
        self._thread.join(5)


class Inbox:
    """Takes webhooks, remembers them, and answers as it is told."""

    def __init__(self) -> None:
        self.received: list[tuple[bytes, str]] = []
        self.answers: list[int] = []  # one per request, then 200
        self.may_answer = threading.Event()
        self.may_answer.set()
        inbox = self

        class Taker(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                inbox.received.append((body, self.headers["Stripe-Signature"]))
                inbox.may_answer.wait(10)
                self.send_response(inbox.answers.pop(0) if inbox.answers else 200)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Taker)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def events(self, secret: str) -> list[Any]:
        """Everything received, verified. Raises what the library raises for a bad signature."""
        return [stripe.Webhook.construct_event(body, header, secret) for body, header in self.received]

    def types(self, secret: str) -> list[str]:
        return [event["type"] for event in self.events(secret)]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def wait_until(fact: Callable[[], bool], timeout_s: float = 5.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not fact():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def session_params(**changes: Any) -> dict[str, Any]:
    """A request for a session as a billing portal makes it: 120.00 for one invoice."""
    price = {"currency": "gbp", "unit_amount": 12000, "product_data": {"name": "Invoice INV-7"}}
    return {
        "mode": "payment",
        "ui_mode": "hosted_page",
        "line_items": [{"quantity": 1, "price_data": price}],
        "success_url": "http://127.0.0.1:9/r/a1?cs={CHECKOUT_SESSION_ID}",
        "cancel_url": "http://127.0.0.1:9/p/token",
        "client_reference_id": "attempt-1",
        "customer_email": "payer@example.com",
        "metadata": {"app": "portal", "invoice": "7"},
        "payment_intent_data": {"description": "Invoice INV-7", "metadata": {"attempt": "1"}},
        "adaptive_pricing": {"enabled": False},
        "expires_at": int(time.time()) + 31 * 60,
        **changes,
    }


def listen(stand_in: StandIn, inbox: Inbox, key: str = KEY) -> Any:
    """An endpoint for all events of the key's account, taken by `inbox`."""
    params = {"url": inbox.url, "enabled_events": ["*"], "api_version": stripe.api_version}
    return stand_in.client(key).webhook_endpoints.create(params)

"""A Zoho stand-in on a free port, and a way to call it."""

import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import requests

from sandbox.zoho.server import serve

NORTHGATE, SERVICING = "20260815001", "20260815002"


@dataclass
class Client:
    """Calls one organisation of one stand-in, with a token that may do everything."""

    base: str
    organization_id: str = NORTHGATE
    product: str = "books"
    dc: str = "eu"
    token: str = ""
    user: str = "admin@northgate.example"
    timeout_s: float = 10
    http: requests.Session = field(default_factory=requests.Session)

    def call(self, method: str, path: str, body: Any = None, headers: Any = None, **query: Any) -> requests.Response:
        return self.http.request(
            method,
            f"{self.base}/{self.dc}/api/{self.product}/v3{path}",
            params={"organization_id": self.organization_id} | query,
            json=body,
            headers={"Authorization": f"Zoho-oauthtoken {self.token}"} | (headers or {}),
            timeout=self.timeout_s,
        )

    def patient_for(self, timeout_s: float) -> "Client":
        return replace(self, timeout_s=timeout_s)

    def ok(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        answer = self.call(method, path, body, **query)
        assert answer.json()["code"] == 0, answer.text
        return answer.json()

    def refusal(self, method: str, path: str, body: Any = None, **query: Any) -> tuple[int, int]:
        answer = self.call(method, path, body, **query)
        return answer.status_code, answer.json()["code"]

    def control(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        answer = self.http.request(method, f"{self.base}/_control{path}", json=body, params=query, timeout=10)
        assert answer.ok, answer.text
        return answer.json()

    def sign_in(self, scope: str = "") -> "Client":
        wanted = {"user": self.user, "dc": self.dc, "scope": scope}
        self.token = self.control("POST", "/tokens", wanted)["access_token"]
        return self

    def contact(self, name: str = "") -> str:
        body = {"contact_name": name or f"Customer {uuid.uuid4().hex[:8]}"}
        return str(self.ok("POST", "/contacts", body)["contact"]["contact_id"])

    def invoice(self, amount: Any = 100, *, sent: bool = True, **more: Any) -> Any:
        lines = [{"name": "Work", "rate": amount, "quantity": 1}]
        body = {"customer_id": more.pop("customer_id", None) or self.contact(), "line_items": lines} | more
        invoice_id = self.ok("POST", "/invoices", body)["invoice"]["invoice_id"]
        if sent:
            self.ok("POST", f"/invoices/{invoice_id}/status/sent")
        return self.get_invoice(invoice_id)

    def get_invoice(self, invoice_id: str) -> Any:
        return self.ok("GET", f"/invoices/{invoice_id}")["invoice"]

    def pay(self, invoice: Any, amount: Any, applied: Any = None, **more: Any) -> Any:
        wanted = [{"invoice_id": invoice["invoice_id"], "amount_applied": amount if applied is None else applied}]
        body = {"customer_id": invoice["customer_id"], "payment_mode": "creditcard", "amount": amount,
                "date": invoice["date"], "invoices": wanted} | more  # fmt: skip
        return self.ok("POST", "/customerpayments", body)["payment"]


def running(state_dir: Path | None = None) -> Iterator[str]:
    server = serve(0, state_dir)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()

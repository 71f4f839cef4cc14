"""A Zoho that answers at once and remembers nothing but how often it was asked: what is measured is our side alone.

    python -m bench.instant_zoho --invoices 10000

It gives every customer and item an id, and lists so many paid-by-nobody invoices of `TOTAL`, 200 a page, as the portal
made them. `GET /_calls` tells how often each path was asked.
"""

import argparse
import itertools
import json
import re
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOTAL, PER_PAGE = 235.80, 200
_MADE = {"contacts": ("contact", "contact_id"), "items": ("item", "item_id"), "taxes": ("tax", "tax_id"),
         "customerpayments": ("payment", "payment_id")}  # fmt: skip
_ids = itertools.count(10**15)
_calls: Counter[str] = Counter()
_lock = threading.Lock()


class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    invoices = 0
    day = "2026-01-01"

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        name = asked.path.rsplit("/", 1)[-1]
        if name == "_calls":
            self._answer(dict(_calls))
            return
        self._count()
        page = int(parse_qs(asked.query).get("page", ["1"])[0])
        rows, has_more = self._invoices(page) if name == "invoices" else ([], False)
        self._answer({"code": 0, "message": "success", name: rows, "page_context": {"has_more_page": has_more}})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if urlsplit(self.path).path.endswith("/oauth/v2/token"):  # an hour has gone by: no call of the quota
            self._answer({"access_token": "1000.access", "expires_in": 3600, "token_type": "Bearer"})
            return
        self._count()
        sent = json.loads(body or "{}")
        for person in sent.get("contact_persons", []):
            person["contact_person_id"] = str(next(_ids))
        key, id_key = _MADE[urlsplit(self.path).path.rsplit("/", 1)[-1]]
        self._answer({"code": 0, "message": "success", key: sent | {id_key: str(next(_ids))}}, 201)

    def _invoices(self, page: int) -> tuple[list[dict[str, Any]], bool]:
        first, last = (page - 1) * PER_PAGE + 1, min(page * PER_PAGE, self.invoices)
        rows = [
            {"invoice_id": str(10**12 + number), "invoice_number": f"INV-{number:05}", "status": "sent",
             "date": self.day, "total": TOTAL, "balance": TOTAL}
            for number in range(first, last + 1)
        ]  # fmt: skip
        return rows, last < self.invoices

    def _count(self) -> None:
        path = re.sub(r"[0-9]{6,}", "…", urlsplit(self.path).path.partition("/v3")[2])
        with _lock:
            _calls[f"{self.command} {path}"] += 1

    def _answer(self, body: Any, status: int = 200) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json;charset=UTF-8")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing: it would be most of the work."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--invoices", type=int, default=0)
    parser.add_argument("--day", default=Answers.day)
    options = parser.parse_args()
    Answers.invoices, Answers.day = options.invoices, options.day
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()

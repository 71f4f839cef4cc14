"""Takes webhooks to their endpoints, in the background, signed, again and again until they are taken."""

import json
import threading
import time
from collections import defaultdict

import requests

from sandbox.stripe import rendering
from sandbox.stripe.store import Document, Scope, Store

RETRY_DELAYS_S = [1.0, 2.0, 5.0, 15.0, 60.0, 300.0]  # Stripe takes hours to days; nobody waits that long for a demo
_ANSWER_TIMEOUT_S = 10
_LONGEST_NAP_S = 1.0


class Courier:
    """One thread looks for deliveries that are due; each endpoint gets its own in turn, on a thread of its own."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._something_new = threading.Condition()
        self._on_the_way: set[str] = set()  # ids of endpoints being served, and of deliveries sent alone
        self._keeping_books = threading.Lock()  # whoever reads or writes the store for a delivery, until `stop`
        self._stopped = False
        self.retry_delays_s = list(RETRY_DELAYS_S)
        self._worker = threading.Thread(target=self._work, name="stripe-courier", daemon=True)
        self._worker.start()

    def wake(self) -> None:
        with self._something_new:
            self._something_new.notify_all()

    def stop(self) -> None:
        """The store may be closed afterwards: what is on its way is noted nowhere, and goes out again after a start."""
        with self._keeping_books:
            self._stopped = True
        self.wake()
        self._worker.join(3 * _LONGEST_NAP_S)

    def wait_until_idle(self, timeout_s: float) -> bool:
        """True once nothing is due or on its way (held and delayed ones do not count)."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            with self._something_new:
                if not self._on_the_way and not self._due():
                    return True
                self._something_new.notify_all()
                self._something_new.wait(0.02)
        return False

    def _work(self) -> None:
        while not self._stopped:
            with self._something_new:
                self._dispatch()
                self._something_new.wait(self._nap())

    def _nap(self) -> float:
        pending: list[float] = [row["due_at"] - time.time() for row in self._pending()]
        return max(0.02, min([_LONGEST_NAP_S, *(wait for wait in pending if wait > 0)]))

    def _pending(self) -> list[Document]:
        return [row for row in self._store.oldest_first("delivery") if row["status"] == "pending"]

    def _due(self) -> list[Document]:
        due = [row for row in self._pending() if row["due_at"] <= time.time()]
        return sorted(due, key=lambda row: int(row["turn"]))

    def _dispatch(self) -> None:
        batches: dict[str, list[Document]] = defaultdict(list)
        for delivery in self._due():
            batches[delivery["id"] if delivery.get("alone") else delivery["endpoint"]].append(delivery)
        for name, batch in batches.items():
            if name not in self._on_the_way:
                self._on_the_way.add(name)
                threading.Thread(target=self._deliver, args=(name, batch), daemon=True).start()

    def _deliver(self, name: str, batch: list[Document]) -> None:
        try:
            for delivery in batch:
                self._deliver_one(delivery)
        finally:
            with self._something_new:
                self._on_the_way.discard(name)
                self._something_new.notify_all()

    def _deliver_one(self, delivery: Document) -> None:
        with self._keeping_books:
            if self._stopped:
                return
            endpoint = self._store.get_with_scope("webhook_endpoint", delivery["endpoint"])
            event = self._store.get("event", delivery["event"])
            if endpoint is None or event is None:
                self._put_away(delivery | {"status": "endpoint_removed"})
                return
        result = _post(delivery, event, endpoint[0])
        with self._keeping_books:
            if not self._stopped:
                self._note(delivery, endpoint[1], result | {"at": time.time()})

    def _note(self, delivery: Document, scope: Scope, attempt: Document) -> None:
        delivery["attempts"] = [*delivery["attempts"], attempt]
        if attempt["ok"]:
            self._put_away(delivery | {"status": "sent"})
            self._count_down(delivery["event"])
        elif len(delivery["attempts"]) > len(self.retry_delays_s):
            self._put_away(delivery | {"status": "failed"})
        else:
            delay = self.retry_delays_s[len(delivery["attempts"]) - 1]
            self._store.save("delivery", delivery | {"due_at": time.time() + delay}, scope)

    def _put_away(self, delivery: Document) -> None:
        """Finished deliveries move out of the queue, so that looking for due ones stays quick."""
        found = self._store.get_with_scope("delivery", delivery["id"])
        if found is not None:
            with self._store.transaction():
                self._store.remove("delivery", delivery["id"])
                self._store.save("past_delivery", delivery, found[1])

    def _count_down(self, event_id: str) -> None:
        with self._store.transaction():
            event, scope = self._store.get_with_scope("event", event_id) or ({}, Scope(""))
            if event and event["pending_webhooks"] > 0:
                self._store.save("event", event | {"pending_webhooks": event["pending_webhooks"] - 1}, scope)


def _post(delivery: Document, event: Document, endpoint: Document) -> Document:
    payload = _payload(event, endpoint)
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Stripe/1.0 (stand-in)",
        "Stripe-Signature": _signature(delivery["trick"], payload, endpoint["_secret"]),
    }
    body = delivery["trick"].get("body", payload)  # a trick body is not the one that was signed
    with requests.Session() as web:
        web.trust_env = False  # endpoints are on this machine; no proxy
        try:
            answer = web.post(
                endpoint["url"], data=body.encode(), headers=headers, timeout=_ANSWER_TIMEOUT_S, allow_redirects=False
            )
        except requests.RequestException as problem:
            return {"ok": False, "status": None, "answer": type(problem).__name__}
    return {"ok": 200 <= answer.status_code < 300, "status": answer.status_code, "answer": answer.text[:200]}


def _payload(event: Document, endpoint: Document) -> str:
    versioned = rendering.public(event) | {"api_version": endpoint["api_version"] or event["api_version"]}
    return json.dumps(versioned, indent=2)


def _signature(trick: Document, payload: str, secret: str) -> str:
    if trick.get("unsigned"):
        return ""
    from stripe import WebhookSignature  # half a second to import, which the start must not wait for

    stamp = int(time.time()) - trick.get("age_seconds", 0)
    return str(WebhookSignature.generate_signature_header(payload, trick.get("secret", secret), stamp))

"""Money that Stripe gives back, or that a bank takes back: the calls, and the answers as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from portal.gateways.stripe_gateway.amounts import from_stripe, to_stripe
from portal.gateways.stripe_gateway.calls import Client, Parameters
from portal.gateways.stripe_gateway.errors import translated
from portal.shared.money import Money

_STATES = {"succeeded": "succeeded", "failed": "failed", "canceled": "failed"}  # all else is pending


@dataclass(frozen=True)
class SeenRefund:
    """A refund as it is at Stripe. state: pending, succeeded or failed; why: of a failed one."""

    id: str
    payment_id: str  # pi_…
    amount: Money
    state: str
    why: str
    metadata: Mapping[str, str]
    payment_metadata: Mapping[str, str]


@dataclass(frozen=True)
class SeenDispute:
    """A dispute as it is at Stripe. withdrawn: what Stripe holds back now."""

    id: str
    payment_id: str
    amount: Money
    status: str
    reason: str
    due_at: datetime | None
    withdrawn: Money
    payment_metadata: Mapping[str, str]


def create_refund(
    client: Client, payment_id: str, amount: Money, *, key: str, metadata: Mapping[str, str]
) -> SeenRefund:  # fmt: skip
    """The same key and amount give the same refund, however often they are sent. Raises GatewayError, CannotCharge."""
    parameters: Parameters = {
        "payment_intent": payment_id, "amount": to_stripe(amount), "reason": "requested_by_customer",
        "metadata": dict(metadata), "expand": ["payment_intent"],
    }  # fmt: skip
    with translated():
        return _read_refund(client.v1.refunds.create(parameters, {"idempotency_key": key}).to_dict())


def retrieve_refund(client: Client, refund_id: str) -> SeenRefund:
    """Raises GatewayError."""
    with translated():
        return _read_refund(client.v1.refunds.retrieve(refund_id, {"expand": ["payment_intent"]}).to_dict())


def list_refunds(client: Client, payment_id: str) -> list[SeenRefund]:
    """Of one payment, newest first, a hundred at most. Raises GatewayError."""
    with translated():
        found = client.v1.refunds.list({"payment_intent": payment_id, "limit": 100})
        return [_read_refund(each.to_dict()) for each in found.data]


def retrieve_dispute(client: Client, dispute_id: str) -> SeenDispute:
    """Raises GatewayError."""
    with translated():
        return _read_dispute(client.v1.disputes.retrieve(dispute_id, {"expand": ["payment_intent"]}).to_dict())


def _read_refund(raw: Mapping[str, Any]) -> SeenRefund:
    payment_id, payment_metadata = _payment(raw)
    state = _STATES.get(str(raw.get("status")), "pending")
    why = str(raw.get("failure_reason") or "").replace("_", " ") or "the bank sent it back"
    return SeenRefund(
        raw["id"], payment_id, from_stripe(raw["amount"], raw["currency"]), state, why if state == "failed" else "",
        dict(raw.get("metadata") or {}), payment_metadata,
    )  # fmt: skip


def _read_dispute(raw: Mapping[str, Any]) -> SeenDispute:
    payment_id, payment_metadata = _payment(raw)
    entries = raw.get("balance_transactions") or []
    currency, held = raw["currency"], 0
    for entry in entries:
        held -= entry["amount"] if entry["currency"] == currency else 0
    details = raw.get("evidence_details") or {}
    due = details.get("due_by")
    return SeenDispute(
        raw["id"], payment_id, from_stripe(raw["amount"], currency), raw["status"], raw.get("reason") or "",
        datetime.fromtimestamp(due, UTC) if due else None, from_stripe(max(held, 0), currency), payment_metadata,
    )  # fmt: skip


def _payment(raw: Mapping[str, Any]) -> tuple[str, Mapping[str, str]]:
    intent = raw.get("payment_intent")
    if isinstance(intent, Mapping):
        return intent["id"], dict(intent.get("metadata") or {})
    return intent or "", {}

"""Charging a saved card while its owner is away. Made first, known here, then confirmed: only confirming takes money.

A payment that Stripe knows takes money once, however often it is confirmed, and never after it was cancelled. So
whoever does not know how a charge ended can cancel it, or learn that it was paid: there is no third way.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import stripe

from portal.gateways.errors import GatewayError
from portal.gateways.stripe_gateway.amounts import to_stripe
from portal.gateways.stripe_gateway.answers import Checkout, read_receipt
from portal.gateways.stripe_gateway.calls import CARD, Client, Parameters
from portal.gateways.stripe_gateway.errors import translated
from portal.shared.money import Money

_EXPAND = ["latest_charge.balance_transaction"]
_STATES = {"succeeded": "paid", "processing": "processing", "canceled": "expired"}


@dataclass(frozen=True)
class ChargeOrder:
    """key: the same key and order give the same payment, however often they are sent; metadata: ids only."""

    key: str
    amount: Money
    customer: str
    payment_method_id: str
    title: str
    metadata: Mapping[str, str]


@dataclass(frozen=True)
class SeenCharge:
    """A charge as it is at Stripe, told as a Checkout so that it is settled like one.

    is_waiting  nobody has confirmed it, or it waits for its owner: it can be cancelled
    why         Stripe's code where the bank refused it
    """

    checkout: Checkout
    is_waiting: bool
    why: str


def create_charge(client: Client, order: ChargeOrder) -> str:
    """Its id (pi_…). No money moves yet. Raises GatewayError, CannotCharge."""
    parameters: Parameters = {
        "amount": to_stripe(order.amount), "currency": order.amount.currency.lower(), "customer": order.customer,
        "payment_method": order.payment_method_id, "allowed_payment_method_types": [CARD],
        "description": order.title, "metadata": dict(order.metadata),
    }  # fmt: skip
    with translated():
        return str(client.v1.payment_intents.create(parameters, {"idempotency_key": order.key}).id)


def confirm_charge(client: Client, charge_id: str, *, key: str) -> None:
    """Take the money. What the bank, or Stripe, refuses is no error here: look afterwards. Raises GatewayError."""
    parameters: Parameters = {"off_session": True}
    _unless_refused(lambda: client.v1.payment_intents.confirm(charge_id, parameters, {"idempotency_key": key}))


def cancel_charge(client: Client, charge_id: str) -> None:
    """See to it that it takes no money any more. One that is over is left as it is. Raises GatewayError."""
    _unless_refused(lambda: client.v1.payment_intents.cancel(charge_id))


def retrieve_charge(client: Client, charge_id: str) -> SeenCharge:
    """Raises GatewayError."""
    with translated():
        return _read(client.v1.payment_intents.retrieve(charge_id, {"expand": _EXPAND}).to_dict())


def _unless_refused(call: Any) -> None:
    try:
        with translated():
            call()
    except GatewayError as problem:
        refusal = problem.__cause__
        if not isinstance(refusal, stripe.StripeError) or refusal.http_status not in (400, 402, 404):
            raise


def _read(raw: Mapping[str, Any]) -> SeenCharge:
    status, error = str(raw["status"]), raw.get("last_payment_error") or {}
    is_waiting = status in ("requires_confirmation", "requires_action")
    state = "open" if is_waiting else _STATES.get(status, "failed")
    checkout = Checkout(
        id=raw["id"], state=state, url="", is_live=bool(raw["livemode"]), metadata=dict(raw.get("metadata") or {}),
        payment_intent_id=raw["id"], receipt=read_receipt(raw) if state == "paid" else None,
    )  # fmt: skip
    return SeenCharge(checkout, is_waiting, str(error.get("decline_code") or error.get("code") or ""))

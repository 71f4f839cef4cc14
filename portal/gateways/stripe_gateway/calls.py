"""The calls we make. Each takes the account's own client first."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from hashlib import sha256
from typing import Any

import stripe

from portal.gateways.errors import GatewayError
from portal.gateways.stripe_gateway.amounts import to_stripe
from portal.gateways.stripe_gateway.answers import Account, Checkout, Endpoint, read_account, read_checkout
from portal.gateways.stripe_gateway.errors import translated
from portal.shared.money import Money

# The library's parameter types are closed lists of literals; what we send is held against Stripe's own data in
# tests/contract instead.
Parameters = Any

Client = stripe.StripeClient

EVENTS = (
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
    "payment_intent.payment_failed",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "charge.dispute.closed",
    "payout.created",
    "payout.updated",
    "payout.paid",
    "payout.failed",
    "payout.canceled",
    "payout.reconciliation_completed",
    "payment_method.detached",
    "payment_method.updated",
    "payment_method.automatically_updated",
    "customer.deleted",
)
LISTENED_TO = sha256(" ".join(EVENTS).encode()).hexdigest()[:16]  # changes when the list above does
CARD = "card"  # wallets come with it
_LONGEST_MESSAGE = 1200
_TIMEOUT_S = (3, 10)  # connect, read; the library's own default is 80 s
_EXPAND = ["payment_intent.latest_charge.balance_transaction"]


@dataclass(frozen=True)
class CheckoutOrder:
    """One payment to be made on Stripe's page.

    key         idempotency key: the same key and order give the same Session, however often they are sent
    title       what is paid, as the customer reads it there
    return_url  where the customer comes back to, paid or not
    metadata    ids only, nothing personal
    tip         on top of the amount, as a row of its own
    customer    cus_…, where a card is to be kept or a kept one may be used
    keeps_card  the card it is paid with stays with the customer, for payments while they are away
    offers_kept Stripe's page offers the customer's kept card, and has its bank ask who is paying
    agreed      what the customer agreed to, shown once more beside Stripe's button
    debit       Stripe's word for a bank debit that it may be paid by, too
    """

    key: str
    amount: Money
    title: str
    return_url: str
    email: str
    expires_at: datetime
    metadata: Mapping[str, str]
    tip: Money | None = None
    customer: str = ""
    keeps_card: bool = False
    offers_kept: bool = False
    agreed: str = ""
    debit: str = ""


def client_for(key: str, api_base: str | None, *, retries: int = 2) -> Client:
    """A client for one account. api_base is Stripe's own when None; retries: 1 while a person waits."""
    return Client(
        key, http_client=_http(), max_network_retries=retries, base_addresses={"api": api_base} if api_base else {}
    )


@cache
def _http() -> stripe.RequestsClient:
    """One per process; inside, each thread has its own connections."""
    return stripe.RequestsClient(timeout=_TIMEOUT_S)


def create_session(client: Client, order: CheckoutOrder) -> Checkout:
    """Raises GatewayError, CannotCharge."""
    parameters = _session_parameters(order)
    with translated():
        made = client.v1.checkout.sessions.create(parameters, {"idempotency_key": order.key})
        return read_checkout(made.to_dict())


def retrieve_session(client: Client, session_id: str) -> Checkout:
    """The Session with its payment, card and fee. Raises GatewayError."""
    with translated():
        found = client.v1.checkout.sessions.retrieve(session_id, {"expand": _EXPAND})
        return read_checkout(found.to_dict())


def expire_session(client: Client, session_id: str) -> bool:
    """Close the Session at Stripe. False when it is not open any more: look at it again. Raises GatewayError."""
    try:
        with translated():
            client.v1.checkout.sessions.expire(session_id)
    except GatewayError as problem:
        refusal = problem.__cause__
        if isinstance(refusal, stripe.InvalidRequestError) and refusal.http_status == 400:
            return False
        raise
    return True


def retrieve_account(client: Client) -> Account:
    """Whose key this is. Raises GatewayError."""
    with translated():
        return read_account(client.v1.accounts.retrieve_current().to_dict())


def create_endpoint(client: Client, url: str, *, key: str) -> Endpoint:
    """A webhook endpoint at `url`; `key` makes a repeat harmless. Raises GatewayError."""
    parameters: Parameters = {
        "url": url, "enabled_events": list(EVENTS), "description": "Billing portal",
        # Else events come in the version of the account's dashboard.
        "api_version": stripe.api_version,
    }  # fmt: skip
    with translated():
        made = client.v1.webhook_endpoints.create(parameters, {"idempotency_key": key})
        return Endpoint(made.id, made.secret or "")


def move_endpoint(client: Client, endpoint_id: str, url: str) -> None:
    """Have events sent to `url` from now on. The secret stays. Raises GatewayError."""
    parameters: Parameters = {"url": url, "enabled_events": list(EVENTS), "disabled": False}
    with translated():
        client.v1.webhook_endpoints.update(endpoint_id, parameters)


def delete_endpoint(client: Client, endpoint_id: str) -> None:
    """Nothing is sent there any more. One that is gone is no error. Raises GatewayError."""
    try:
        with translated():
            client.v1.webhook_endpoints.delete(endpoint_id)
    except GatewayError as problem:
        refusal = problem.__cause__
        if not (isinstance(refusal, stripe.InvalidRequestError) and refusal.http_status == 404):
            raise


def _session_parameters(order: CheckoutOrder) -> Parameters:
    rows = [(order.title, order.amount), *([("Tip", order.tip)] if order.tip else [])]
    parameters: Parameters = {
        "mode": "payment",
        "ui_mode": "hosted_page",
        "line_items": [{"quantity": 1, "price_data": _price(name, amount)} for name, amount in rows],
        "success_url": order.return_url,
        "cancel_url": order.return_url,
        "client_reference_id": order.key,
        "metadata": dict(order.metadata),
        # A Session's own metadata does not reach the payment, which is what refunds and disputes will show.
        "payment_intent_data": {"metadata": dict(order.metadata), "description": order.title},
        "expires_at": int(order.expires_at.timestamp()),
        "allowed_payment_method_types": [CARD, *([order.debit] if order.debit else [])],
        # Else the customer may pay in another currency, and the sums differ.
        "adaptive_pricing": {"enabled": False},
    }
    if order.customer:
        _add_card_wishes(parameters, order)
    elif order.email:
        parameters["customer_email"] = order.email
    return parameters


def _add_card_wishes(parameters: Parameters, order: CheckoutOrder) -> None:
    parameters["customer"] = order.customer
    if order.keeps_card:
        parameters["payment_intent_data"]["setup_future_usage"] = "off_session"
    if order.offers_kept:
        # A card that was kept with a payment is "limited": without this filter the page would not show it.
        parameters["saved_payment_method_options"] = {"allow_redisplay_filters": ["always", "limited"]}
        parameters["payment_method_options"] = {"card": {"request_three_d_secure": "challenge"}}
    if order.agreed:
        parameters["custom_text"] = {"submit": {"message": order.agreed[:_LONGEST_MESSAGE]}}


def _price(name: str, amount: Money) -> Parameters:
    return {
        "currency": amount.currency.lower(), "unit_amount": to_stripe(amount), "product_data": {"name": name},
    }  # fmt: skip

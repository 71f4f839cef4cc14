"""What Stripe answered, as plain values. A StripeObject never leaves this folder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from portal.gateways.stripe_gateway.amounts import from_stripe
from portal.shared.money import Money


@dataclass(frozen=True)
class Account:
    """Whose key it is."""

    id: str
    name: str
    country: str


@dataclass(frozen=True)
class Endpoint:
    """A webhook endpoint. Stripe tells its secret once, when it is created."""

    id: str
    secret: str


@dataclass(frozen=True)
class KeptCard:
    """A card that Stripe keeps for later payments of its customer (cus_…)."""

    payment_method_id: str
    customer_id: str
    brand: str
    last4: str
    exp_month: int
    exp_year: int


@dataclass(frozen=True)
class Receipt:
    """Money that has arrived at Stripe.

    kept    the card it was paid with, where its owner agreed that it is kept
    method  Stripe's word for the way of paying, for example "card"
    words   what the payer recognises, for example "Visa ending 4242"
    fee     what Stripe kept, when it says so already
    """

    payment_id: str  # pi_…
    amount: Money
    method: str
    words: str
    received_at: datetime
    fee: Money | None
    kept: KeptCard | None = None


@dataclass(frozen=True)
class Checkout:
    """One Checkout Session as it is at Stripe.

    state    open | processing | paid | failed | expired
    receipt  what was received, when state is paid
    url      where the customer pays, while it is open
    methods  Stripe's words for the ways of paying that its page offers
    """

    id: str
    state: str
    url: str
    is_live: bool
    metadata: Mapping[str, str]
    payment_intent_id: str | None
    receipt: Receipt | None
    methods: Sequence[str] = ()


def read_account(raw: Mapping[str, Any]) -> Account:
    profile = raw.get("business_profile") or {}
    return Account(raw["id"], profile.get("name") or "", raw.get("country") or "")


def read_checkout(raw: Mapping[str, Any]) -> Checkout:
    intent = raw.get("payment_intent")
    details = intent if isinstance(intent, Mapping) else None  # an id only, unless it was expanded
    state = _state(raw, details)
    return Checkout(
        id=raw["id"], state=state, url=raw.get("url") or "", is_live=bool(raw["livemode"]),
        metadata=dict(raw.get("metadata") or {}),
        payment_intent_id=details["id"] if details else intent or None,
        receipt=read_receipt(details) if details and state == "paid" else None,
        methods=tuple(raw.get("payment_method_types") or ()),
    )  # fmt: skip


def _state(raw: Mapping[str, Any], intent: Mapping[str, Any] | None) -> str:
    if raw["status"] != "complete":
        return str(raw["status"])  # open | expired
    if raw["payment_status"] == "paid":
        return "paid"
    # A bank debit that is under way, or has been refused days later: only the intent knows which.
    refused = intent is not None and intent["status"] in ("requires_payment_method", "canceled")
    return "failed" if refused else "processing"


def read_receipt(intent: Mapping[str, Any]) -> Receipt:
    charge = intent.get("latest_charge")
    charge = charge if isinstance(charge, Mapping) else {}
    way = charge.get("payment_method_details") or {}
    kind = str(way.get("type") or "card")
    return Receipt(
        payment_id=intent["id"],
        amount=from_stripe(intent["amount_received"], intent["currency"]),
        method=kind,
        words=_words(kind, way.get(kind) or {}),
        received_at=datetime.fromtimestamp(charge.get("created") or intent["created"], UTC),
        fee=_fee(charge.get("balance_transaction")),
        kept=_kept(intent, charge, way.get("card")) if intent.get("setup_future_usage") == "off_session" else None,
    )


def _kept(intent: Mapping[str, Any], charge: Mapping[str, Any], card: Mapping[str, Any] | None) -> KeptCard | None:
    customer, method = intent.get("customer"), charge.get("payment_method")
    if not card or not isinstance(customer, str) or not method:
        return None
    return read_kept(method, customer, card)


def read_kept(method: str, customer: str, card: Mapping[str, Any]) -> KeptCard:
    return KeptCard(
        method, customer, _words("card", {**card, "last4": None}), str(card["last4"]), int(card["exp_month"]),
        int(card["exp_year"]),
    )  # fmt: skip


def _words(kind: str, details: Mapping[str, Any]) -> str:
    name = str(details.get("display_brand") or details.get("brand") or details.get("bank_name") or kind)
    shown = name.replace("_", " ")
    shown = shown if any(letter.isupper() for letter in shown) else shown.capitalize()
    return f"{shown} ending {details['last4']}" if details.get("last4") else shown


def _fee(transaction: object) -> Money | None:
    if not isinstance(transaction, Mapping):
        return None
    return from_stripe(transaction["fee"], transaction["currency"])

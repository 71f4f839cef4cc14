"""PaymentIntents that a server makes by itself, to charge a saved card while its owner is away (off-session).

Written from Stripe's documents: "Charge the saved payment method later", the lifecycle of a PaymentIntent, and the
errors of declined and authentication_required. One intent takes money once, whoever confirms it how often.
"""

from typing import Any

from sandbox.stripe import charges, disputes, methods, money, parameters, payments, rendering
from sandbox.stripe.cards import Decline
from sandbox.stripe.desk import Desk, now
from sandbox.stripe.errors import StripeProblem, missing_parameter, not_modelled
from sandbox.stripe.events import announce
from sandbox.stripe.store import Document

_CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")
_CANCELABLE = (*_CONFIRMABLE, "requires_capture")
_ASKS_THE_OWNER = Decline(
    "authentication_required",
    "Your card was declined. This transaction requires authentication.",
    "authentication_required",
)


def create(desk: Desk, params: dict[str, Any]) -> Document:
    if params.get("capture_method", "automatic") == "manual":
        raise not_modelled("manual capture", "capture_method")
    if "off_session" in params and params.get("confirm") != "true":
        raise StripeProblem("`off_session` can only be used with `confirm=true`.", param="off_session")
    amount, currency = int(params["amount"]), money.check_currency(params["currency"], "currency")
    money.check_chargeable(amount, currency)
    customer = params.get("customer")
    if customer:
        desk.find("customer", customer, param="customer", status=400)
    if params.get("payment_method"):
        methods.of_customer(desk, params["payment_method"], customer or "")
    kept = ("payment_method", "description", "receipt_email", "statement_descriptor_suffix", "setup_future_usage")
    intent = charges.blank_intent(desk, {name: params[name] for name in kept if params.get(name)} | {
        "amount": amount, "currency": currency, "customer": customer or None,
        "metadata": parameters.check_metadata(params),
        "payment_method_types": params.get("allowed_payment_method_types") or ["card"],
    })  # fmt: skip
    return confirm(desk, params, intent["id"]) if params.get("confirm") == "true" else intent


def confirm(desk: Desk, params: dict[str, Any], intent_id: str) -> Document:
    intent = _own(desk, intent_id)
    if intent["status"] not in _CONFIRMABLE:
        raise _unexpected(intent, "confirm", _CONFIRMABLE)
    method_id = params.get("payment_method") or intent["payment_method"]
    if not method_id:
        raise missing_parameter("payment_method")
    if not params.get("off_session"):
        raise not_modelled("confirming while the payer is there", "off_session")
    method = methods.of_customer(desk, method_id, intent["customer"] or "")
    card = methods.card_of(method)
    intent |= {"payment_method": method["id"], "last_payment_error": None, "next_action": None}
    # 4000 0025 0000 3155 needs no more than the setup it has had; 4000 0027 6000 3184 asks its owner every time.
    if card.number == "4000002760003184":
        raise _refused(desk, intent, method, _ASKS_THE_OWNER)
    if card.decline:
        raise _refused(desk, intent, method, card.decline)
    charge = charges.succeed(desk, charges.new_charge(desk, intent, method))
    payments.intent_succeeded(desk, intent, charge)
    if card.dispute:
        disputes.open_dispute(desk, charge["id"], status=card.dispute)
    return intent


def cancel(desk: Desk, params: dict[str, Any], intent_id: str) -> Document:
    intent = _own(desk, intent_id)
    if intent["status"] not in _CANCELABLE:
        raise _unexpected(intent, "cancel", _CANCELABLE)
    intent |= {
        "status": "canceled", "canceled_at": now(), "next_action": None,
        "cancellation_reason": params.get("cancellation_reason"),
    }  # fmt: skip
    announce(desk, "payment_intent.canceled", desk.save(intent))
    return intent


def _own(desk: Desk, intent_id: str) -> Document:
    intent = desk.find("payment_intent", intent_id)
    if intent["_session"]:
        raise StripeProblem(
            "You cannot cancel or confirm a PaymentIntent that a Checkout Session created. Expire the session instead.",
            code="payment_intent_unexpected_state",
        )
    return intent


def _refused(desk: Desk, intent: Document, method: Document, decline: Decline) -> payments.PaymentDeclined:
    charge = charges.fail(desk, charges.new_charge(desk, intent, method), decline)
    problem = payments.declined(desk, intent, method, decline, charge)
    problem.error["payment_method"] = rendering.public(method)
    problem.error["payment_intent"] = rendering.public(desk.find("payment_intent", intent["id"]))
    return problem


def _unexpected(intent: Document, verb: str, allowed: tuple[str, ...]) -> StripeProblem:
    message = (
        f"You cannot {verb} this PaymentIntent because it has a status of {intent['status']}. "
        f"Only a PaymentIntent with one of the following statuses may be {verb}ed: {', '.join(allowed)}."
    )
    problem = StripeProblem(message, code="payment_intent_unexpected_state")
    problem.error["payment_intent"] = rendering.public(intent)
    return problem

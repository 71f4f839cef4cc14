"""Cards that a customer has saved: attached to their Customer, shown again on the hosted page, detached for ever.

Written from Stripe's documents on PaymentMethods, setup_future_usage and saved_payment_method_options.
"""

from typing import Any

from sandbox.stripe.cards import TestCard, card_for
from sandbox.stripe.desk import Desk
from sandbox.stripe.errors import StripeProblem
from sandbox.stripe.events import announce
from sandbox.stripe.store import Document


def attach(desk: Desk, params: dict[str, Any], method_id: str) -> Document:
    method = desk.find("payment_method", method_id)
    customer = desk.find("customer", params.get("customer", ""), param="customer", status=400)
    _check_reusable(method)
    return _attached(desk, method, customer["id"])


def detach(desk: Desk, params: dict[str, Any], method_id: str) -> Document:
    """For ever: Stripe takes no detached card again, neither for a payment nor to attach it."""
    method = desk.find("payment_method", method_id)
    if method["customer"] is None:
        raise StripeProblem(
            "The payment method you provided is not attached to a customer so detachment is impossible.",
            param="payment_method",
        )
    gone = desk.save(method | {"customer": None, "_is_spent": True})
    announce(desk, "payment_method.detached", gone, {"customer": method["customer"]})
    return gone


def keep_for_later(desk: Desk, intent: Document) -> None:
    """A payment that was made with setup_future_usage leaves its card with the Customer."""
    if intent["setup_future_usage"] and intent["customer"]:
        method = desk.find("payment_method", intent["payment_method"])
        if method["customer"] is None:
            _attached(desk, method, intent["customer"])


def shown_on(desk: Desk, session: Document) -> list[Document]:
    """The Customer's saved cards which this session's filter lets the hosted page show."""
    if not session["customer"]:
        return []
    filters = (session["saved_payment_method_options"] or {}).get("allow_redisplay_filters") or ["always"]
    saved = desk.store.newest_first("payment_method", desk.scope)
    return [
        method for method in saved
        if method["customer"] == session["customer"] and method["allow_redisplay"] in filters
    ]  # fmt: skip


def of_customer(desk: Desk, method_id: str, customer_id: str) -> Document:
    """The card, ready to be charged for this customer. Raises StripeProblem."""
    method = desk.find("payment_method", method_id, param="payment_method", status=400)
    _check_reusable(method)
    if method["customer"] != customer_id:
        raise StripeProblem(
            f"The customer does not have a payment method with the ID {method_id}. "
            "The payment method must be attached to the customer.",
            param="payment_method",
        )
    return method


def card_of(method: Document) -> TestCard:
    """How its bank answers now."""
    return card_for(method["_number"])


def change_bank(desk: Desk, method_id: str, number: str) -> Document:
    """From now on the bank answers for this saved card as for the test card with this number."""
    method = desk.find("payment_method", method_id)
    return desk.save(method | {"_number": card_for(number).number})


def renew(desk: Desk, method_id: str, changes: Document, *, by_hand: bool = False) -> Document:
    """{"last4", "exp_month", "exp_year"}: told by the card's network, or changed in the dashboard."""
    method = desk.find("payment_method", method_id)
    renewed = desk.save(method | {"card": method["card"] | changes})
    announce(desk, "payment_method.updated" if by_hand else "payment_method.automatically_updated", renewed)
    return renewed


def _check_reusable(method: Document) -> None:
    if method.get("_is_spent"):
        raise StripeProblem(
            "This PaymentMethod was previously used without being attached to a Customer or was detached from a "
            "Customer, and may not be used again.",
            param="payment_method",
        )


def _attached(desk: Desk, method: Document, customer_id: str) -> Document:
    kept = desk.save(method | {"customer": customer_id})
    announce(desk, "payment_method.attached", kept)
    return kept

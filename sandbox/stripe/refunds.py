"""Refunds: never more than was paid, at once for cards, later for banks, and sometimes taken back."""

from typing import Any

from sandbox.stripe import balance, money, parameters
from sandbox.stripe.desk import Desk, new_id, now
from sandbox.stripe.errors import StripeProblem, missing_parameter
from sandbox.stripe.events import announce
from sandbox.stripe.store import Document

_COUNTS_NOT = ("failed", "canceled")


def create(desk: Desk, params: dict[str, Any]) -> Document:
    charge = _refundable_charge(desk, params)
    amount = _checked_amount(charge, params)
    refund = desk.save(_new_refund(desk, charge, amount, params))
    charge = _recount(desk, charge)
    announce(desk, "refund.created", refund)
    announce(desk, "charge.refunded", charge)
    return refund


def _refundable_charge(desk: Desk, params: dict[str, Any]) -> Document:
    charge = desk.find("charge", _charge_id(desk, params), param="charge", status=400)
    if not charge["paid"]:
        raise StripeProblem(f"Charge {charge['id']} was never paid: there is nothing to refund.", param="charge")
    if charge["amount_refunded"] >= charge["amount"]:
        raise StripeProblem(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    if any(not dispute["is_charge_refundable"] for dispute in _disputes_of(desk, charge)):
        message = f"Charge {charge['id']} has been charged back; cannot issue a refund."
        raise StripeProblem(message, code="charge_disputed", param="charge")
    return charge


def _charge_id(desk: Desk, params: dict[str, Any]) -> str:
    if params.get("charge"):
        return str(params["charge"])
    if not params.get("payment_intent"):
        raise missing_parameter("payment_intent")
    intent = desk.find("payment_intent", params["payment_intent"], param="payment_intent", status=400)
    if intent["latest_charge"] is None:
        message = f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund."
        raise StripeProblem(message, param="payment_intent")
    return str(intent["latest_charge"])


def _disputes_of(desk: Desk, charge: Document) -> list[Document]:
    return [dispute for dispute in desk.store.oldest_first("dispute", desk.scope) if dispute["charge"] == charge["id"]]


def _checked_amount(charge: Document, params: dict[str, Any]) -> int:
    left = charge["amount"] - charge["amount_refunded"]
    amount = int(params.get("amount", left))
    if amount < 1:
        message = "This value must be greater than or equal to 1."
        raise StripeProblem(message, code="parameter_invalid_integer", param="amount")
    if amount > left:
        asked, rest = money.spoken(amount, charge["currency"]), money.spoken(left, charge["currency"])
        message = f"Refund amount ({asked}) is greater than unrefunded amount on charge ({rest})"
        raise StripeProblem(message, param="amount")
    return amount


def _new_refund(desk: Desk, charge: Document, amount: int, params: dict[str, Any]) -> Document:
    refund: Document = {
        "id": new_id("re"),
        "object": "refund",
        "amount": amount,
        "charge": charge["id"],
        "created": now(),
        "currency": charge["currency"],
        "metadata": parameters.check_metadata(params),
        "payment_intent": charge["payment_intent"],
        "reason": params.get("reason") or None,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": charge["_refund"],
        "transfer_reversal": None,
    }
    if charge["payment_method_details"]["type"] == "card":
        card = {"type": "refund", "reference_status": "pending", "reference_type": "acquirer_reference_number"}
        refund["destination_details"] = {"type": "card", "card": card}
    return refund | {"balance_transaction": balance.book(desk, "refund", refund, -amount)["id"]}


def _recount(desk: Desk, charge: Document) -> Document:
    """The charge with its refunds added up again; failed ones count no more."""
    rows = desk.store.oldest_first("refund", desk.scope)
    total = sum(
        row["amount"] for row in rows if row["charge"] == charge["id"] and row["status"] not in _COUNTS_NOT
    )  # fmt: skip
    return desk.save(charge | {"amount_refunded": total, "refunded": total == charge["amount"]})


def settle(desk: Desk, refund_id: str, outcome: str, reason: str = "lost_or_stolen_card") -> Document:
    """What the bank says later: "succeeded" or "failed" (also after it had succeeded, as with card …5126)."""
    refund = desk.find("refund", refund_id)
    if outcome not in ("succeeded", "failed") or refund["status"] in (outcome, *_COUNTS_NOT):
        raise StripeProblem(f"A refund that is {refund['status']} cannot become {outcome!r}.")
    previous = {"status": refund["status"]}
    refund["status"] = outcome
    if outcome == "failed":
        entry = balance.book(desk, "refund_failure", refund, refund["amount"])
        refund |= {"failure_reason": reason, "failure_balance_transaction": entry["id"]}
    _recount(desk, desk.find("charge", desk.save(refund)["charge"]))
    announce(desk, "refund.updated", refund, previous)
    announce(desk, "charge.refund.updated", refund, previous)
    if outcome == "failed":
        announce(desk, "refund.failed", refund)
    return refund


def update(desk: Desk, params: dict[str, Any], refund_id: str) -> Document:
    refund = desk.find("refund", refund_id)
    return desk.save(refund | {"metadata": parameters.merged_metadata(refund, params)})

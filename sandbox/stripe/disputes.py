"""Disputes: a cardholder takes the money back, or only asks about it."""

from sandbox.stripe import balance
from sandbox.stripe.desk import Desk, new_id, now
from sandbox.stripe.errors import StripeProblem
from sandbox.stripe.events import announce
from sandbox.stripe.store import Document

_FEE_MINOR = 2000
_DAYS_TO_ANSWER = 9
_CLOSED = {"won": "won", "lost": "lost", "warning_closed": "warning_closed"}
_EVIDENCE = (
    "access_activity_log billing_address cancellation_policy cancellation_policy_disclosure cancellation_rebuttal"
    " customer_communication customer_email_address customer_name customer_purchase_ip customer_signature"
    " duplicate_charge_documentation duplicate_charge_explanation duplicate_charge_id product_description receipt"
    " refund_policy refund_policy_disclosure refund_refusal_explanation service_date service_documentation"
    " shipping_address shipping_carrier shipping_date shipping_documentation shipping_tracking_number"
    " uncategorized_file uncategorized_text"
)


def open_dispute(desk: Desk, charge_id: str, *, status: str = "needs_response", reason: str = "fraudulent") -> Document:
    """Dispute a charge. An inquiry (status warning_…) takes no money and leaves the charge refundable."""
    charge = desk.find("charge", charge_id)
    if charge["disputed"] or charge["status"] != "succeeded":
        raise StripeProblem("Only a successful charge that is not disputed yet can be disputed.")
    is_inquiry = status.startswith("warning_")
    dispute = _new_dispute(desk, charge, status, reason, is_inquiry)
    desk.save(charge | {"disputed": True})
    if not is_inquiry:
        entry = balance.book(
            desk, "adjustment", dispute, -dispute["amount"], fee=_FEE_MINOR, category="dispute"
        )  # fmt: skip
        dispute["balance_transactions"] = [entry]
    announce(desk, "charge.dispute.created", desk.save(dispute))
    if not is_inquiry:
        announce(desk, "charge.dispute.funds_withdrawn", dispute)
    return dispute


def _new_dispute(desk: Desk, charge: Document, status: str, reason: str, is_inquiry: bool) -> Document:
    card = charge["payment_method_details"].get("card")
    dispute = {
        "id": new_id("du"),
        "object": "dispute",
        "amount": charge["amount"] - charge["amount_refunded"],
        "balance_transactions": [],
        "charge": charge["id"],
        "created": now(),
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": dict.fromkeys(_EVIDENCE.split()) | {"enhanced_evidence": {}},
        "evidence_details": {
            "due_by": now() + _DAYS_TO_ANSWER * 24 * 60 * 60,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": is_inquiry,
        "livemode": desk.scope.livemode,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "reason": reason,
        "status": status,
    }
    if card:
        kind = "inquiry" if is_inquiry else "chargeback"
        details = {"brand": card["brand"], "case_type": kind, "network": card["network"], "network_reason_code": "10.4"}
        dispute["payment_method_details"] = {"type": "card", "card": details}
    return dispute


def escalate_dispute(desk: Desk, dispute_id: str) -> Document:
    """An inquiry that the bank was not content with: it takes the money."""
    dispute = desk.find("dispute", dispute_id)
    if not dispute["status"].startswith("warning_") or dispute["status"] in _CLOSED:
        raise StripeProblem("Only an open inquiry can become a dispute.")
    entry = balance.book(desk, "adjustment", dispute, -dispute["amount"], fee=_FEE_MINOR, category="dispute")
    dispute |= {"status": "needs_response", "is_charge_refundable": False, "balance_transactions": [entry]}
    announce(desk, "charge.dispute.updated", desk.save(dispute))
    announce(desk, "charge.dispute.funds_withdrawn", dispute)
    return dispute


def close_dispute(desk: Desk, dispute_id: str, outcome: str) -> Document:
    """End it: "won" gives the money back, "lost" does not, "warning_closed" ends an inquiry."""
    dispute = desk.find("dispute", dispute_id)
    if outcome not in _CLOSED or dispute["status"] in _CLOSED:
        raise StripeProblem(f"A dispute that is {dispute['status']} cannot become {outcome!r}.")
    if dispute["status"].startswith("warning_") is not (outcome == "warning_closed"):
        raise StripeProblem("Only an inquiry ends with warning_closed, and it ends in no other way.")
    dispute |= {"status": outcome, "is_charge_refundable": outcome == "warning_closed"}
    if outcome == "won":
        entry = balance.book(desk, "adjustment", dispute, dispute["amount"], category="dispute_reversal")
        dispute["balance_transactions"] = [*dispute["balance_transactions"], entry]
        announce(desk, "charge.dispute.funds_reinstated", desk.save(dispute))
    announce(desk, "charge.dispute.closed", desk.save(dispute))
    return dispute

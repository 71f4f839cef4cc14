"""Payment intents, charges and payment methods as objects, and how a charge ends."""

from sandbox.stripe import balance
from sandbox.stripe.cards import Decline, TestCard
from sandbox.stripe.desk import Desk, new_id, now
from sandbox.stripe.events import announce
from sandbox.stripe.sessions import BANK_METHODS
from sandbox.stripe.store import Document

_PAID = {
    "advice_code": None, "network_advice_code": None, "network_decline_code": None,
    "network_status": "approved_by_network", "reason": None, "risk_level": "normal", "risk_score": 12,
    "seller_message": "Payment complete.", "type": "authorized",
}  # fmt: skip
_NULL_IN_INTENTS = (
    "application application_fee_amount automatic_payment_methods canceled_at cancellation_reason "
    "last_payment_error latest_charge next_action on_behalf_of payment_method "
    "payment_method_configuration_details processing review shipping transfer_data transfer_group"
)
_NULL_IN_CHARGES = (
    "application application_fee application_fee_amount balance_transaction failure_balance_transaction "
    "failure_code failure_message on_behalf_of outcome receipt_number receipt_url review shipping "
    "source_transfer transfer_data transfer_group"
)


def new_intent(desk: Desk, session: Document) -> Document:
    """The session's PaymentIntent. Stripe makes it when somebody first tries to pay."""
    wishes = session["_payment_intent_data"]
    return blank_intent(desk, wishes | {
        "amount": session["amount_total"], "currency": session["currency"], "customer": session["customer"],
        "payment_method_types": session["payment_method_types"], "_session": session["id"],
    })  # fmt: skip


def blank_intent(desk: Desk, wishes: Document) -> Document:
    """A PaymentIntent on which nobody has tried anything."""
    intent_id = new_id("pi")
    intent = desk.save({
        "id": intent_id,
        "object": "payment_intent",
        **dict.fromkeys(_NULL_IN_INTENTS.split()),
        "amount": wishes["amount"],
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "capture_method": "automatic_async",
        "client_secret": f"{intent_id}_secret_{new_id('s')[2:]}",
        "confirmation_method": "automatic",
        "created": now(),
        "currency": wishes["currency"],
        "customer": wishes["customer"],
        "description": wishes.get("description"),
        "livemode": desk.scope.livemode,
        "metadata": wishes["metadata"],
        "payment_method": wishes.get("payment_method"),
        "payment_method_options": {},
        "payment_method_types": wishes["payment_method_types"],
        "receipt_email": wishes.get("receipt_email"),
        "setup_future_usage": wishes.get("setup_future_usage"),
        "statement_descriptor": wishes.get("statement_descriptor"),
        "statement_descriptor_suffix": wishes.get("statement_descriptor_suffix"),
        "status": "requires_confirmation" if wishes.get("payment_method") else "requires_payment_method",
        "_session": wishes.get("_session"),
    })  # fmt: skip
    announce(desk, "payment_intent.created", intent)
    return intent


def new_method(desk: Desk, card: TestCard | None, currency: str, billing: Document) -> Document:
    """A payment method: the card, or without one the bank account used with this currency."""
    kind = "card" if card else BANK_METHODS[currency]
    return desk.save({
        "id": new_id("pm"),
        "object": "payment_method",
        "allow_redisplay": "limited",
        "billing_details": billing,
        "created": now(),
        "customer": None,
        "livemode": desk.scope.livemode,
        "metadata": {},
        "type": kind,
        kind: _card_method(card) if card else _BANK_ACCOUNTS[kind] | {"fingerprint": "fpbank0001"},
        "_refund": card.refund if card else "pending",
        "_number": card.number if card else "",
    })  # fmt: skip


def _card_facts(card: TestCard) -> Document:
    country = "IE" if card.number == "4000002760003184" else "US"
    return {"brand": card.brand, "country": country, "exp_month": 12, "exp_year": 2034, "funding": "credit",
            "fingerprint": f"fp{card.number[-8:]}", "last4": card.number[-4:]}  # fmt: skip


def _card_method(card: TestCard) -> Document:
    return _card_facts(card) | {
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "display_brand": card.brand,
        "generated_from": None,
        "networks": {"available": [card.brand], "preferred": None},
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }


_BANK_ACCOUNTS: dict[str, Document] = {
    "us_bank_account": {"account_holder_type": "individual", "account_type": "checking",
                        "bank_name": "STRIPE TEST BANK", "last4": "6789", "routing_number": "110000000"},
    "bacs_debit": {"last4": "2345", "sort_code": "108800"},
    "sepa_debit": {"bank_code": "37040044", "branch_code": None, "country": "DE", "last4": "3000"},
}  # fmt: skip


def new_charge(desk: Desk, intent: Document, method: Document) -> Document:
    """A charge that has not ended yet; follow with `succeed` or `fail`, or leave it pending."""
    kind = method["type"]
    details = dict(method[kind])
    if kind == "card":
        for only_on_methods in ("checks", "display_brand", "generated_from", "networks", "three_d_secure_usage"):
            details.pop(only_on_methods)
        details |= {"network": details["brand"], "three_d_secure": None}
    return desk.save({
        "id": new_id("ch" if kind == "card" else "py"),
        "object": "charge",
        **dict.fromkeys(_NULL_IN_CHARGES.split()),
        "amount": intent["amount"],
        "amount_captured": 0,
        "amount_refunded": 0,
        "billing_details": method["billing_details"],
        "calculated_statement_descriptor": "STAND-IN",
        "captured": True,
        "created": now(),
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "fraud_details": {},
        "livemode": desk.scope.livemode,
        "metadata": intent["metadata"],
        "paid": False,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": {"type": kind, kind: details},
        "receipt_email": intent["receipt_email"],
        "refunded": False,
        "statement_descriptor": intent["statement_descriptor"],
        "statement_descriptor_suffix": intent["statement_descriptor_suffix"],
        "status": "pending",
        "_refund": method["_refund"],
    })  # fmt: skip


def succeed(desk: Desk, charge: Document) -> Document:
    entry = balance.book(desk, "charge", charge, charge["amount"], fee=balance.fee_minor(charge["amount"]))
    charge |= {
        "amount_captured": charge["amount"],
        "balance_transaction": entry["id"],
        "outcome": _PAID,
        "paid": True,
        "receipt_url": f"{desk.base_url}/dashboard/{desk.scope.account}",
        "status": "succeeded",
    }
    announce(desk, "charge.succeeded", desk.save(charge))
    return charge


def fail(desk: Desk, charge: Document, decline: Decline) -> Document:
    charge |= {
        "failure_code": decline.code,
        "failure_message": decline.message,
        "outcome": _PAID | {
            "network_status": "declined_by_network", "reason": decline.decline_code or decline.code,
            "seller_message": decline.message, "type": "issuer_declined",
        },
        "status": "failed",
    }  # fmt: skip
    announce(desk, "charge.failed", desk.save(charge))
    return charge

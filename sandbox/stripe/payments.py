"""What happens when somebody pays a Checkout Session, by card or from a bank account."""

from dataclasses import dataclass

from sandbox.stripe import charges, disputes, methods, rendering, sessions
from sandbox.stripe.cards import Decline, TestCard
from sandbox.stripe.desk import Desk
from sandbox.stripe.errors import StripeProblem
from sandbox.stripe.events import announce
from sandbox.stripe.store import Document

_FAILED_3DS = Decline(
    "payment_intent_authentication_failure",
    "We are unable to authenticate your payment method. Please choose a different payment method and try again.",
)
_BANK_REFUSED = Decline("insufficient_funds", "The customer's account has insufficient funds to cover this payment.")


@dataclass(frozen=True)
class Payer:
    email: str | None = None
    name: str | None = None


class PaymentDeclined(StripeProblem):
    """The bank said no. What was recorded about the try stays."""


def pay_by_card(desk: Desk, session_id: str, card: TestCard, payer: Payer) -> Document:
    """Try the card; the session as it then is (still open when 3-D Secure is asked). Raises StripeProblem."""
    session, intent = _begin(desk, session_id, "card")
    method = charges.new_method(desk, card, session["currency"], _billing(session, payer))
    intent |= {"payment_method": method["id"], "last_payment_error": None, "next_action": None}
    return _try(desk, session, intent, method, card, payer)


def pay_by_saved(desk: Desk, session_id: str, method_id: str, payer: Payer) -> Document:
    """Pay with a card that the page shows because it was saved. Raises StripeProblem."""
    session, intent = _begin(desk, session_id, "card")
    method = next((each for each in methods.shown_on(desk, session) if each["id"] == method_id), None)
    if method is None:
        raise StripeProblem("This card is not offered on this page.", param="payment_method")
    intent |= {"payment_method": method["id"], "last_payment_error": None, "next_action": None}
    return _try(desk, session, intent, method, methods.card_of(method), payer)


def _try(
    desk: Desk, session: Document, intent: Document, method: Document, card: TestCard, payer: Payer
) -> Document:  # fmt: skip
    wanted = (session["payment_method_options"].get("card") or {}).get("request_three_d_secure", "automatic")
    if card.asks_3ds or wanted in ("any", "challenge"):
        return _ask_3ds(desk, session, intent, payer)
    if card.decline:
        charge = charges.fail(desk, charges.new_charge(desk, intent, method), card.decline)
        raise declined(desk, intent, method, card.decline, charge)
    return _complete_with_charge(desk, session, intent, method, payer, dispute=card.dispute)


def pay_by_bank(desk: Desk, session_id: str, payer: Payer) -> Document:
    """Start a bank debit: the session is complete but unpaid until `settle_bank`."""
    currency = sessions.retrieve(desk, session_id)["currency"]
    session, intent = _begin(desk, session_id, sessions.BANK_METHODS.get(currency, "bank"))
    method = charges.new_method(desk, None, currency, _billing(session, payer))
    intent |= {"payment_method": method["id"], "last_payment_error": None}
    charge = charges.new_charge(desk, intent, method)
    announce(desk, "charge.pending", charge)
    intent |= {"status": "processing", "latest_charge": charge["id"]}
    announce(desk, "payment_intent.processing", desk.save(intent))
    return _complete(desk, session, payer, payment_status="unpaid")


def settle_bank(desk: Desk, session_id: str, *, succeeded: bool) -> Document:
    """Days later: the bank paid, or refused."""
    session = sessions.retrieve(desk, session_id)
    intent = desk.find("payment_intent", session["payment_intent"] or "")
    if intent["status"] != "processing":
        raise StripeProblem(f"This payment is not processing but {intent['status']}.")
    charge = desk.find("charge", intent["latest_charge"])
    if not succeeded:
        charges.fail(desk, charge, _BANK_REFUSED)
        declined(desk, intent, desk.find("payment_method", intent["payment_method"]), _BANK_REFUSED, charge)
        announce(desk, "checkout.session.async_payment_failed", session)
        return session
    charges.succeed(desk, charge)
    intent_succeeded(desk, intent, charge)
    announce(desk, "checkout.session.async_payment_succeeded", desk.save(session | {"payment_status": "paid"}))
    return session | {"payment_status": "paid"}


def finish_3ds(desk: Desk, session_id: str, *, passed: bool) -> Document:
    """The payer's answer on the bank's page. Raises StripeProblem when it is a no, or nothing was asked."""
    session = _open_session(desk, session_id)
    intent = desk.find("payment_intent", session["payment_intent"] or "")
    if intent["status"] != "requires_action":
        raise StripeProblem("No authentication is being asked for.", code="payment_intent_unexpected_state")
    method = desk.find("payment_method", intent["payment_method"])
    intent["next_action"] = None
    if not passed:
        raise declined(desk, intent, method, _FAILED_3DS, None)
    return _complete_with_charge(desk, session, intent, method, Payer(**session["_payer"]))


def _open_session(desk: Desk, session_id: str) -> Document:
    session = sessions.retrieve(desk, session_id)
    if session["status"] != "open":
        reason = "has already been paid" if session["status"] == "complete" else "has timed out"
        raise StripeProblem(f"This Checkout Session {reason}.", code="checkout_session_not_open", kind="card_error")
    return session


def _begin(desk: Desk, session_id: str, method: str) -> tuple[Document, Document]:
    session = _open_session(desk, session_id)
    if method not in session["payment_method_types"]:
        raise StripeProblem(f"This Checkout Session does not take {method}.", code="payment_method_not_available")
    if session["payment_intent"]:
        return session, desk.find("payment_intent", session["payment_intent"])
    intent = charges.new_intent(desk, session)
    return desk.save(session | {"payment_intent": intent["id"]}), intent


def _billing(session: Document, payer: Payer) -> Document:
    known = (session["customer_details"] or {}).get("email")
    return {"address": None, "email": payer.email or known, "name": payer.name, "phone": None, "tax_id": None}


def _ask_3ds(desk: Desk, session: Document, intent: Document, payer: Payer) -> Document:
    page = {"return_url": session["success_url"], "url": f"{desk.base_url}/c/pay/{session['id']}/3ds"}
    intent |= {"status": "requires_action", "next_action": {"type": "redirect_to_url", "redirect_to_url": page}}
    announce(desk, "payment_intent.requires_action", desk.save(intent))
    return desk.save(session | {"_payer": {"email": payer.email, "name": payer.name}})


def declined(
    desk: Desk, intent: Document, method: Document, decline: Decline, charge: Document | None
) -> PaymentDeclined:
    problem = PaymentDeclined(decline.message, status=402, kind="card_error", code=decline.code)
    if decline.decline_code:
        problem.error["decline_code"] = decline.decline_code
    if charge:
        problem.error["charge"] = intent["latest_charge"] = charge["id"]
    error = problem.error | {"payment_method": rendering.public(method)}
    intent |= {"status": "requires_payment_method", "payment_method": None, "last_payment_error": error}
    announce(desk, "payment_intent.payment_failed", desk.save(intent))
    return problem


def _complete_with_charge(
    desk: Desk, session: Document, intent: Document, method: Document, payer: Payer, dispute: str | None = None
) -> Document:
    charge = charges.succeed(desk, charges.new_charge(desk, intent, method))
    intent_succeeded(desk, intent, charge)
    methods.keep_for_later(desk, intent)
    session = _complete(desk, session, payer, payment_status="paid")
    if dispute:
        disputes.open_dispute(desk, charge["id"], status=dispute)
    return session


def intent_succeeded(desk: Desk, intent: Document, charge: Document) -> None:
    intent |= {"status": "succeeded", "amount_received": charge["amount"], "latest_charge": charge["id"]}
    announce(desk, "payment_intent.succeeded", desk.save(intent))


def _complete(desk: Desk, session: Document, payer: Payer, *, payment_status: str) -> Document:
    billing = _billing(session, payer)
    details = sessions.customer_details(billing["email"]) | {"name": payer.name, "individual_name": payer.name}
    session |= {"status": "complete", "payment_status": payment_status, "customer_details": details, "url": None}
    announce(desk, "checkout.session.completed", desk.save(session))
    return session

"""Checkout Sessions: made, read, expired. What happens when somebody pays is in payments."""

import time
from typing import Any

from sandbox.stripe import money, parameters
from sandbox.stripe.desk import Desk, new_id, now
from sandbox.stripe.errors import StripeProblem, missing_parameter, not_modelled
from sandbox.stripe.events import announce
from sandbox.stripe.session_lines import read_lines
from sandbox.stripe.store import Document

SHORTEST_S, LONGEST_S = 30 * 60, 24 * 60 * 60
BANK_METHODS = {"usd": "us_bank_account", "gbp": "bacs_debit", "eur": "sepa_debit"}
_CHANGES_THE_SUM = ("discounts", "shipping_options", "optional_items", "subscription_data", "setup_intent_data")


def create(desk: Desk, params: dict[str, Any]) -> Document:
    _refuse_what_is_not_modelled(params)
    _check_urls(params)
    customer_id, email = _payer(desk, params)
    lines = read_lines(params)
    currency, total = lines[0]["currency"], sum(line["amount_total"] for line in lines)
    money.check_chargeable(total, currency)
    session_id = f"cs_{'live' if desk.scope.livemode else 'test'}_{new_id('a')[2:]}{new_id('b')[2:]}"
    session = _blank_session(desk, session_id) | {
        "adaptive_pricing": {"enabled": parameters.is_on(params, "adaptive_pricing")},
        "amount_subtotal": total,
        "amount_total": total,
        "billing_address_collection": params.get("billing_address_collection"),
        "cancel_url": params.get("cancel_url"),
        "client_reference_id": params.get("client_reference_id"),
        "currency": currency,
        "custom_text": _custom_text(params),
        "customer": customer_id,
        "customer_creation": None if customer_id else params.get("customer_creation", "if_required"),
        "customer_details": customer_details(email) if email else None,
        "customer_email": params.get("customer_email"),
        "expires_at": _expiry(params),
        "locale": params.get("locale"),
        "metadata": parameters.check_metadata(params),
        "payment_method_options": params.get("payment_method_options") or {},
        "payment_method_types": _methods(desk, params, currency),
        "saved_payment_method_options": _saved_options(params) if customer_id else None,
        "submit_type": params.get("submit_type"),
        "success_url": params.get("success_url"),
        "ui_mode": params.get("ui_mode", "hosted_page"),
        "_line_items": lines,
        "_payment_intent_data": _intent_wishes(params),
    }
    if session["ui_mode"] == "hosted_page":
        session["url"] = f"{desk.base_url}/c/pay/{session_id}"
    else:
        session |= {"client_secret": f"{session_id}_secret_{new_id('s')[2:]}", "return_url": params["return_url"]}
    return desk.save(session)


def _refuse_what_is_not_modelled(params: dict[str, Any]) -> None:
    if "mode" not in params:
        raise missing_parameter("mode")
    if params["mode"] != "payment":
        raise not_modelled(f"mode={params['mode']}", "mode")
    for name in _CHANGES_THE_SUM:
        if params.get(name):
            raise not_modelled(name, name)
    for name in ("automatic_tax", "invoice_creation"):
        if parameters.is_on(params, name):
            raise not_modelled(f"{name}[enabled]=true", name)
    if (params.get("payment_intent_data") or {}).get("capture_method", "automatic") == "manual":
        raise not_modelled("manual capture", "payment_intent_data[capture_method]")


def _check_urls(params: dict[str, Any]) -> None:
    hosted = params.get("ui_mode", "hosted_page") == "hosted_page"
    if (needed := "success_url" if hosted else "return_url") not in params:
        raise missing_parameter(needed)
    for name in ("success_url", "cancel_url", "return_url"):
        if name in params and not params[name].startswith(("http://", "https://")):
            raise StripeProblem(
                "Not a valid URL. An explicit scheme (such as https) must be provided.", code="url_invalid", param=name
            )
        if hosted is (name == "return_url") and name in params:
            mode = params.get("ui_mode", "hosted_page")
            raise StripeProblem(f"`{name}` can not be used with `ui_mode` {mode}.", param=name)


def _payer(desk: Desk, params: dict[str, Any]) -> tuple[str | None, str | None]:
    if params.get("customer") and params.get("customer_email"):
        raise StripeProblem("You may only specify one of these parameters: customer, customer_email.", param="customer")
    if not params.get("customer"):
        return None, params.get("customer_email") or None
    customer = desk.find("customer", params["customer"], param="customer", status=400)
    return customer["id"], customer["email"]


def customer_details(email: str | None) -> Document:
    return {
        "address": None, "business_name": None, "email": email, "individual_name": None, "name": None,
        "phone": None, "tax_exempt": "none", "tax_ids": None,
    }  # fmt: skip


def _expiry(params: dict[str, Any]) -> int:
    expires_at = int(params.get("expires_at") or now() + LONGEST_S)
    if not SHORTEST_S <= expires_at - now() <= LONGEST_S:
        raise StripeProblem(
            "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation.",
            param="expires_at",
        )
    return expires_at


def _methods(desk: Desk, params: dict[str, Any], currency: str) -> list[str]:
    """Of what the account offers: the shop's own list only ever takes away from it."""
    switched_off = desk.account().get("switched_off", [])
    possible = ["card"] + ([BANK_METHODS[currency]] if currency in BANK_METHODS else [])
    possible = [method for method in possible if method not in switched_off]
    allowed = params.get("allowed_payment_method_types") or possible
    excluded = params.get("excluded_payment_method_types") or []
    methods = [method for method in possible if method in allowed and method not in excluded]
    if not methods:
        raise StripeProblem("No valid payment method types for this Checkout Session.")
    return methods


def _custom_text(params: dict[str, Any]) -> Document:
    """Words of the shop's own, each {"message": …} or none."""
    places = ("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")
    given = params.get("custom_text") or {}
    return {place: given.get(place) or None for place in places}


def _saved_options(params: dict[str, Any]) -> Document:
    """Which saved cards the page shows; Stripe's own default is those that may always be shown again."""
    given = params.get("saved_payment_method_options") or {}
    return {
        "allow_redisplay_filters": given.get("allow_redisplay_filters") or ["always"],
        "payment_method_remove": given.get("payment_method_remove", "disabled"),
        "payment_method_save": given.get("payment_method_save"),
    }  # fmt: skip


def _intent_wishes(params: dict[str, Any]) -> Document:
    given = params.get("payment_intent_data") or {}
    suffix = given.get("statement_descriptor_suffix", "")
    if suffix and not any(character.isalpha() for character in suffix):
        raise StripeProblem(
            "The statement descriptor must contain at least one letter.",
            param="payment_intent_data[statement_descriptor_suffix]",
        )
    kept = ("description", "receipt_email", "setup_future_usage", "statement_descriptor", "statement_descriptor_suffix")
    metadata = parameters.check_metadata(given, "payment_intent_data[metadata]")
    return {name: given[name] for name in kept if given.get(name)} | {"metadata": metadata}


def _blank_session(desk: Desk, session_id: str) -> Document:
    absent = (
        "after_expiration allow_promotion_codes cancel_url client_secret collected_information consent"
        " consent_collection currency_conversion customer_account discounts invoice origin_context payment_intent"
        " payment_link payment_method_configuration_details permissions recovered_from"
        " saved_payment_method_options setup_intent shipping_address_collection shipping_cost subscription url"
        " wallet_options"
    )
    return {
        "id": session_id,
        "object": "checkout.session",
        **dict.fromkeys(absent.split()),
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "created": now(),
        "custom_fields": [],
        "livemode": desk.scope.livemode,
        "mode": "payment",
        "payment_method_collection": "if_required",
        "payment_method_options": {},
        "payment_status": "unpaid",
        "phone_number_collection": {"enabled": False},
        "shipping_options": [],
        "status": "open",
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
    }  # fmt: skip


def retrieve(desk: Desk, session_id: str) -> Document:
    """The session, expired first if its time has come."""
    session = desk.find("checkout.session", session_id)
    return _expired(desk, session) if is_overdue(session) else session


def is_overdue(session: Document) -> bool:
    return session["status"] == "open" and bool(session["expires_at"] <= time.time())


def expire_overdue(desk: Desk) -> int:
    """Expire every session of the desk's account whose time has come; how many there were."""
    sessions = desk.store.oldest_first("checkout.session", desk.scope)
    return len([retrieve(desk, session["id"]) for session in sessions if is_overdue(session)])


def expire(desk: Desk, params: dict[str, Any], session_id: str) -> Document:
    session = retrieve(desk, session_id)
    if session["status"] != "open":
        raise StripeProblem(
            'Only Checkout Sessions with a status in ["open"] can be expired. '
            f"This Checkout Session has a status of {session['status']}.",
            param="session",
        )
    return _expired(desk, session)


def _expired(desk: Desk, session: Document) -> Document:
    if session["payment_intent"]:
        _cancel_intent(desk, session["payment_intent"])
    expired = desk.save(session | {"status": "expired", "url": None})
    announce(desk, "checkout.session.expired", expired)
    return expired


def _cancel_intent(desk: Desk, intent_id: str) -> None:
    intent = desk.find("payment_intent", intent_id) | {"status": "canceled", "canceled_at": now(), "next_action": None}
    announce(desk, "payment_intent.canceled", desk.save(intent | {"cancellation_reason": "expired"}))

"""The validator itself: what is right passes, every planted mistake is found, and the stand-in agrees."""

from typing import Any

import pytest

from sandbox.stripe.errors import StripeProblem
from sandbox.stripe.forms import decode_form
from sandbox.stripe.request_check import RequestCheck
from tests.contract.stripe_contract import check_object, check_request

SESSIONS = "/v1/checkout/sessions"
GOOD = {
    "mode": "payment",
    "ui_mode": "hosted_page",
    "line_items[0][quantity]": "1",
    "line_items[0][price_data][currency]": "gbp",
    "line_items[0][price_data][unit_amount]": "12000",
    "line_items[0][price_data][product_data][name]": "Invoice",
    "success_url": "https://portal.example/r",
    "metadata[invoice]": "7",
    "adaptive_pricing[enabled]": "false",
    "allowed_payment_method_types[0]": "card",
    "expand[0]": "payment_intent",
}
MISTAKES: list[tuple[str, str, dict[str, str]]] = [
    ("POST", SESSIONS, GOOD | {"curency": "gbp"}),
    ("POST", SESSIONS, GOOD | {"line_items[0][price_data][unit_amont]": "1"}),
    ("POST", SESSIONS, GOOD | {"line_items[0][price_data][unit_amount]": "10.5"}),
    ("POST", SESSIONS, GOOD | {"ui_mode": "hosted"}),
    ("POST", SESSIONS, GOOD | {"adaptive_pricing[enabled]": "no"}),
    ("POST", SESSIONS, GOOD | {"payment_intent_data[statement_descriptor_suffix]": "x" * 23}),
    ("POST", SESSIONS, GOOD | {"payment_method_types[0]": "card"}),
    ("POST", SESSIONS, GOOD | {"allowed_payment_method_types[0]": "cash"}),
    ("POST", SESSIONS, GOOD | {"metadata[a][b]": "nested"}),
    ("POST", "/v1/refunds", {"payment_intent": "pi_1", "reason": "because"}),
    ("POST", "/v1/webhook_endpoints", {"url": "https://x.example"}),
    ("GET", "/v1/payment_intents", {"status": "succeeded"}),
]


def _stand_ins_answer(method: str, path: str, sent: dict[str, str]) -> StripeProblem | None:
    try:
        RequestCheck().refuse_wrong(method, path, decode_form(sent.items()))
    except StripeProblem as problem:
        return problem
    return None


def test_a_good_request_passes() -> None:
    assert check_request("POST", SESSIONS, GOOD) == []
    assert _stand_ins_answer("POST", SESSIONS, GOOD) is None
    assert check_request("POST", f"{SESSIONS}/cs_1/expire", "") == []
    assert check_request("GET", "/v1/events", "types[0]=refund.created&created[gte]=5&limit=100") == []


@pytest.mark.parametrize(("method", "path", "sent"), MISTAKES)
def test_every_planted_mistake_is_found_by_both(method: str, path: str, sent: dict[str, str]) -> None:
    assert check_request(method, path, sent) != []
    assert _stand_ins_answer(method, path, sent) is not None


def test_a_path_stripe_does_not_have_is_a_mistake() -> None:
    assert check_request("POST", "/v1/checkout/session", GOOD) != []


@pytest.mark.parametrize(
    "change", [{"amount": "5"}, {"amont": 5}, {"reason": "because"}, {"currency": None}, {"id": None}]
)
def test_a_wrong_object_is_found(change: dict[str, Any]) -> None:
    refund = {"id": "re_1", "object": "refund", "amount": 5, "created": 1, "currency": "gbp", "reason": None}
    assert check_object("refund", refund) == []
    assert check_object("refund", refund | change) != []

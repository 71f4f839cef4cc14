"""Facts asked of the stand-in, and of Stripe's own test mode by whoever has a key for it.

    STRIPE_CONTRACT_KEY=rk_test_… pytest tests/contract/test_stripe_both.py

Without a key the second half is skipped: the stand-in has never been compared with the real service.
"""

import os
import secrets
from collections.abc import Iterator
from typing import Any

import pytest
import stripe

from tests.contract.stripe_contract import check_object
from tests.sandbox.stripe.running_stand_in import StandIn, session_params


@pytest.fixture(params=["stand-in", "stripe"])
def either(request: pytest.FixtureRequest) -> Iterator[Any]:
    if request.param == "stand-in":
        running = StandIn()
        yield running.client()
        running.stop()
        return
    key = os.environ.get("STRIPE_CONTRACT_KEY", "")
    if "_test_" not in key:
        pytest.skip("NOT COMPARED with the real Stripe: STRIPE_CONTRACT_KEY holds no test key")
    yield stripe.StripeClient(key).v1


def _params(**changes: Any) -> dict[str, Any]:
    return session_params(success_url="https://portal.example/r", cancel_url="https://portal.example/p", **changes)


def test_a_new_session_is_open_and_unpaid_without_an_intent(either: Any) -> None:
    session = either.checkout.sessions.create(_params())
    assert (session.status, session.payment_status, session.payment_intent) == ("open", "unpaid", None)
    assert check_object("checkout.session", session.to_dict()) == []


def test_a_session_expires_once(either: Any) -> None:
    session = either.checkout.sessions.create(_params())
    assert either.checkout.sessions.expire(session.id).status == "expired"
    with pytest.raises(stripe.InvalidRequestError):
        either.checkout.sessions.expire(session.id)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"curency": "gbp"}, "parameter_unknown"),
        ({"payment_method_types": ["card"]}, "payment_method_types_no_longer_supported"),
    ],
)
def test_a_wrong_request_is_refused_by_name(either: Any, changes: dict[str, Any], code: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        either.checkout.sessions.create(_params(**changes))
    assert refused.value.code == code


def test_a_key_used_for_something_else_is_refused(either: Any) -> None:
    key = secrets.token_hex(16)
    made = either.customers.create({"name": "Ann"}, {"idempotency_key": key})
    assert either.customers.create({"name": "Ann"}, {"idempotency_key": key}).id == made.id
    with pytest.raises(stripe.IdempotencyError):
        either.customers.create({"name": "Bob"}, {"idempotency_key": key})


def test_nothing_is_found_under_a_made_up_id(either: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        either.payment_intents.retrieve("pi_nobody")
    assert (refused.value.http_status, refused.value.code) == (404, "resource_missing")

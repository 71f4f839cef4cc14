"""Cards saved at the stand-in: kept with consent, shown again, charged while their owner is away, removed for ever."""

from typing import Any

import pytest
import requests
import stripe

from tests.contract.stripe_contract import check_object
from tests.sandbox.stripe.running_stand_in import StandIn, session_params

DECLINED, ASKS_OWNER, ASKS_ONCE = "4000000000000002", "4000002760003184", "4000002500003155"


def save_a_card(stand_in: StandIn, client: Any, card: str = "4242424242424242") -> tuple[str, str]:
    """(customer, payment method) of a card that was saved while a session was paid with it."""
    customer = client.customers.create({"email": "rita@maple.example"})
    later = {"payment_intent_data": {"metadata": {"attempt": "1"}, "setup_future_usage": "off_session"}}
    params = session_params(customer=customer.id, **later)
    del params["customer_email"]
    session = client.checkout.sessions.create(params)
    stand_in.control(f"sessions/{session.id}/pay", card=card)
    if card in (ASKS_OWNER, ASKS_ONCE):
        stand_in.control(f"sessions/{session.id}/3ds", passed=True)
    paid = client.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    return customer.id, paid.payment_intent.payment_method


def order(customer: str, method: str, **more: Any) -> dict[str, Any]:
    return {
        "amount": 5000, "currency": "gbp", "customer": customer, "payment_method": method,
        "allowed_payment_method_types": ["card"], "metadata": {"attempt": "2"}, **more,
    }  # fmt: skip


def test_a_card_that_was_saved_is_charged_without_its_owner_once(stand_in: StandIn, client: Any) -> None:
    customer, method = save_a_card(stand_in, client)
    kept = client.payment_methods.retrieve(method)
    assert (kept.customer, kept.allow_redisplay, kept.card.last4) == (customer, "limited", "4242")
    assert check_object("payment_method", kept.to_dict()) == []
    made = client.payment_intents.create(order(customer, method))
    assert made.status == "requires_confirmation"
    done = client.payment_intents.confirm(made.id, {"off_session": True})
    assert (done.status, done.amount_received) == ("succeeded", 5000)
    assert check_object("payment_intent", done.to_dict()) == []
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.payment_intents.confirm(made.id, {"off_session": True})
    assert refused.value.code == "payment_intent_unexpected_state"
    assert len(client.charges.list({"payment_intent": made.id}).data) == 1


def test_a_card_is_not_kept_without_the_wish(stand_in: StandIn, client: Any) -> None:
    session = client.checkout.sessions.create(session_params())
    stand_in.control(f"sessions/{session.id}/pay", card="4242424242424242")
    paid = client.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    method = client.payment_methods.retrieve(paid.payment_intent.payment_method)
    assert method.customer is None
    customer = client.customers.create({})
    with pytest.raises(stripe.InvalidRequestError, match="does not have a payment method"):
        client.payment_intents.create(order(customer.id, method.id))


@pytest.mark.parametrize(("card", "code"), [(DECLINED, "card_declined"), (ASKS_OWNER, "authentication_required")])
def test_what_the_bank_refuses_is_told_and_stays_with_the_intent(
    stand_in: StandIn, client: Any, card: str, code: str
) -> None:
    customer, method = save_a_card(stand_in, client)
    stand_in.control(f"payment_methods/{method}/bank", number=card)
    made = client.payment_intents.create(order(customer, method))
    with pytest.raises(stripe.CardError) as refused:
        client.payment_intents.confirm(made.id, {"off_session": True}, {"idempotency_key": "k1"})
    assert (refused.value.code, refused.value.http_status) == (code, 402)
    seen = client.payment_intents.retrieve(made.id)
    assert (seen.status, seen.last_payment_error.code) == ("requires_payment_method", code)
    assert check_object("payment_intent", seen.to_dict()) == []
    with pytest.raises(stripe.CardError):  # the same key: the same answer, and no second try
        client.payment_intents.confirm(made.id, {"off_session": True}, {"idempotency_key": "k1"})
    assert len(client.charges.list({"payment_intent": made.id}).data) == 1


def test_a_card_that_asked_once_needs_its_owner_no_more(stand_in: StandIn, client: Any) -> None:
    customer, method = save_a_card(stand_in, client, ASKS_ONCE)
    made = client.payment_intents.create(order(customer, method, confirm=True, off_session=True))
    assert made.status == "succeeded"


def test_a_removed_card_is_gone_for_ever(stand_in: StandIn, client: Any) -> None:
    customer, method = save_a_card(stand_in, client)
    made = client.payment_intents.create(order(customer, method))
    assert client.payment_methods.detach(method).customer is None
    for refused_call in (
        lambda: client.payment_methods.detach(method),
        lambda: client.payment_methods.attach(method, {"customer": customer}),
        lambda: client.payment_intents.confirm(made.id, {"off_session": True}),
    ):
        with pytest.raises(stripe.InvalidRequestError):
            refused_call()
    assert client.charges.list({"payment_intent": made.id}).data == []


def test_a_cancelled_intent_takes_no_money(stand_in: StandIn, client: Any) -> None:
    customer, method = save_a_card(stand_in, client)
    made = client.payment_intents.create(order(customer, method))
    assert client.payment_intents.cancel(made.id).status == "canceled"
    with pytest.raises(stripe.InvalidRequestError, match="canceled"):
        client.payment_intents.confirm(made.id, {"off_session": True})


def test_a_saved_card_is_shown_only_where_the_session_asks_and_then_asks_its_owner(
    stand_in: StandIn, client: Any
) -> None:
    customer, method = save_a_card(stand_in, client)
    params = session_params(customer=customer)
    del params["customer_email"]
    plain = client.checkout.sessions.create(params)
    assert "•••• 4242" not in requests.get(plain.url, timeout=5).text
    asking = client.checkout.sessions.create(params | {
        "saved_payment_method_options": {"allow_redisplay_filters": ["always", "limited"]},
        "payment_method_options": {"card": {"request_three_d_secure": "challenge"}},
    })  # fmt: skip
    assert check_object("checkout.session", asking.to_dict()) == []
    assert "•••• 4242" in requests.get(asking.url, timeout=5).text
    answer = requests.post(asking.url, data={"saved": method}, allow_redirects=False, timeout=5)
    assert answer.headers["Location"].endswith("/3ds")
    assert stand_in.control(f"sessions/{asking.id}/3ds", passed=True)["payment_status"] == "paid"

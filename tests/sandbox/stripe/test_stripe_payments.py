"""Paying a session: what every test card does, what is announced, and what the objects then say."""

from typing import Any

import pytest
import requests
import stripe

from tests.contract.stripe_contract import check_object
from tests.sandbox.stripe.running_stand_in import Inbox, StandIn, listen, session_params

FULL = {"expand": ["payment_intent.latest_charge.balance_transaction"]}


def test_a_paid_session_shows_the_money_and_its_fee(stand_in: StandIn, client: Any) -> None:
    session = client.checkout.sessions.create(session_params())
    stand_in.control(f"sessions/{session.id}/pay", card="4242424242424242", email="a@b.example")
    paid = client.checkout.sessions.retrieve(session.id, FULL)
    intent = paid.payment_intent
    assert (paid.status, paid.payment_status, paid.url) == ("complete", "paid", None)
    assert (intent.status, intent.amount_received, intent.metadata.to_dict()) == ("succeeded", 12000, {"attempt": "1"})
    entry = intent.latest_charge.balance_transaction
    assert (entry.amount, entry.fee, entry.net) == (12000, 200, 11800)
    assert check_object("checkout.session", paid.to_dict()) == []


def test_paying_in_the_browser_form_redirects_and_announces_itself(
    stand_in: StandIn, client: Any, inbox: Inbox
) -> None:
    endpoint = listen(stand_in, inbox)
    session = client.checkout.sessions.create(session_params())
    assert "£120.00" in requests.get(session.url, timeout=5).text
    answer = requests.post(session.url, data={"number": "4242 4242 4242 4242"}, allow_redirects=False, timeout=5)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"http://127.0.0.1:9/r/a1?cs={session.id}")
    stand_in.idle()
    events = inbox.events(endpoint.secret)
    assert {event["type"] for event in events} == {
        "payment_intent.created", "charge.succeeded", "payment_intent.succeeded", "checkout.session.completed",
    }  # fmt: skip
    for event in events:
        assert check_object("event", event.to_dict()) == []
        assert check_object(event["data"]["object"]["object"], event["data"]["object"].to_dict()) == []
        assert event["api_version"] == stripe.api_version


def test_a_session_is_paid_only_once(stand_in: StandIn, client: Any) -> None:
    session = client.checkout.sessions.create(session_params())
    for _ in range(2):
        requests.post(session.url, data={"number": "4242424242424242"}, allow_redirects=False, timeout=5)
    assert stand_in.control(f"sessions/{session.id}/pay")["error"]["message"].endswith("has already been paid.")
    assert len(client.charges.list().data) == 1


@pytest.mark.parametrize(
    ("card", "code", "decline_code"),
    [
        ("4000000000000002", "card_declined", "generic_decline"),
        ("4000000000009995", "card_declined", "insufficient_funds"),
        ("4000000000000069", "expired_card", None),
    ],
)
def test_a_declined_card_leaves_the_session_open_for_another(
    stand_in: StandIn, client: Any, inbox: Inbox, card: str, code: str, decline_code: str | None
) -> None:
    endpoint = listen(stand_in, inbox)
    session = client.checkout.sessions.create(session_params())
    page = requests.post(session.url, data={"number": card}, allow_redirects=False, timeout=5)
    assert page.status_code == 402 and 'role="alert"' in page.text
    intent = client.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]}).payment_intent
    assert check_object("payment_intent", intent.to_dict()) == []
    error = intent.last_payment_error.to_dict()
    assert (intent.status, error["code"], error.get("decline_code")) == ("requires_payment_method", code, decline_code)
    stand_in.control(f"sessions/{session.id}/pay")
    stand_in.idle()
    assert [charge.status for charge in client.charges.list().data] == ["succeeded", "failed"]
    assert inbox.types(endpoint.secret).count("payment_intent.payment_failed") == 1
    assert client.payment_intents.retrieve(intent.id).last_payment_error is None


def test_3d_secure_asks_and_takes_yes_or_no(client: Any) -> None:
    session = client.checkout.sessions.create(session_params())
    form = {"number": "4000002760003184"}
    asked = requests.post(session.url, data=form, timeout=5)
    assert asked.url.endswith("/3ds") and "Complete" in asked.text and "no real money moves" in asked.text
    assert client.payment_intents.list().data[0].status == "requires_action"
    refused = requests.post(asked.url, data={"answer": "fail"}, timeout=5)
    assert refused.status_code == 402 and "unable to authenticate" in refused.text
    requests.post(session.url, data=form, timeout=5)
    done = requests.post(asked.url, data={"answer": "complete"}, allow_redirects=False, timeout=5)
    assert done.status_code == 303
    assert client.checkout.sessions.retrieve(session.id).payment_status == "paid"


@pytest.mark.parametrize("succeeded", [True, False])
def test_a_bank_payment_is_processing_until_the_bank_speaks(
    stand_in: StandIn, client: Any, inbox: Inbox, succeeded: bool
) -> None:
    endpoint = listen(stand_in, inbox)
    session = client.checkout.sessions.create(session_params())
    requests.post(session.url, data={"method": "bank"}, allow_redirects=False, timeout=5)
    waiting = client.checkout.sessions.retrieve(session.id, FULL)
    assert check_object("checkout.session", waiting.to_dict()) == []
    assert (waiting.status, waiting.payment_status, waiting.payment_intent.status) == (
        "complete", "unpaid", "processing",
    )  # fmt: skip
    stand_in.control(f"sessions/{session.id}/bank", succeeded=succeeded)
    stand_in.idle()
    ended = client.checkout.sessions.retrieve(session.id, FULL)
    assert ended.payment_status == ("paid" if succeeded else "unpaid")
    assert ended.payment_intent.status == ("succeeded" if succeeded else "requires_payment_method")
    word = "succeeded" if succeeded else "failed"
    assert f"checkout.session.async_payment_{word}" in inbox.types(endpoint.secret)


def test_a_card_only_session_takes_no_bank_account(stand_in: StandIn, client: Any) -> None:
    session = client.checkout.sessions.create(session_params(allowed_payment_method_types=["card"]))
    assert "Bank account" not in requests.get(session.url, timeout=5).text
    refused = stand_in.control(f"sessions/{session.id}/pay", card="bank")
    assert refused["error"]["code"] == "payment_method_not_available"
    assert client.checkout.sessions.retrieve(session.id).status == "open"


def test_the_dispute_card_pays_and_then_disputes(stand_in: StandIn, client: Any, inbox: Inbox) -> None:
    endpoint = listen(stand_in, inbox)
    session = client.checkout.sessions.create(session_params())
    stand_in.control(f"sessions/{session.id}/pay", card="4000000000000259")
    dispute = client.disputes.list().data[0]
    assert check_object("dispute", client.disputes.retrieve(dispute.id).to_dict()) == []
    assert (dispute.status, dispute.amount, dispute.is_charge_refundable) == ("needs_response", 12000, False)
    with pytest.raises(stripe.InvalidRequestError, match="charged back"):
        client.refunds.create({"charge": dispute.charge})
    assert stand_in.control(f"disputes/{dispute.id}/close", outcome="won")["status"] == "won"
    stand_in.idle()
    assert {
        "charge.dispute.created", "charge.dispute.funds_withdrawn", "charge.dispute.funds_reinstated",
        "charge.dispute.closed",
    } < set(inbox.types(endpoint.secret))  # fmt: skip


def test_a_page_nobody_has_says_so(stand_in: StandIn) -> None:
    page = requests.get(f"{stand_in.url}/c/pay/cs_test_nobody", timeout=5)
    assert page.status_code == 404 and "Nothing here" in page.text and "no real money moves" in page.text

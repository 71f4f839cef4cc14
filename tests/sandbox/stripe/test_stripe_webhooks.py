"""Webhooks: signed, repeated until taken, and everything that can go wrong with them on order."""

import threading
from pathlib import Path
from typing import Any

import pytest
import requests
import stripe

from tests.contract.stripe_contract import check_object
from tests.sandbox.stripe.running_stand_in import Inbox, StandIn, listen, session_params, wait_until

PAID = ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded", "checkout.session.completed"]


def _pay(stand_in: StandIn, client: Any) -> str:
    session = client.checkout.sessions.create(session_params())
    stand_in.control(f"sessions/{session.id}/pay")
    return str(session.id)


def test_only_creation_shows_the_secret(stand_in: StandIn, client: Any, inbox: Inbox) -> None:
    endpoint = listen(stand_in, inbox)
    assert endpoint.secret.startswith("whsec_") and endpoint.api_version == stripe.api_version
    for shown in (client.webhook_endpoints.list().data[0], client.webhook_endpoints.update(endpoint.id, {})):
        assert check_object("webhook_endpoint", shown.to_dict()) == [] and "secret" not in shown


def test_an_endpoint_gets_what_it_asked_for_until_it_is_disabled(stand_in: StandIn, client: Any, inbox: Inbox) -> None:
    wish = {"url": inbox.url, "enabled_events": ["checkout.session.completed"]}
    endpoint = client.webhook_endpoints.create(wish)
    _pay(stand_in, client)
    stand_in.idle()
    assert inbox.types(endpoint.secret) == ["checkout.session.completed"]
    client.webhook_endpoints.update(endpoint.id, {"disabled": True})
    _pay(stand_in, client)
    stand_in.idle()
    client.webhook_endpoints.delete(endpoint.id)
    assert len(inbox.received) == 1 and client.webhook_endpoints.list().data == []


def test_a_refused_delivery_comes_again(stand_in: StandIn, client: Any, inbox: Inbox) -> None:
    stand_in.control("deliveries/retry_delays", seconds=[0.01, 0.01])
    inbox.answers = [500, 302]
    endpoint = listen(stand_in, inbox)
    event = stand_in.control("events", account="acct_northgate", type="customer.created", object={"object": "customer"})
    wait_until(lambda: client.events.retrieve(event["id"]).pending_webhooks == 0)
    assert inbox.types(endpoint.secret) == ["customer.created"] * 3
    assert [attempt["status"] for attempt in stand_in.control("deliveries", "GET")["past"][0]["attempts"]] == [
        500, 302, 200,
    ]  # fmt: skip


def test_what_is_on_its_way_at_the_end_goes_out_again_after_a_start(tmp_path: Path, inbox: Inbox) -> None:
    before = StandIn(tmp_path)
    endpoint = listen(before, inbox)
    inbox.may_answer.clear()
    before.control("events", account="acct_northgate", type="customer.created", object={"object": "customer"})
    wait_until(lambda: len(inbox.received) == 1)
    before.stop()
    inbox.may_answer.set()  # too late: nobody notes it any more, and nobody writes into what is closed
    wait_until(lambda: not any("_deliver" in thread.name for thread in threading.enumerate()))
    after = StandIn(tmp_path)
    wait_until(lambda: inbox.types(endpoint.secret) == ["customer.created"] * 2)
    after.idle()
    after.stop()


def test_retries_end(stand_in: StandIn, inbox: Inbox) -> None:
    stand_in.control("deliveries/retry_delays", seconds=[0.01])
    inbox.answers = [500, 500, 500]
    listen(stand_in, inbox)
    stand_in.control("events", account="acct_northgate", type="customer.created")
    wait_until(lambda: bool(stand_in.control("deliveries", "GET")["past"]))
    assert stand_in.control("deliveries", "GET")["past"][0]["status"] == "failed"


def test_held_deliveries_wait_for_their_release(stand_in: StandIn, client: Any, inbox: Inbox) -> None:
    endpoint = listen(stand_in, inbox)
    stand_in.control(f"endpoints/{endpoint.id}/mode", mode="hold")
    _pay(stand_in, client)
    stand_in.idle()
    assert inbox.received == []
    stand_in.control("deliveries/release", order="reverse")
    stand_in.idle()
    assert inbox.types(endpoint.secret) == PAID[::-1]


@pytest.mark.parametrize(
    ("mode", "received"),
    [
        ("now", PAID),
        ("drop", []),
        ("twice", [each for event in PAID for each in (event, event)]),
        ("reverse", PAID[::-1]),
        ("delay", PAID),
    ],
)
def test_delivery_modes(stand_in: StandIn, client: Any, inbox: Inbox, mode: str, received: list[str]) -> None:
    endpoint = listen(stand_in, inbox)
    stand_in.control("endpoints/all/mode", mode=mode, seconds=0.1)
    _pay(stand_in, client)
    wait_until(lambda: len(inbox.received) == len(received))
    stand_in.idle()
    assert inbox.types(endpoint.secret) == received


def test_twice_at_once_sends_both(stand_in: StandIn, client: Any, inbox: Inbox) -> None:
    endpoint = listen(stand_in, inbox)
    stand_in.control("endpoints/all/mode", mode="twice_at_once")
    _pay(stand_in, client)
    stand_in.idle()
    assert sorted(inbox.types(endpoint.secret)) == sorted(PAID * 2)


@pytest.mark.parametrize(
    "trick", [{"age_seconds": 301}, {"secret": "whsec_wrong"}, {"unsigned": True}, {"body": '{"id": "evt_1"}'}]
)
def test_forged_deliveries_are_told_by_their_signature(stand_in: StandIn, inbox: Inbox, trick: dict[str, Any]) -> None:
    endpoint = listen(stand_in, inbox)
    event = stand_in.control("events", account="acct_northgate", type="customer.created")
    stand_in.idle()
    inbox.received.clear()
    stand_in.control(f"events/{event['id']}/deliveries", **trick)
    stand_in.idle()
    assert len(inbox.received) == 1
    with pytest.raises(stripe.SignatureVerificationError):
        inbox.events(endpoint.secret)


def test_another_accounts_event_can_be_brought_to_ones_own_endpoint(stand_in: StandIn, inbox: Inbox) -> None:
    endpoint = listen(stand_in, inbox)
    foreign = stand_in.control("events", account="acct_lakeside", type="customer.created", says_livemode=True)
    stand_in.idle()
    assert inbox.received == []
    stand_in.control(f"events/{foreign['id']}/deliveries", endpoint=endpoint.id)
    stand_in.idle()
    event = inbox.events(endpoint.secret)[0]
    assert (event["id"], event["livemode"]) == (foreign["id"], True)


def test_a_delivery_can_be_sent_again(stand_in: StandIn, inbox: Inbox) -> None:
    endpoint = listen(stand_in, inbox)
    stand_in.control("events", account="acct_northgate", type="customer.created")
    stand_in.idle()
    sent = stand_in.control("deliveries", "GET")["past"][0]
    stand_in.control(f"deliveries/{sent['id']}/again")
    stand_in.idle()
    first, second = inbox.events(endpoint.secret)
    assert first["id"] == second["id"]


def test_events_can_be_swept_by_type(stand_in: StandIn, client: Any) -> None:
    session_id = _pay(stand_in, client)
    found = client.events.list({"types": ["checkout.session.completed", "checkout.session.expired"]}).data
    assert [event.data.object["id"] for event in found] == [session_id]
    assert check_object("event", client.events.retrieve(found[0].id).to_dict()) == []


def test_the_dashboard_shows_and_does(stand_in: StandIn, client: Any, inbox: Inbox) -> None:
    listen(stand_in, inbox)
    _pay(stand_in, client)
    stand_in.idle()
    url = f"{stand_in.url}/dashboard/acct_northgate"
    charge = client.charges.list().data[0]
    page = requests.get(url, timeout=5).text
    assert charge.id in page and "checkout.session.completed" in page and "no real money moves" in page
    requests.post(url, data={"do": "refund", "id": charge.id, "amount": "2000"}, timeout=5)
    assert client.charges.retrieve(charge.id).amount_refunded == 2000
    refused = requests.post(url, data={"do": "refund", "id": charge.id, "amount": "99999"}, timeout=5)
    assert refused.status_code == 400 and "greater than unrefunded" in refused.text

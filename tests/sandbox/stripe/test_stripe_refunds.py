"""Refunds: in parts, never too much, and taken back when the bank says so."""

from typing import Any

import pytest
import stripe

from tests.contract.stripe_contract import check_object
from tests.sandbox.stripe.running_stand_in import Inbox, StandIn, listen, session_params


def _paid_charge(stand_in: StandIn, client: Any, card: str = "4242424242424242") -> Any:
    session = client.checkout.sessions.create(session_params())
    stand_in.control(f"sessions/{session.id}/pay", card=card)
    return client.charges.list({"limit": 1}).data[0]


def test_refunds_add_up_and_stop_at_what_was_paid(stand_in: StandIn, client: Any) -> None:
    charge = _paid_charge(stand_in, client)
    part = client.refunds.create({"payment_intent": charge.payment_intent, "amount": 5000})
    assert check_object("refund", part.to_dict()) == [] and part.status == "succeeded"
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded amount"):
        client.refunds.create({"payment_intent": charge.payment_intent, "amount": 7001})
    client.refunds.create({"charge": charge.id})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.refunds.create({"charge": charge.id, "amount": 1})
    assert refused.value.code == "charge_already_refunded"
    refunded = client.charges.retrieve(charge.id, {"expand": ["refunds"]})
    assert check_object("charge", refunded.to_dict()) == []
    assert (refunded.amount_refunded, refunded.refunded, len(refunded.refunds.data)) == (12000, True, 2)


def test_a_refund_can_fail_after_it_had_succeeded(stand_in: StandIn, client: Any, inbox: Inbox) -> None:
    endpoint = listen(stand_in, inbox)
    charge = _paid_charge(stand_in, client, "4000000000005126")
    refund = client.refunds.create({"charge": charge.id, "amount": 4000})
    stand_in.control(f"refunds/{refund.id}/settle", outcome="failed")
    stand_in.idle()
    failed = client.refunds.retrieve(refund.id)
    assert check_object("refund", failed.to_dict()) == []
    assert (failed.status, client.charges.retrieve(charge.id).amount_refunded) == ("failed", 0)
    assert {"refund.created", "charge.refunded", "refund.updated", "refund.failed"} < set(inbox.types(endpoint.secret))
    assert client.refunds.create({"charge": charge.id}).amount == 12000


def test_a_refund_made_in_the_dashboard_is_announced_like_any_other(
    stand_in: StandIn, client: Any, inbox: Inbox
) -> None:
    charge = _paid_charge(stand_in, client)
    endpoint = listen(stand_in, inbox)
    stand_in.control(f"charges/{charge.id}/refunds", amount=100)
    stand_in.idle()
    assert sorted(inbox.types(endpoint.secret)) == ["charge.refunded", "refund.created"]
    assert [refund.amount for refund in client.refunds.list({"charge": charge.id}).data] == [100]


def test_an_unpaid_intent_has_nothing_to_refund(stand_in: StandIn, client: Any) -> None:
    session = client.checkout.sessions.create(session_params())
    stand_in.control(f"sessions/{session.id}/pay", card="4000000000000002")
    intent = client.payment_intents.list().data[0]
    with pytest.raises(stripe.InvalidRequestError, match="never paid"):
        client.refunds.create({"payment_intent": intent.id})


def test_balance_entries_follow_the_money(stand_in: StandIn, client: Any) -> None:
    charge = _paid_charge(stand_in, client)
    client.refunds.create({"charge": charge.id, "amount": 1000})
    entries = client.balance_transactions.list().data
    assert [(entry.type, entry.amount) for entry in entries] == [("refund", -1000), ("charge", 12000)]
    for entry in entries:
        assert check_object("balance_transaction", client.balance_transactions.retrieve(entry.id).to_dict()) == []

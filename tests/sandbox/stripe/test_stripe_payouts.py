"""Payouts: made of what came and went, told entry by entry, and sometimes sent back by the bank."""

from typing import Any

import pytest
import stripe

from tests.contract.stripe_contract import check_object
from tests.sandbox.stripe.running_stand_in import Inbox, StandIn, listen, session_params

ACCOUNT = "acct_northgate"


def _charge(stand_in: StandIn, client: Any) -> Any:
    session = client.checkout.sessions.create(session_params())
    stand_in.control(f"sessions/{session.id}/pay")
    return client.charges.list({"limit": 1}).data[0]


def _pay_out(stand_in: StandIn, **wish: Any) -> Any:
    return stand_in.control(f"accounts/{ACCOUNT}/payouts", **wish)


def test_a_payout_is_the_sum_of_its_entries_and_says_which(stand_in: StandIn, client: Any) -> None:
    charge = _charge(stand_in, client)
    refund = client.refunds.create({"charge": charge.id, "amount": 1000})
    made = _pay_out(stand_in)
    payout = client.payouts.retrieve(made["id"])
    assert check_object("payout", payout.to_dict()) == []
    assert (payout.status, payout.reconciliation_status, payout.automatic) == ("paid", "completed", True)
    entries = client.balance_transactions.list({"payout": payout.id, "expand": ["data.source"]}).data
    assert [check_object("balance_transaction", entry.to_dict()) for entry in entries] == [[]] * 3
    assert {(entry.type, entry.source.id) for entry in entries} == {
        ("charge", charge.id), ("refund", refund.id), ("payout", payout.id),
    }  # fmt: skip
    assert sum(entry.net for entry in entries) == 0  # the payout's own entry takes out what the others brought
    assert payout.amount == sum(entry.net for entry in entries if entry.type != "payout")


def test_the_next_payout_has_what_came_since(stand_in: StandIn, client: Any) -> None:
    _charge(stand_in, client)
    _pay_out(stand_in)
    later = _charge(stand_in, client)
    second = _pay_out(stand_in)
    entries = client.balance_transactions.list({"payout": second["id"], "type": "charge"}).data
    assert [entry.source for entry in entries] == [later.id]
    assert "insufficient funds" in _pay_out(stand_in)["error"]["message"]


def test_one_that_is_on_its_way_is_not_reconciled_yet(stand_in: StandIn, client: Any, inbox: Inbox) -> None:
    endpoint = listen(stand_in, inbox)
    _charge(stand_in, client)
    made = _pay_out(stand_in, arrives=False)
    assert (made["status"], made["reconciliation_status"]) == ("in_transit", "in_progress")
    stand_in.control(f"payouts/{made['id']}/arrive")
    stand_in.idle()
    told = [kind for kind in inbox.types(endpoint.secret) if kind.startswith("payout.")]
    assert sorted(told) == ["payout.created", "payout.paid", "payout.reconciliation_completed"]


def test_what_the_bank_sends_back_goes_out_with_a_later_one(stand_in: StandIn, client: Any) -> None:
    _charge(stand_in, client)
    first = _pay_out(stand_in)
    stand_in.control(f"payouts/{first['id']}/fail")
    failed = client.payouts.retrieve(first["id"])
    assert (failed.status, failed.failure_code) == ("failed", "account_closed")
    assert check_object("payout", failed.to_dict()) == []
    second = _pay_out(stand_in)
    entries = client.balance_transactions.list({"payout": second["id"], "expand": ["data.source"]}).data
    assert {(entry.type, entry.source.id) for entry in entries} == {
        ("payout_failure", failed.id), ("payout", second["id"]),
    }  # fmt: skip
    assert second["amount"] == first["amount"]


def test_a_payout_made_by_hand_does_not_say_what_it_is_made_of(stand_in: StandIn, client: Any) -> None:
    _charge(stand_in, client)
    made = _pay_out(stand_in, automatic=False)
    assert made["reconciliation_status"] == "not_applicable"
    with pytest.raises(stripe.InvalidRequestError, match="automatic"):
        client.balance_transactions.list({"payout": made["id"]})


def test_payouts_are_listed_by_when_they_were_made(stand_in: StandIn, client: Any) -> None:
    _charge(stand_in, client)
    made = _pay_out(stand_in)
    listed = client.payouts.list({"created": {"gte": made["created"]}})
    assert [payout.id for payout in listed.data] == [made["id"]]
    assert not client.payouts.list({"arrival_date": {"gt": made["arrival_date"]}}).data
    assert not client.payouts.list({"created": {"gt": made["created"]}}).data

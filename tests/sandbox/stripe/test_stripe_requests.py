"""Keys, rights, modes, idempotency and faults: how every request is received."""

import threading
from pathlib import Path
from typing import Any

import pytest
import requests
import stripe

from sandbox.stripe.request_check import RequestCheck
from sandbox.stripe.store import Scope
from tests.contract.stripe_contract import check_object
from tests.sandbox.stripe.running_stand_in import KEY, StandIn, session_params


def _post(stand_in: StandIn, path: str, key: str | None = None, **form: str) -> requests.Response:
    headers = {"Authorization": f"Bearer {KEY}"} | ({"Idempotency-Key": key} if key else {})
    return requests.post(stand_in.url + path, data=form, headers=headers, timeout=5)


def test_the_same_key_and_body_get_the_same_answer(stand_in: StandIn, client: Any) -> None:
    first = _post(stand_in, "/v1/customers", "k1", name="Ann")
    again = _post(stand_in, "/v1/customers", "k1", name="Ann")
    assert again.json() == first.json() and first.headers["Request-Id"].startswith("req_")
    assert again.headers["Idempotent-Replayed"] == "true" and "Idempotent-Replayed" not in first.headers
    assert again.headers["Original-Request"] == first.headers["Request-Id"]
    assert len(client.customers.list().data) == 1


def test_the_same_key_with_another_body_is_an_idempotency_error(client: Any) -> None:
    client.customers.create({"name": "Ann"}, {"idempotency_key": "k1"})
    with pytest.raises(stripe.IdempotencyError):
        client.customers.create({"name": "Bob"}, {"idempotency_key": "k1"})


def test_a_refused_request_leaves_its_key_unused(client: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        client.customers.create({"nam": "Ann"}, {"idempotency_key": "k1"})
    assert client.customers.create({"name": "Ann"}, {"idempotency_key": "k1"}).name == "Ann"


def test_an_error_after_work_began_is_remembered(stand_in: StandIn) -> None:
    wrong = _post(stand_in, "/v1/refunds", "k1", charge="ch_nobody")
    again = _post(stand_in, "/v1/refunds", "k1", charge="ch_nobody")
    assert wrong.status_code == again.status_code == 400 and again.headers["Idempotent-Replayed"] == "true"


def test_keys_belong_to_one_account(stand_in: StandIn) -> None:
    for key in (KEY, "rk_test_lakeside"):
        stand_in.client(key).customers.create({"name": key}, {"idempotency_key": "k1"})
    assert [each.name for each in stand_in.client("rk_test_lakeside").customers.list().data] == ["rk_test_lakeside"]


def test_a_key_in_use_is_a_conflict(stand_in: StandIn) -> None:
    scope = Scope("acct_northgate")
    stand_in.world.keys.claim(scope, "k1", "what another request is just doing")
    busy = _post(stand_in, "/v1/customers", "k1", name="Ann")
    assert (busy.status_code, busy.json()["error"]["code"]) == (409, "idempotency_key_in_use")
    stand_in.world.keys.release(scope, "k1")
    assert _post(stand_in, "/v1/customers", "k1", name="Ann").status_code == 200


def test_answers_lost_after_the_work_are_found_again_with_the_same_key(stand_in: StandIn, client: Any) -> None:
    stand_in.control("faults", match={"method": "POST", "path_contains": "/sessions"}, kind="cut_after")
    params = session_params()
    with pytest.raises(stripe.APIConnectionError):
        client.checkout.sessions.create(params, {"idempotency_key": "attempt"})
    assert client.checkout.sessions.create(params, {"idempotency_key": "attempt"}).status == "open"
    assert len(client.checkout.sessions.list().data) == 1


@pytest.mark.parametrize(
    ("kind", "error", "customers"),
    [
        ("error_500", stripe.APIError, 0),
        ("error_429", stripe.RateLimitError, 0),
        ("error_409", stripe.APIError, 0),
        ("error_500_after", stripe.APIError, 1),
        ("cut_after", stripe.APIConnectionError, 1),
        ("reset", stripe.APIConnectionError, 0),
        ("hang", stripe.APIConnectionError, 0),
    ],
)
def test_faults_on_order(
    stand_in: StandIn, client: Any, kind: str, error: type[stripe.StripeError], customers: int
) -> None:
    stand_in.control("faults", match={"method": "POST", "path_contains": "/v1/cust"}, kind=kind, seconds=0.05)
    with pytest.raises(error):
        client.customers.create({"name": "Ann"})
    assert len(client.customers.list().data) == customers
    assert stand_in.control("faults", "GET") == []


def test_a_late_answer_is_a_right_one(stand_in: StandIn, client: Any) -> None:
    stand_in.control("faults", match={"method": "POST"}, kind="late_answer", seconds=0.05)
    assert client.customers.create({"name": "Ann"}).name == "Ann"


def test_the_librarys_own_retries_keep_the_key(stand_in: StandIn) -> None:
    stand_in.control("faults", match={"method": "POST"}, kind="cut_after", times=1)
    stand_in.client(retries=2).customers.create({"name": "Ann"})
    asked = stand_in.control("requests?path_contains=customers", "GET")
    assert asked["counts"] == {"POST /v1/customers": 2}
    assert len({entry["idempotency_key"] for entry in asked["requests"]}) == 1


def test_unknown_keys_and_missing_rights_are_refused(stand_in: StandIn) -> None:
    key = {"key": "rk_test_narrow", "missing": ["refund:write"]}
    stand_in.control("accounts", id="acct_northgate", name="Northgate", keys=[key])
    with pytest.raises(stripe.AuthenticationError):
        stand_in.client("rk_test_nobody").customers.list()
    with pytest.raises(stripe.PermissionError, match="rak_refund_write"):
        stand_in.client("rk_test_narrow").refunds.create({"charge": "ch_1"})
    assert stand_in.client("rk_test_narrow").refunds.list().data == []


def test_live_and_test_mode_do_not_see_each_other(stand_in: StandIn, client: Any) -> None:
    stand_in.control("accounts", id="acct_northgate", name="Northgate", livemode=True)
    live = stand_in.client("rk_live_northgate")
    session = live.checkout.sessions.create(session_params())
    assert session.livemode and session.id.startswith("cs_live_")
    with pytest.raises(stripe.InvalidRequestError, match="a similar object exists in live mode"):
        client.checkout.sessions.retrieve(session.id)


def test_an_account_sees_its_own_things_only(stand_in: StandIn, client: Any) -> None:
    session = stand_in.client("rk_test_lakeside").checkout.sessions.create(session_params())
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.checkout.sessions.retrieve(session.id)
    assert refused.value.http_status == 404 and refused.value.code == "resource_missing"
    with pytest.raises(stripe.PermissionError):
        client.customers.list(options={"stripe_account": "acct_lakeside"})


def test_the_account_says_who_it_is(stand_in: StandIn, client: Any) -> None:
    account = client.accounts.retrieve_current()
    assert check_object("account", account.to_dict()) == []
    assert (account.id, account.default_currency, account.country) == ("acct_northgate", "gbp", "GB")
    assert stand_in.client("sk_test_lakeside").accounts.retrieve_current().default_currency == "usd"


def test_customers_are_made_changed_and_removed(client: Any) -> None:
    customer = client.customers.create({"name": "Ann", "email": "ann@x.example", "metadata": {"a": "1", "b": "2"}})
    assert check_object("customer", customer.to_dict()) == []
    changed = client.customers.update(customer.id, {"name": "Anna", "metadata": {"a": ""}})
    assert (changed.name, changed.metadata.to_dict()) == ("Anna", {"b": "2"})
    assert client.customers.delete(customer.id).deleted
    with pytest.raises(stripe.InvalidRequestError):
        client.customers.update(customer.id, {"name": "Ann"})


def test_state_survives_a_restart(tmp_path: Path) -> None:
    before = StandIn(tmp_path)
    session = before.client().checkout.sessions.create(session_params(), {"idempotency_key": "k1"})
    before.control(f"sessions/{session.id}/pay")
    before.stop()
    after = StandIn(tmp_path)
    try:
        found = after.client().checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
        assert (found.payment_status, found.payment_intent.amount_received) == ("paid", 12000)
        assert len(after.client().events.list().data) == 4
    finally:
        after.stop()


def test_without_stripes_data_unknown_parameters_are_still_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("STRIPE_OPENAPI_DIR", str(tmp_path))
    assert not RequestCheck().reads_openapi
    bare = StandIn()
    try:
        assert bare.client().checkout.sessions.create(session_params()).status == "open"
        with pytest.raises(stripe.InvalidRequestError) as refused:
            bare.client().checkout.sessions.create(session_params(curency="gbp"))
        assert (refused.value.code, refused.value.param) == ("parameter_unknown", "curency")
        with pytest.raises(stripe.InvalidRequestError, match="no longer supported"):
            bare.client().checkout.sessions.create(session_params(payment_method_types=["card"]))
    finally:
        bare.stop()


def test_paying_and_expiring_at_once_end_one_way(stand_in: StandIn, client: Any) -> None:
    for _ in range(5):
        session = client.checkout.sessions.create(session_params())
        outcomes: list[str] = []

        def expire(session_id: str = session.id, outcomes: list[str] = outcomes) -> None:
            try:
                outcomes.append(stand_in.client().checkout.sessions.expire(session_id).status)
            except stripe.InvalidRequestError:
                outcomes.append("refused")

        racer = threading.Thread(target=expire)
        racer.start()
        answer = stand_in.control(f"sessions/{session.id}/pay")
        racer.join(5)
        paid = answer.get("status") == "complete"
        assert outcomes == ["refused" if paid else "expired"]
        assert client.checkout.sessions.retrieve(session.id).status == ("complete" if paid else "expired")


def test_a_session_past_its_time_is_expired_when_looked_at(stand_in: StandIn, client: Any) -> None:
    session = client.checkout.sessions.create(session_params())
    stored, scope = stand_in.world.store.get_with_scope("checkout.session", session.id) or ({}, None)
    assert scope is not None
    stand_in.world.store.save("checkout.session", stored | {"expires_at": 1}, scope)
    assert client.checkout.sessions.retrieve(session.id).status == "expired"
    assert client.events.list({"type": "checkout.session.expired"}).data[0].data.object["id"] == session.id

"""Checkout Sessions through the official library: made, read, listed, expired, refused."""

import time
from typing import Any, cast

import pytest
import requests
import stripe

from tests.contract.stripe_contract import check_object
from tests.sandbox.stripe.running_stand_in import StandIn, session_params


def test_a_session_is_what_was_asked_for_and_fits_stripes_schema(client: Any) -> None:
    session = client.checkout.sessions.create(session_params())
    assert check_object("checkout.session", session.to_dict()) == []
    assert (session.amount_total, session.currency, session.status, session.payment_status) == (
        12000, "gbp", "open", "unpaid",
    )  # fmt: skip
    assert session.metadata.to_dict() == {"app": "portal", "invoice": "7"}
    assert session.payment_intent is None and session.url.endswith(session.id)


def test_its_lines_can_be_read_and_expanded(client: Any) -> None:
    session = client.checkout.sessions.create(session_params(), {})
    lines = client.checkout.sessions.line_items.list(session.id)
    assert [(line.description, line.amount_total) for line in lines.data] == [("Invoice INV-7", 12000)]
    assert check_object("item", lines.data[0].to_dict()) == []
    expanded = client.checkout.sessions.retrieve(session.id, {"expand": ["line_items"]})
    assert expanded.line_items.data[0].id == lines.data[0].id


def test_allowed_methods_decide_what_the_payer_may_choose(client: Any) -> None:
    either = client.checkout.sessions.create(session_params())
    card = client.checkout.sessions.create(session_params(allowed_payment_method_types=["card"]))
    assert either.payment_method_types == ["card", "bacs_debit"]
    assert card.payment_method_types == ["card"]


@pytest.mark.parametrize("currency", ["aed", "jpy", "kwd", "chf"])
def test_a_currency_without_a_bank_method_is_paid_by_card(client: Any, currency: str) -> None:
    session = client.checkout.sessions.create(session_params(line_items=_price(currency=currency)))
    assert session.payment_method_types == ["card"]


def _price(**changes: Any) -> list[dict[str, Any]]:
    price = {"currency": "gbp", "unit_amount": 12000, "product_data": {"name": "Invoice"}, **changes}
    return [{"quantity": 1, "price_data": price}]


@pytest.mark.parametrize(
    ("changes", "code", "param"),
    [
        ({"curency": "gbp"}, "parameter_unknown", "curency"),
        ({"line_items": _price(unit_amont=1)}, "parameter_unknown", "line_items[0][price_data][unit_amont]"),
        ({"line_items": _price(unit_amount="10.5")}, "parameter_invalid_integer", None),
        ({"line_items": _price(unit_amount=-1)}, "parameter_invalid_integer", None),
        ({"line_items": _price(unit_amount=29)}, "amount_too_small", None),
        ({"line_items": _price(currency="kwd", unit_amount=1255)}, "parameter_invalid_integer", None),
        ({"line_items": _price(currency="zzz")}, None, "line_items[0][price_data][currency]"),
        ({"line_items": []}, "parameter_missing", "line_items"),
        ({"payment_method_types": ["card"]}, "payment_method_types_no_longer_supported", "payment_method_types"),
        ({"ui_mode": "hosted"}, None, "ui_mode"),
        ({"expires_at": int(time.time()) + 60}, None, "expires_at"),
        ({"expires_at": int(time.time()) + 25 * 60 * 60}, None, "expires_at"),
        ({"success_url": "/paid"}, "url_invalid", "success_url"),
        ({"client_reference_id": "x" * 201}, None, "client_reference_id"),
        ({"metadata": {"k" * 41: "v"}}, None, "metadata"),
        ({"metadata": {"k": "v" * 501}}, None, "metadata[k]"),
        ({"metadata": {f"k{n}": "v" for n in range(51)}}, None, "metadata"),
        ({"customer": "cus_nobody", "customer_email": None}, "resource_missing", "customer"),
        ({"payment_intent_data": {"statement_descriptor_suffix": "x" * 23}}, None, None),
    ],
)
def test_a_request_stripe_would_refuse_is_refused(
    client: Any, changes: dict[str, Any], code: str | None, param: str | None
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.checkout.sessions.create(session_params(**changes))
    assert refused.value.http_status == 400 and refused.value.code == code
    assert param is None or refused.value.param == param
    assert check_object("error", cast(dict[str, Any], refused.value.json_body)) == []
    assert client.checkout.sessions.list().data == []


def test_only_an_open_session_can_be_expired(stand_in: StandIn, client: Any) -> None:
    expired = client.checkout.sessions.create(session_params())
    assert client.checkout.sessions.expire(expired.id).status == "expired"
    paid = client.checkout.sessions.create(session_params())
    stand_in.control(f"sessions/{paid.id}/pay")
    for session in (expired, paid):
        with pytest.raises(stripe.InvalidRequestError, match="Only Checkout Sessions with a status"):
            client.checkout.sessions.expire(session.id)
    assert client.checkout.sessions.retrieve(paid.id).payment_status == "paid"


def test_an_expired_session_can_be_paid_neither_by_page_nor_by_control(stand_in: StandIn, client: Any) -> None:
    session = client.checkout.sessions.create(session_params())
    client.checkout.sessions.expire(session.id)
    assert stand_in.control(f"sessions/{session.id}/pay")["error"]["code"] == "checkout_session_not_open"
    page = requests.post(session.url, data={"number": "4242424242424242"}, allow_redirects=False, timeout=5)
    assert page.status_code == 400 and "timed out" in page.text
    assert client.payment_intents.list().data == []


def test_lists_come_in_pages_newest_first(client: Any) -> None:
    made = [client.checkout.sessions.create(session_params(client_reference_id=f"a{n}")).id for n in range(5)]
    first = client.checkout.sessions.list({"limit": 2})
    assert [each.id for each in first.data] == [made[4], made[3]] and first.has_more
    assert [each.id for each in first.auto_paging_iter()] == made[::-1]
    before = client.checkout.sessions.list({"ending_before": made[1], "limit": 2})
    assert [each.id for each in before.data] == [made[3], made[2]]
    with pytest.raises(stripe.InvalidRequestError):
        client.checkout.sessions.list({"starting_after": "cs_nobody"})


def test_a_list_can_be_narrowed(client: Any) -> None:
    kept = client.checkout.sessions.create(session_params())
    gone = client.checkout.sessions.create(session_params())
    client.checkout.sessions.expire(gone.id)
    assert [each.id for each in client.checkout.sessions.list({"status": "open"}).data] == [kept.id]
    later = {"created": {"gt": int(time.time()) + 5}}
    assert client.checkout.sessions.list(later).data == []


def test_no_expansion_beyond_four_levels_or_of_plain_fields(client: Any) -> None:
    session = client.checkout.sessions.create(session_params())
    for path in ("payment_intent.latest_charge.balance_transaction.source.charge", "amount_total"):
        with pytest.raises(stripe.InvalidRequestError, match="expand"):
            client.checkout.sessions.retrieve(session.id, {"expand": [path]})

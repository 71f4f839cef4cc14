"""The edge of the Zoho gateway: hosts, numbers, and what answers mean."""

from decimal import Decimal
from pathlib import Path

import pytest
import requests
import responses

from portal.gateways.errors import GatewayError
from portal.gateways.zoho import consent, wire
from portal.gateways.zoho.calls import Line, Target
from portal.gateways.zoho.data_centres import by_accounts_server, data_centres
from portal.gateways.zoho.errors import (
    ConsentLost,
    Misconfigured,
    NotAuthorised,
    Refused,
    Throttled,
    Unanswered,
    Unreachable,
)

API = "https://www.zohoapis.eu"
ITEMS = f"{API}/books/v3/items"
TARGET = Target(API, "books", "20260815")
CLIENT = consent.Client("1000.ID", "secret", "https://portal.example.com/books/consent")
EU = data_centres(None)["eu"]
TOKEN_URL = "https://accounts.zoho.eu/oauth/v2/token"


def call(**body: object) -> dict[str, object]:
    with Line() as line:
        return line.call(TARGET, "1000.token", "POST", "/items", body=body).body


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("10.10"), "10.10"), (Decimal("1E+3"), "1000"), (Decimal("-0.005"), "-0.005"), (7, "7"), (True, "true"),
        (None, "null"), ("é\"\n", '"\\u00e9\\"\\n"'), ({"a": [Decimal("0.1")]}, '{"a":[0.1]}'),
    ],
)  # fmt: skip
def test_numbers_leave_as_they_print(value: object, text: str) -> None:
    assert wire.encode(value) == text


@pytest.mark.parametrize("value", [0.1, Decimal("NaN"), Decimal("Infinity"), {"a": {1.5}}, object()])
def test_floats_and_nonsense_do_not_leave(value: object) -> None:
    with pytest.raises(TypeError):
        wire.encode(value)


def test_numbers_come_back_exactly() -> None:
    assert wire.decode('{"total": 1234567890.10, "n": 3}') == {"total": Decimal("1234567890.10"), "n": 3}
    with pytest.raises(ValueError):
        wire.decode('{"total": NaN}')


@responses.activate
def test_the_organisation_is_named_both_ways_and_the_token_only_in_the_header(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A .netrc entry for the host must not take the token's place."""
    (tmp_path / ".netrc").write_text("machine www.zohoapis.eu login somebody password else")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    responses.post(ITEMS, json={"code": 0, "message": "success", "item": {}}, status=201)
    call(name="Labour", rate=Decimal("64.00"))
    sent = responses.calls[0].request
    assert sent.headers["Authorization"] == "Zoho-oauthtoken 1000.token"
    assert sent.headers["X-com-zoho-invoice-organizationid"] == "20260815"
    assert sent.url == f"{ITEMS}?organization_id=20260815"
    assert sent.body == b'{"name":"Labour","rate":64.00}'


@pytest.mark.parametrize(
    ("status", "body", "error", "code"),
    [
        (400, {"code": 3062, "message": 'The customer "X" already exists.'}, Refused, "3062"),
        (400, {"code": 99999, "message": "Something new"}, Refused, "99999"),
        (404, {"code": 1002, "message": "Gone"}, Refused, "1002"),
        (401, {"code": 57, "message": "You are not authorized"}, NotAuthorised, "57"),
        (401, {"code": 14, "message": "no"}, NotAuthorised, "14"),
        (429, {"code": 44, "message": "minute"}, Throttled, "44"),
        (400, {"code": 1070, "message": "in process"}, Throttled, "1070"),
        (200, {"code": 45, "message": "maximum call rate"}, Throttled, "45"),
        (200, {"code": 15, "message": "too long"}, Refused, "15"),
        (500, {"code": 1000, "message": "Internal error"}, Unanswered, "1000"),
        (503, "<html>", Unanswered, ""),
        (200, "<html>", Unanswered, ""),
        (302, "", Unanswered, ""),
    ],
)  # fmt: skip
@responses.activate
def test_what_an_answer_means(status: int, body: object, error: type[GatewayError], code: str) -> None:
    given = {"json": body} if isinstance(body, dict) else {"body": body}
    responses.post(ITEMS, status=status, headers={"location": "https://elsewhere.example/"}, **given)
    with pytest.raises(error) as caught:
        call(name="x")
    assert caught.value.code == code
    assert caught.value.unknown is (error is Unanswered)
    assert len(responses.calls) == 1


def test_unknown_codes_keep_zohos_own_sentence() -> None:
    assert Refused("99999", "Something new").words == "Zoho says: Something new"


@responses.activate
def test_the_day_limit_lasts_as_long_as_the_headers_say() -> None:
    told = {"x-rate-limit-limit": "1000", "x-rate-limit-remaining": "0", "x-rate-limit-reset": "38681"}
    responses.post(ITEMS, status=429, json={"code": 45, "message": "day"}, headers=told)
    with pytest.raises(Throttled) as caught:
        call(name="x")
    assert caught.value.pause_s == 38681


@responses.activate
def test_a_call_that_never_left_is_told_from_one_whose_answer_was_lost() -> None:
    responses.post(ITEMS, body=requests.ConnectTimeout())
    with pytest.raises(Unreachable):
        call(name="x")
    responses.replace(responses.POST, ITEMS, body=requests.ReadTimeout())
    with pytest.raises(Unanswered):
        call(name="x")


def test_a_port_nobody_listens_on_is_out_of_reach() -> None:
    with Line(connect_s=1) as line, pytest.raises(Unreachable):
        line.call(Target("http://127.0.0.1:9", "books"), "t", "GET", "/items")


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (200, {"error": "invalid_code"}, ConsentLost), (200, {"error": "invalid_client"}, Misconfigured),
        (200, {"error": "invalid_client_secret"}, Misconfigured), (500, "oops", Unanswered),
        (400, {"error": "Access Denied", "error_description": "Too many requests", "status": "failure"}, Throttled),
    ],
)  # fmt: skip
@responses.activate
def test_a_token_answer_of_200_can_be_a_failure(status: int, body: object, error: type[GatewayError]) -> None:
    responses.post(TOKEN_URL, status=status, **({"json": body} if isinstance(body, dict) else {"body": body}))
    with pytest.raises(error):
        consent.refresh(EU, CLIENT, "1000.refresh")
    sent = responses.calls[0].request
    assert sent.url == TOKEN_URL and "1000.refresh" in str(sent.body)


@responses.activate
def test_an_api_domain_from_outside_is_never_used() -> None:
    responses.post(TOKEN_URL, json={"access_token": "1000.a", "api_domain": "https://evil.example", "expires_in": 3600})
    assert "evil" not in repr(consent.refresh(EU, CLIENT, "1000.refresh"))


@pytest.mark.parametrize(
    ("server", "code"),
    [
        ("https://accounts.zoho.eu", "eu"), ("https://accounts.zohocloud.ca", "ca"),
        ("https://accounts.zoho.com.au", "au"),
        ("https://accounts.zoho.com", "us"), ("https://accounts.zoho.com.evil.example", None),
        ("http://accounts.zoho.eu", None),
        ("https://accounts.zoho.eu@evil.example", None), ("", None), ("https://accounts.zoho.eu:8443", None),
    ],
)  # fmt: skip
def test_only_zohos_own_accounts_servers_are_known(server: str, code: str | None) -> None:
    centre = by_accounts_server(None, server)
    assert (centre.code if centre else None) == code


def test_open_in_zoho_leads_to_the_web_app_of_the_data_centre() -> None:
    assert EU.record_url("books", "20", "invoice", "7") == "https://books.zoho.eu/app/20#/invoices/7"
    elsewhere = data_centres("http://127.0.0.1:5000")["in"]
    assert (
        elsewhere.record_url("invoice", "20", "payment", "7")
        == "http://127.0.0.1:5000/in/app/invoice/20/customerpayments/7"
    )
    assert elsewhere.record_url("books", "20", "tax", "7") == ""


def test_consent_is_asked_for_both_products_and_for_good() -> None:
    address = consent.consent_url(EU, CLIENT, "state")
    assert "access_type=offline" in address and "prompt=consent" in address
    assert "ZohoBooks.invoices.CREATE%2C" in address and "ZohoInvoice.settings.READ" in address


@pytest.mark.parametrize("said", ["Transactions before 31 Mar have been locked.", "Date is before the lock date"])
def test_a_closed_month_is_told_from_a_wrong_value(said: str) -> None:
    problem = Refused("4", said)
    assert problem.words.startswith("The books are closed for this date. Ask the bookkeeper") and said in problem.words

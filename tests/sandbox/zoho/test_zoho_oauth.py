"""Consent, tokens and their limits."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from tests.sandbox.zoho.running_zoho import NORTHGATE, Client

BACK = "http://127.0.0.1:9/zoho/callback"
SECRET = {"client_id": "1000.PORTALDEMO", "client_secret": "demo-secret"}
ASK = {"response_type": "code", "client_id": "1000.PORTALDEMO", "redirect_uri": BACK, "access_type": "offline",
       "prompt": "consent", "state": "s1", "scope": "ZohoBooks.settings.READ,ZohoBooks.contacts.READ"}  # fmt: skip


def consent(base: str, decision: str = "accept", user: str = "eu:admin@northgate.example", **more: str) -> Any:
    answer = requests.post(f"{base}/us/accounts/oauth/v2/auth", params=ASK | more, timeout=5, allow_redirects=False,
                           data={"user_id": user, "decision": decision})  # fmt: skip
    if answer.status_code == 307:
        answer = requests.post(answer.headers["location"], timeout=5, allow_redirects=False,
                               data={"user_id": user, "decision": decision})  # fmt: skip
    assert answer.headers["location"].startswith(BACK)
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


def token(base: str, dc: str = "eu", **form: str) -> requests.Response:
    return requests.post(f"{base}/{dc}/accounts/oauth/v2/token", data=SECRET | form, timeout=5)


def exchange(base: str, code: str, dc: str = "eu") -> requests.Response:
    return token(base, dc, grant_type="authorization_code", code=code, redirect_uri=BACK)


def test_consent_leads_to_the_users_own_data_centre_and_to_tokens(base: str) -> None:
    page = requests.get(f"{base}/us/accounts/oauth/v2/auth", params=ASK, timeout=5).text
    assert "nothing here is real" in page and "admin@lakeside.example" in page
    back = consent(base)
    assert back["state"] == "s1" and back["location"] == "eu"
    assert back["accounts-server"] == f"{base}/eu/accounts"
    answer = exchange(base, back["code"]).json()
    assert set(answer) == {"access_token", "api_domain", "expires_in", "refresh_token", "scope", "token_type"}
    assert answer["api_domain"] == f"{base}/eu/api"
    assert answer["scope"] == "ZohoBooks.settings.READ ZohoBooks.contacts.READ"
    assert exchange(base, back["code"]).json() == {"error": "invalid_code"}


def test_refusal_and_nonsense(base: str) -> None:
    assert consent(base, "reject") == {"state": "s1", "error": "access_denied"}
    assert (
        requests.get(f"{base}/us/accounts/oauth/v2/auth", params=ASK | {"scope": "a b"}, timeout=5).status_code == 400
    )
    assert token(base, grant_type="refresh_token", refresh_token="x").json() == {"error": "invalid_code"}
    assert token(base, grant_type="refresh_token", client_id="no").json() == {"error": "invalid_client"}
    assert token(base, client_secret="no", grant_type="x").json() == {"error": "invalid_client_secret"}
    assert token(base).status_code == 400


def test_a_refresh_gives_no_refresh_token_and_the_eleventh_is_throttled(base: str) -> None:
    refresh = exchange(base, consent(base)["code"]).json()["refresh_token"]
    answers = [token(base, grant_type="refresh_token", refresh_token=refresh) for _ in range(11)]
    assert all("refresh_token" not in one.json() and one.json()["expires_in"] == 3600 for one in answers[:10])
    assert answers[10].status_code == 400 and answers[10].json()["error"] == "Access Denied"


def test_the_twenty_first_refresh_token_ends_the_oldest(base: str) -> None:
    client = Client(base)
    made = [client.control("POST", "/tokens", {"user": client.user, "dc": "eu"}) for _ in range(21)]
    first, last = made[0]["refresh_token"], made[-1]["refresh_token"]
    assert token(base, grant_type="refresh_token", refresh_token=first).json() == {"error": "invalid_code"}
    assert "access_token" in token(base, grant_type="refresh_token", refresh_token=last).json()


def test_revoking_ends_access_at_once(base: str) -> None:
    client = Client(base)
    made = client.control("POST", "/tokens", {"user": client.user, "dc": "eu"})
    client.token = made["access_token"]
    client.ok("GET", "/items")
    gone = requests.post(
        f"{base}/eu/accounts/oauth/v2/token/revoke", params={"token": made["refresh_token"]}, timeout=5
    )
    assert gone.status_code == 200
    assert client.refusal("GET", "/items") == (401, 57)


def test_who_may_call_what(zoho: Client) -> None:
    assert Client(zoho.base, token="").refusal("GET", "/items") == (401, 14)
    assert Client(zoho.base, token="1000.dead.beef").refusal("GET", "/items") == (401, 57)
    reader = Client(zoho.base).sign_in("ZohoBooks.contacts.READ")
    assert reader.call("GET", "/contacts").status_code == 200
    assert reader.refusal("POST", "/contacts", {"contact_name": "No"}) == (401, 57)
    assert reader.refusal("GET", "/items") == (401, 57)
    reader.product = "invoice"
    assert reader.refusal("GET", "/contacts") == (401, 57)
    zoho.control("POST", "/tokens/expire", {"user": zoho.user})
    assert zoho.refusal("GET", "/items") == (401, 57)


def test_an_organisation_of_somebody_else_or_out_of_use_is_refused(zoho: Client) -> None:
    zoho.organization_id = "20260815008"
    assert zoho.refusal("GET", "/items") == (400, 6041)
    for odd in ("20260815003", "20260815004", "20260815006"):
        zoho.organization_id = odd
        assert zoho.refusal("GET", "/items") == (400, 6018)


def test_the_list_shows_the_odd_organisations_as_they_are(zoho: Client) -> None:
    answer = zoho.call("GET", "/organizations").json()
    by_name = {one["name"]: one for one in answer["organizations"]}
    assert "page_context" not in answer
    assert by_name["Northgate Plumbing (old trial)"]["is_trial_expired"] is True
    assert "user_status" not in by_name["Northgate Holdings"]
    assert by_name["Northgate Test Books"]["mode"] == "test"
    assert by_name["Northgate Stores"]["org_joined_app_list"] == ["inventory"]
    assert "Northgate USA" not in by_name
    assert "is_trial_expired" not in zoho.ok("GET", f"/organizations/{NORTHGATE}")["organization"]

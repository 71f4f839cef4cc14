"""Quotas and failures on demand."""

import pytest
import requests

from tests.sandbox.zoho.running_zoho import NORTHGATE, SERVICING, Client


def test_the_hundred_and_first_call_of_a_minute_is_refused(base: str) -> None:
    client = Client(base).sign_in()
    answers = [client.call("GET", "/settings/currencies") for _ in range(101)]
    assert [one.status_code for one in answers] == [200] * 100 + [429]
    assert answers[-1].json()["code"] == 44
    assert Client(base, SERVICING, "invoice", token=client.token).call("GET", "/items").status_code == 200


def test_the_daily_quota_counts_down_in_headers_and_then_refuses(zoho: Client) -> None:
    zoho.control("POST", "/limits", {"org": NORTHGATE, "per_day": 2})
    left = [zoho.call("GET", "/items").headers["x-rate-limit-remaining"] for _ in range(2)]
    assert left == ["1", "0"]
    refused = zoho.call("GET", "/items")
    assert (refused.status_code, refused.json()["code"]) == (429, 45)
    assert 0 < int(refused.headers["x-rate-limit-reset"]) <= 25 * 3600


def test_too_many_calls_at_once_are_refused(zoho: Client) -> None:
    zoho.control("POST", "/limits", {"org": NORTHGATE, "concurrency": 0})
    assert zoho.refusal("GET", "/items") == (429, 1070)


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [("unauthorized_57", 401, 57), ("code_44", 429, 44), ("code_45", 429, 45), ("code_1070", 429, 1070),
     ("error_500_before", 500, 1000)],
)  # fmt: skip
def test_a_planned_refusal_happens_once_and_changes_nothing(zoho: Client, kind: str, status: int, code: int) -> None:
    zoho.control("POST", "/faults", {"kind": kind, "match": {"method": "POST", "path_contains": "/contacts"}})
    assert zoho.refusal("POST", "/contacts", {"contact_name": "Once"}) == (status, code)
    assert zoho.ok("GET", "/contacts")["contacts"] == []
    zoho.contact("Once")


def test_an_error_after_the_write_leaves_the_record(zoho: Client) -> None:
    zoho.control("POST", "/faults", {"kind": "error_500_after", "match": {"org": NORTHGATE}, "times": 1})
    assert zoho.refusal("POST", "/contacts", {"contact_name": "Kept"}) == (500, 1000)
    assert [one["contact_name"] for one in zoho.ok("GET", "/contacts")["contacts"]] == ["Kept"]


def test_a_cut_line_leaves_the_record(zoho: Client) -> None:
    zoho.control("POST", "/faults", {"kind": "cut_after", "match": {"method": "POST"}})
    with pytest.raises(requests.ConnectionError):
        zoho.call("POST", "/contacts", {"contact_name": "Kept"})
    assert [one["contact_name"] for one in zoho.ok("GET", "/contacts")["contacts"]] == ["Kept"]


def test_a_call_that_hangs_has_done_its_work(zoho: Client) -> None:
    zoho.control("POST", "/faults", {"kind": "hang", "seconds": 1, "match": {"method": "POST"}})
    with pytest.raises(requests.Timeout):
        zoho.patient_for(0.3).call("POST", "/contacts", {"contact_name": "Slow"})
    assert len(zoho.ok("GET", "/contacts")["contacts"]) == 1


def test_garbage_and_half_a_page_are_no_json(zoho: Client) -> None:
    zoho.control("POST", "/faults", {"kind": "garbage"})
    assert zoho.call("GET", "/items").headers["content-type"].startswith("text/html")
    zoho.control("POST", "/faults", {"kind": "truncated_page"})
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.ConnectionError)):
        zoho.call("GET", "/items")


def test_a_chosen_status_is_answered_as_often_as_asked_then_faults_can_be_listed_and_cleared(zoho: Client) -> None:
    zoho.control("POST", "/faults", {"kind": "status", "status": 400, "code": 15, "message": "Too long", "times": 3})
    assert zoho.refusal("GET", "/items") == (400, 15)
    assert zoho.control("GET", "/faults")["faults"][0]["times"] == 2
    zoho.control("DELETE", "/faults")
    zoho.ok("GET", "/items")


def test_the_request_log_tells_what_was_asked(zoho: Client) -> None:
    zoho.control("DELETE", "/requests")
    zoho.call("GET", "/items")
    zoho.call("GET", "/items/1")
    logged = zoho.control("GET", "/requests", org=NORTHGATE)["requests"]
    assert [(one["method"], one["path"], one["status"], one["code"]) for one in logged] == [
        ("GET", "/eu/api/books/v3/items", 200, 0), ("GET", "/eu/api/books/v3/items/1", 404, 1002)]  # fmt: skip
    assert logged[0]["dc"] == "eu" and logged[0]["monotonic"] <= logged[1]["monotonic"]

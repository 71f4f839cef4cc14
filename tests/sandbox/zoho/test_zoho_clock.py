"""What time does: codes and tokens end, the minute passes, the day starts anew, invoices fall due."""

from datetime import UTC, datetime, timedelta

import time_machine

from tests.sandbox.zoho.running_zoho import NORTHGATE, Client
from tests.sandbox.zoho.test_zoho_oauth import consent, exchange

NOON = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


def at(**later: float) -> time_machine.travel:
    return time_machine.travel(NOON + timedelta(**later), tick=True)


def test_a_code_is_worth_nothing_after_a_minute(base: str) -> None:
    with at():
        code = consent(base)["code"]
    with at(seconds=61):
        assert exchange(base, code).json() == {"error": "invalid_code"}


def test_an_access_token_lives_an_hour(base: str) -> None:
    with at():
        client = Client(base).sign_in()
        client.ok("GET", "/items")
    with at(seconds=3590):
        client.ok("GET", "/items")
    with at(seconds=3601):
        assert client.refusal("GET", "/items") == (401, 57)


def test_a_minute_later_calls_are_welcome_again(base: str) -> None:
    with at():
        client = Client(base).sign_in()
        client.control("POST", "/limits", {"org": NORTHGATE, "per_minute": 2})
        assert [client.call("GET", "/items").status_code for _ in range(3)] == [200, 200, 429]
    with at(seconds=61):
        client.ok("GET", "/items")


def test_the_day_starts_at_the_organisations_midnight(base: str) -> None:
    with at():
        client = Client(base).sign_in()
        client.control("POST", "/limits", {"org": NORTHGATE, "per_day": 1})
        # noon in UTC is one o'clock in a London summer: eleven hours to go
        assert 39_590 <= int(client.call("GET", "/items").headers["x-rate-limit-reset"]) <= 39_600
        assert client.refusal("GET", "/items") == (429, 45)
    with at(hours=11, minutes=1):
        client.sign_in().ok("GET", "/items")


def test_an_invoice_falls_due_with_the_calendar(base: str) -> None:
    with at():
        client = Client(base).sign_in()
        invoice = client.invoice(10, payment_terms=7)
        assert (invoice["status"], invoice["due_date"]) == ("sent", "2026-07-08")
    with at(days=8):
        assert client.sign_in().get_invoice(invoice["invoice_id"])["status"] == "overdue"

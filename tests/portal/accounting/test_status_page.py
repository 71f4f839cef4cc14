"""The page of the link says how it is doing, and lets each module rest."""

import html
import re
from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.accounting.mirror.drain import drain
from portal.accounting.status import to_the_minute
from tests.builders import post, sign_in
from tests.conftest import browser
from tests.portal.accounting.doings import sent_invoice
from tests.portal.accounting.stand_in import LinkedFirm, linked, zoho

__all__ = ["linked", "zoho"]


@pytest.fixture
def admin(app: Flask, linked: LinkedFirm) -> FlaskClient:
    return sign_in(browser(app), linked.firm, "administrator")


def words(page: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub("<[^>]+>", " ", page)))


def test_the_page_says_product_data_centre_age_of_consent_and_quota(linked: LinkedFirm, admin: FlaskClient) -> None:
    sent_invoice(linked)
    linked.zoho.control("POST", "/limits", {"org": linked.remote, "per_day": 1000})
    drain(linked.organisation_id)
    shown = words(admin.get("/books").text)
    assert "Product Zoho Books" in shown and "Data centre EU" in shown
    assert "Permission given today" in shown
    assert re.search(r"Zoho's calls used today: \d+ of 1000", shown)
    assert "Customers from here to Zoho · 1 up to date" in shown


@pytest.mark.parametrize(
    ("left", "said"),
    [(900, "The last 50 are kept for invoices and payments."), (40, "kept for invoices and payments; the rest follows"),
     (10, "kept for payments; the rest follows"), (0, "None is left today. What waits goes over by itself")],
)  # fmt: skip
def test_the_meter_says_who_may_use_what_is_left(linked: LinkedFirm, admin: FlaskClient, left: int, said: str) -> None:
    assert "<meter" not in admin.get("/books").text
    statement = "UPDATE links SET quota_limit = 1000, quota_left = :left, quota_resets_at = now() + interval '2 hours'"
    linked.change(statement, left=left)
    page = admin.get("/books").text
    assert said in words(page) and f'value="{1000 - left}"' in page and "It counts anew on" in page


def test_midnight_is_midnight_however_long_an_answer_took() -> None:
    late, early = datetime(2026, 11, 27, 23, 59, 58, tzinfo=UTC), datetime(2026, 11, 28, 0, 0, 2, tzinfo=UTC)
    assert to_the_minute(late) == to_the_minute(early) == datetime(2026, 11, 28, tzinfo=UTC)


def test_the_oldest_waiting_record_is_told(linked: LinkedFirm, admin: FlaskClient) -> None:
    drain(linked.organisation_id)
    assert "Oldest on the way" not in admin.get("/books").text
    invoice = sent_invoice(linked)
    linked.change("UPDATE outbox SET is_settled = subject <> 'invoice'")
    assert f"Oldest on the way Invoice {invoice.number}, since" in words(admin.get("/books").text)


def test_a_backfill_says_how_long_it_takes_with_the_calls_of_a_day(linked: LinkedFirm, admin: FlaskClient) -> None:
    linked.change("UPDATE outbox SET is_settled = true")
    linked.change(
        "INSERT INTO outbox (organisation_id, subject, subject_id, version) SELECT :of, 'customer', 10000 + n, 1"
        " FROM generate_series(1, 20000) n", of=linked.organisation_id
    )  # fmt: skip
    assert "20000, about 21 days, as Zoho allows 1,000 calls a day" in words(admin.get("/books").text)


def test_a_module_is_paused_and_resumed_by_its_button(linked: LinkedFirm, admin: FlaskClient) -> None:
    answer = post(admin, "/books/modules", {"module": "customer", "do": "pause", "is_sure": "1"}, page="/books")
    assert answer.status_code == 303
    assert "Customers rest." in words(admin.get("/books").text) and "paused" in admin.get("/books").text
    sent_invoice(linked)
    drain(linked.organisation_id)
    assert linked.there("contacts") == []
    post(admin, "/books/modules", {"module": "customer", "do": "resume", "is_sure": "1"}, page="/books")
    drain(linked.organisation_id)
    assert len(linked.there("contacts")) == 1


def test_where_everything_rests_the_state_says_so(linked: LinkedFirm, admin: FlaskClient) -> None:
    drain(linked.organisation_id)
    assert "State up to date" in words(admin.get("/books").text)
    post(admin, "/books/modules", {"module": "all", "do": "pause", "is_sure": "1"}, page="/books")
    assert "State paused" in words(admin.get("/books").text)


@pytest.mark.parametrize("sent", [{}, {"module": "moon", "do": "pause"}, {"module": "tax", "do": "explode"}])
def test_what_no_button_sends_changes_nothing(linked: LinkedFirm, admin: FlaskClient, sent: dict[str, object]) -> None:
    answer = post(admin, "/books/modules", sent, page="/books")
    assert answer.status_code == 422 and "Nothing was changed" in answer.text
    assert post(admin, "/books/papers", {"do": "perhaps"}, page="/books").status_code == 422
    assert "paused" not in admin.get("/books").text

"""Tapping Pay, and coming back."""

import hashlib
import logging
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from sqlalchemy import select, update

from portal.invoices.models import Invoice, PayLink
from portal.invoices.pay_links import make_pay_link
from portal.invoices.sending import stop_link
from portal.payments.models import PaymentAttempt
from portal.shared import logs
from portal.shared.running import here, job_session
from tests.builders import Firm
from tests.conftest import World
from tests.paying import Till, link_of, paid_once, take_cash


@pytest.fixture
def path(till: Till, firm: Firm) -> str:
    till.connect(firm)
    return till.invoice(firm)[1]


def test_pay_leads_to_stripe_and_back_to_the_receipt(till: Till, firm: Firm, path: str) -> None:
    till.events("drop")
    _, answer = till.pay(path)
    assert answer.headers["Location"].startswith(f"{till.stand_in.url}/c/pay/")
    back = till.come_back(firm, answer.cookies)
    assert back.headers["Location"] == path
    assert "R-00001" in till.get(path).text


def test_the_cookie_for_the_way_back_tells_nothing_and_opens_nothing_else(till: Till, firm: Firm, path: str) -> None:
    _, answer = till.begin(path)
    header = answer.headers["Set-Cookie"]
    assert "HttpOnly" in header and "SameSite=Lax" in header and "Path=/r/" in header
    assert path.rpartition("/")[2] not in header
    other, answer_of_other = till.begin(till.invoice(firm)[1])
    assert other
    mine = till.attempts(firm)[0].public_id
    foreign = till.get(f"/r/{mine}", cookies=answer_of_other.cookies.get_dict(), allow_redirects=False)
    assert foreign.status_code == 200 and "Thank you" in foreign.text and "INV-" not in foreign.text


def test_another_browser_comes_back_to_a_neutral_page_and_still_books(till: Till, firm: Firm, path: str) -> None:
    till.events("drop")
    till.pay(path)
    back = till.come_back(firm)
    assert back.status_code == 200
    assert not any(words in back.text for words in ("INV-", "235.80", "Northgate", "/p/"))
    assert paid_once(till.books(firm))


@pytest.mark.failure_mode(22)
def test_coming_back_unpaid_changes_nothing(till: Till, firm: Firm, path: str) -> None:
    _, answer = till.begin(path)
    assert till.come_back(firm, answer.cookies).headers["Location"] == path
    assert till.books(firm).payments == 0
    assert till.attempts(firm)[0].state == "open"
    assert "Pay £235.80" in till.get(path).text


def test_with_stripe_away_the_return_page_waits_and_looks_again(till: Till, firm: Firm, path: str) -> None:
    till.events("drop")
    _, answer = till.pay(path)
    till.fault("error_500", "checkout/sessions")
    waiting = till.come_back(firm, answer.cookies)
    assert waiting.status_code == 200 and "being checked" in waiting.text
    assert int(waiting.headers["Refresh"]) < 10
    till.no_faults()
    assert till.come_back(firm, answer.cookies).headers["Location"] == path
    assert paid_once(till.books(firm))


@pytest.mark.failure_mode(22)
def test_an_unknown_return_address_shows_the_neutral_page(till: Till, firm: Firm) -> None:
    assert "Thank you" in till.get("/r/00000000-0000-4000-8000-000000000000?next=//evil.example").text
    assert till.get("/r/not-a-uuid").status_code == 404


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}])
@pytest.mark.failure_mode(24)
def test_another_site_cannot_tap_pay(till: Till, firm: Firm, path: str, headers: dict[str, str]) -> None:
    assert till.tap_pay(path, **headers).status_code == 403
    assert till.attempts(firm) == []


def test_a_browser_that_hides_its_origin_can_pay(till: Till, firm: Firm, path: str) -> None:
    """Chromium says so of our own form, because our pages send no referrer."""
    assert till.tap_pay(path, Origin="null", **{"Sec-Fetch-Site": "same-origin"}).status_code == 303


@pytest.mark.parametrize(
    "form", [{}, {"shown": "23580.GBP.1"}, {"shown": "1.GBP.1", "proof": "x"}, {"proof": "\u20ac"}]
)
@pytest.mark.failure_mode(24)
def test_a_form_that_is_not_ours_does_not_pay(till: Till, firm: Firm, path: str, form: dict[str, str]) -> None:
    assert till.send_pay(path, form).status_code == 403
    assert till.attempts(firm) == []


def test_a_form_of_another_link_does_not_pay(till: Till, firm: Firm, path: str) -> None:
    other = till.pay_form(till.invoice(firm)[1])
    assert till.send_pay(path, other).status_code == 403


def test_fields_added_to_the_form_change_nothing(till: Till, firm: Firm, path: str) -> None:
    form = till.pay_form(path) | {"amount": "1", "currency": "JPY", "invoice_id": "9", "next": "//evil.example"}
    assert till.send_pay(path, form).status_code == 303
    assert (till.attempts(firm)[0].amount_minor, till.attempts(firm)[0].currency) == (23580, "GBP")


def test_an_amount_that_changed_is_shown_again_first(till: Till, firm: Firm, path: str) -> None:
    form = till.pay_form(path)
    take_cash(firm, link_of(path, firm).invoice_id, 10000)
    answer = till.send_pay(path, form)
    assert answer.status_code == 409 and "has changed" in answer.text and "Pay £135.80" in answer.text
    till.begin(path)
    assert till.attempts(firm)[0].amount_minor == 13580


def test_too_little_for_a_card_is_said_in_words(till: Till, firm: Firm, path: str) -> None:
    take_cash(firm, link_of(path, firm).invoice_id, 23560)
    page = till.get(path).text
    assert "less than a card payment can be" in page and "/attempts" not in page


def test_with_stripe_away_nothing_is_charged_and_the_page_says_so(till: Till, firm: Firm, path: str) -> None:
    till.fault("error_500", "checkout/sessions")
    answer = till.tap_pay(path)
    assert answer.status_code == 503 and "Nothing was charged" in answer.text and "Pay £235.80" in answer.text


def test_going_back_and_forth_locks_nobody_out(till: Till, firm: Firm, path: str) -> None:
    form = till.pay_form(path)
    assert {till.send_pay(path, form).status_code for _ in range(15)} == {303}
    assert len(till.attempts(firm)) == 1


@pytest.mark.parametrize(
    ("lang", "said"), [("en", "The card page has closed in the meantime"), ("de", "Die Kartenseite hat sich")]
)  # fmt: skip
def test_who_comes_back_from_a_page_that_has_closed_is_told_why(
    till: Till, firm: Firm, path: str, lang: str, said: str
) -> None:
    begun = till.post(f"{path}/attempts?lang={lang}", data=till.pay_form(f"{path}?lang={lang}"))
    till.at_stripe(urlsplit(begun.headers["Location"]).path.rpartition("/")[2], "expire")
    back = till.come_back(firm, begun.cookies).headers["Location"]
    page = till.get(back).text
    assert said in page and f"/attempts?lang={lang}" in page
    take_cash(firm, till.attempts(firm)[0].invoice_id or 0, 23580)
    assert said not in till.get(back).text


@pytest.mark.failure_mode(23)
def test_an_invoice_gets_ten_sessions_an_hour(till: Till, firm: Firm, path: str) -> None:
    form = till.pay_form(path)
    for _ in range(10):
        assert till.send_pay(path, form).status_code == 303
        with job_session(firm.organisation_id) as session:
            session.execute(update(PaymentAttempt).values(state="expired"))
    refused = till.send_pay(path, form)
    assert refused.status_code == 429 and int(refused.headers["Retry-After"]) > 0
    assert till.tap_pay(till.invoice(firm)[1]).status_code == 303


@pytest.mark.failure_mode(21)
def test_a_page_at_an_address_we_do_not_know_is_not_followed(till: Till, firm: Firm, path: str, world: World) -> None:
    before = here().settings
    here().settings = world.settings(PUBLIC_URL=till.url, STRIPE_API_BASE=till.stand_in.url)
    answer = till.tap_pay(path)
    here().settings = before
    assert answer.status_code == 503 and "Location" not in answer.headers


@pytest.mark.failure_mode(21)
def test_no_word_of_the_visitor_decides_where_pay_or_the_way_back_lead(till: Till, firm: Firm, path: str) -> None:
    form = till.pay_form(path) | {"next": "//evil.example", "return_url": "//evil.example"}
    address = f"{till.url}{path}/attempts?next=//evil.example"
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Sec-Fetch-Site": "same-origin"}
    answer = requests.post(address, data=form, headers=headers, timeout=10, allow_redirects=False)
    assert answer.headers.get("Location", till.stand_in.url).startswith(till.stand_in.url)
    till.begin(path)
    for made in till.made_sessions(firm):
        assert made.success_url.startswith(f"{till.url}/r/") and made.cancel_url.startswith(f"{till.url}/r/")
    back = till.get(f"/r/{till.attempts(firm)[0].public_id}?next=//evil.example", allow_redirects=False)
    assert "evil" not in back.headers.get("Location", "") + back.text


@pytest.mark.failure_mode(22)
def test_another_payments_session_in_the_way_back_settles_nothing(till: Till, firm: Firm, path: str) -> None:
    till.events("drop")
    till.begin(path)
    mine = till.attempts(firm)[0]
    _, other = till.invoice(firm)
    till.pay(other)
    theirs = till.attempts(firm)[1].session_id
    for word in ("cs", "session_id"):
        till.get(f"/r/{mine.public_id}?{word}={theirs}")
    assert till.books(firm).payments == 0 and till.attempts(firm)[0].state == "open"


def stop(firm: Firm, path: str) -> None:
    with job_session(firm.organisation_id) as session:
        digest = hashlib.sha256(path.rpartition("/")[2].encode()).digest()
        stop_link(session, session.scalars(select(PayLink).where(PayLink.token_digest == digest)).one())


def test_a_stopped_link_is_dead_on_the_way_back_too(till: Till, firm: Firm, path: str) -> None:
    _, answer = till.begin(path)
    stop(firm, path)
    assert till.come_back(firm, answer.cookies).status_code == 404
    assert till.attempts(firm)[0].state == "expired"


def test_stopping_a_link_closes_its_page_at_stripe_and_another_link_opens_a_new_one(
    till: Till, firm: Firm, path: str
) -> None:
    session_id, _ = till.begin(path)
    with job_session(firm.organisation_id) as session:
        invoice = session.scalars(select(Invoice)).one()
        _, token = make_pay_link(session, invoice, here().settings.vault, channel="email", pay_link_days=60)
    stop(firm, path)
    till.work(firm)
    assert {each.id: each.status for each in till.made_sessions(firm)} == {session_id: "expired"}
    till.begin(f"/p/{token}")
    assert sorted(each.status for each in till.made_sessions(firm)) == ["expired", "open"]


def test_a_page_of_a_stopped_link_is_handed_to_nobody_else(till: Till, firm: Firm, path: str) -> None:
    """Even where the worker has not closed it yet."""
    session_id, _ = till.begin(path)
    with job_session(firm.organisation_id) as session:
        invoice = session.scalars(select(Invoice)).one()
        _, token = make_pay_link(session, invoice, here().settings.vault, channel="email", pay_link_days=60)
    stop(firm, path)
    assert till.begin(f"/p/{token}")[0] != session_id


@pytest.mark.parametrize("events", ["drop", "now"])
def test_who_paid_by_a_link_stopped_meanwhile_sees_that_it_arrived(
    till: Till, firm: Firm, path: str, events: str
) -> None:
    till.events(events)
    _, answer = till.pay(path)
    stop(firm, path)
    till.work(firm)
    back = till.come_back(firm, answer.cookies)
    assert back.status_code == 200 and "Thank you: " in back.text and "235.80" in back.text and "R-00001" in back.text
    assert "INV-" not in back.text and path not in back.text
    paper = f"/r/{till.attempts(firm)[0].public_id}/receipt.pdf"
    assert till.get(paper, cookies=answer.cookies).content.startswith(b"%PDF")
    assert "R-00001" not in till.get(paper).text and till.get(path).status_code == 404
    assert paid_once(till.books(firm))


def test_the_links_secret_is_in_no_log_line(till: Till, firm: Firm, path: str, caplog: Any) -> None:
    caplog.set_level(logging.DEBUG)
    till.pay(path)
    till.work(firm)
    till.get(path)
    ours = [record for record in caplog.records if record.name.split(".")[0] != "werkzeug"]
    lines = [logs._JsonLines().format(record) for record in ours]
    assert any('"endpoint": "pay_page.show"' in line for line in lines)
    token = path.rpartition("/")[2]
    assert not any(token in line or "whsec_" in line or "rk_test_firm" in line for line in lines)

"""Looking at a pay link: what is shown, to whom, and that looking changes nothing."""

from datetime import timedelta

import pytest
import requests
from sqlalchemy import create_engine, text, update

from portal.invoices.models import Invoice, PayLink
from portal.payments.actions import void_invoice
from portal.shared import clock
from portal.shared.running import job_session
from tests.builders import Firm
from tests.conftest import World
from tests.paying import Till, invoice_row, link_of, revoke_all

SCANNERS = ("Mozilla/5.0 (Windows NT 10.0) SafeLinks", "Slackbot-LinkExpanding 1.0", "WhatsApp/2", "curl/8", "")


@pytest.fixture
def sent(till: Till, firm: Firm) -> tuple[int, str]:
    till.connect(firm)
    return till.invoice(firm)


def test_the_page_says_what_was_done_and_what_it_costs(till: Till, sent: tuple[int, str]) -> None:
    page = till.get(sent[1]).text
    for words in ("Northgate Heating", "£235.80", "To pay by", "Boiler annual service", "Dana Wells",
                  "Annual gas boiler service", "118.00", "Labour", "32.00", "46.50", "39.30", "INV-00001",
                  "Pay £235.80"):  # fmt: skip
        assert words in page


@pytest.mark.failure_mode(17)
def test_scanners_change_nothing(till: Till, firm: Firm, sent: tuple[int, str], world: World) -> None:
    till.begin(sent[1])
    untouched, path = till.invoice(firm)
    addresses = [f"{each}{end}" for each in (sent[1], path) for end in ("", "/invoice.pdf", "/attempts", "/opening")]
    before = _everything(world)
    for agent in SCANNERS:
        for method in ("GET", "HEAD", "OPTIONS"):
            for address in addresses:
                requests.request(method, till.url + address, headers={"User-Agent": agent}, timeout=10)
    assert _everything(world) == before
    assert len(till.made_sessions(firm)) == 1
    assert invoice_row(firm, untouched).viewed_at is None


def test_no_cookie_is_set_by_looking(till: Till, sent: tuple[int, str]) -> None:
    assert not till.get(sent[1]).cookies
    assert "Set-Cookie" not in till.get(sent[1]).headers


@pytest.mark.failure_mode(16)
def test_unknown_malformed_revoked_and_foreign_tokens_get_the_same_404(
    till: Till, firm: Firm, other_firm: Firm, sent: tuple[int, str]
) -> None:
    token = sent[1].rpartition("/")[2]
    _, revoked = till.invoice(other_firm)
    with job_session(other_firm.organisation_id) as session:
        revoke_all(session, link_of(revoked, other_firm).invoice_id)
    wrong = [
        "x" * 43, token[:-1], token + "A", token.swapcase(), "%00", "%F0%9F%92%B0", "'; --", "1" * 4000,
        revoked.rpartition("/")[2],
    ]  # fmt: skip
    for end in ("", "/invoice.pdf"):
        answers = [till.get(f"/p/{each}{end}") for each in wrong]
        assert {answer.status_code for answer in answers} == {404}
        assert len({answer.text for answer in answers}) == 1
    for end in ("/attempts", "/opening"):
        assert {requests.post(f"{till.url}/p/{each}{end}", timeout=9).status_code for each in wrong[:4]} == {404}
    assert till.get(sent[1]).status_code == 200


@pytest.mark.failure_mode(16)
@pytest.mark.parametrize("token", ["x" * 43, "another firm's, revoked"])
def test_whatever_stands_behind_a_link_is_not_there_for_a_wrong_token(
    till: Till, firm: Firm, other_firm: Firm, sent: tuple[int, str], token: str
) -> None:
    """Every address that a link leads to, also those that are added one day."""
    if " " in token:
        _, revoked = till.invoice(other_firm)
        token = revoked.rpartition("/")[2]
        with job_session(other_firm.organisation_id) as session:
            revoke_all(session, link_of(revoked, other_firm).invoice_id)
    walked = set()
    for rule in till.app.url_map.iter_rules():
        if not rule.endpoint.startswith("pay_page.") or not any("token" in name for name in rule.arguments):
            continue
        values = {name: token if "token" in name else sent[0] for name in rule.arguments}
        address = till.url + till.app.url_map.bind("x").build(rule.endpoint, values)
        for method in {"GET", "POST"} & (rule.methods or set()):
            answer = requests.request(method, address, timeout=9, allow_redirects=False)
            # Asking for a new link answers everybody alike, so that nobody learns whether there was one.
            is_renewal = method == "POST" and rule.endpoint.endswith("_renewal")
            assert answer.status_code == (200 if is_renewal else 404), (method, rule.rule)
            assert "INV-" not in answer.text and "Maple" not in answer.text
            walked.add((method, rule.endpoint))
    assert len(walked) > 20


def test_a_link_shows_its_own_invoice_only(till: Till, firm: Firm, sent: tuple[int, str]) -> None:
    _, second = till.invoice(firm)
    assert "INV-00001" in till.get(sent[1]).text and "INV-00002" not in till.get(sent[1]).text
    assert "INV-00002" in till.get(second).text and "INV-00001" not in till.get(second).text


@pytest.mark.failure_mode(15)
def test_an_expired_link_shows_no_invoice(till: Till, firm: Firm, sent: tuple[int, str]) -> None:
    with job_session(firm.organisation_id) as session:
        session.execute(update(PayLink).values(expires_at=clock.now() - timedelta(seconds=1)))
    answer = till.get(sent[1])
    assert answer.status_code == 410
    assert "Northgate Heating" in answer.text
    assert not any(words in answer.text for words in ("INV-", "235.80", "Boiler", "Maple"))
    assert till.get(f"{sent[1]}/invoice.pdf").status_code == 410
    assert till.send_pay(sent[1], {}).status_code == 410


def test_an_overdue_invoice_can_still_be_paid(till: Till, firm: Firm, sent: tuple[int, str]) -> None:
    with job_session(firm.organisation_id) as session:
        session.execute(update(Invoice).values(due_on=clock.now().date() - timedelta(days=9)))
    page = till.get(sent[1]).text
    assert "Overdue" in page and "Pay £235.80" in page


def test_a_void_invoice_says_so_and_takes_no_money(till: Till, firm: Firm, sent: tuple[int, str]) -> None:
    form = till.pay_form(sent[1])
    void_invoice(firm.organisation_id, sent[0], "typo")
    page = till.get(sent[1]).text
    assert "Nothing to pay" in page and "/attempts" not in page
    assert till.send_pay(sent[1], form).headers["Location"] == sent[1]
    assert till.attempts(firm) == []


def test_a_paid_invoice_shows_its_receipt(till: Till, firm: Firm, sent: tuple[int, str]) -> None:
    till.pay(sent[1])
    till.work(firm)
    page = till.get(sent[1]).text
    for words in ("Paid", "R-00001", "£235.80", "Visa ending 4242"):
        assert words in page
    assert "/attempts" not in page


def test_the_pdf_stands_under_the_link(till: Till, sent: tuple[int, str]) -> None:
    answer = till.get(f"{sent[1]}/invoice.pdf")
    assert answer.content.startswith(b"%PDF")
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Cache-Control"] == "no-store"


def test_public_pages_keep_to_themselves(till: Till, sent: tuple[int, str]) -> None:
    for path in (sent[1], "/p/unknown", "/r/00000000-0000-4000-8000-000000000000"):
        headers = till.get(path).headers
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"
        assert "noindex" in headers["X-Robots-Tag"]
        assert f"form-action 'self' {till.stand_in.url}" in headers["Content-Security-Policy"]
        assert "script-src 'self';" in headers["Content-Security-Policy"]


def test_a_browser_that_shows_the_page_says_so_each_time(till: Till, firm: Firm, sent: tuple[int, str]) -> None:
    assert "data-opening" in till.get(sent[1]).text
    address = f"{till.url}{sent[1]}/opening"
    assert requests.post(address, headers={"Sec-Fetch-Site": "cross-site"}, timeout=9).status_code == 403
    assert invoice_row(firm, sent[0]).viewed_at is None
    assert requests.post(address, headers={"Sec-Fetch-Site": "same-origin"}, timeout=9).status_code == 204
    first = invoice_row(firm, sent[0]).viewed_at
    assert first is not None
    assert requests.post(address, timeout=9).status_code == 204
    assert invoice_row(firm, sent[0]).viewed_at == first
    assert "data-opening" in till.get(sent[1]).text  # how often, and when last, is told in the list of links
    assert link_of(sent[1], firm).opens == 2


def test_guessing_is_slowed_down_and_good_links_are_not(till: Till, sent: tuple[int, str]) -> None:
    answers = [till.get(f"/p/guess{n}").status_code for n in range(60)]
    assert answers[-1] == 429
    assert set(answers) == {404, 429}
    assert till.get(sent[1]).status_code == 200


def test_what_customers_and_staff_typed_is_shown_as_text(till: Till, firm: Firm, sent: tuple[int, str]) -> None:
    with job_session(firm.organisation_id) as session:
        session.execute(update(Invoice).values(title='<script>alert(1)</script>{{7*7}}"><img src=x>'))
    page = till.get(sent[1]).text
    assert "<script>alert" not in page and "<img src=x" not in page and "{{7*7}}" in page


def _everything(world: World) -> dict[str, str]:
    """A fingerprint of each table, the throttles' counters aside."""
    engine = create_engine(world.superuser_url)
    with engine.connect() as connection:
        tables = connection.execute(text(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'throttles'"
        )).scalars().all()  # fmt: skip
        prints = {
            table: connection.execute(
                text(f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} t")
            ).scalar()
            for table in tables
        }
    engine.dispose()
    return prints  # type: ignore[return-value]

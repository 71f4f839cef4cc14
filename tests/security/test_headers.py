"""What every answer says to the browser, and to whom the portal answers at all."""

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.builders import PASSWORD, post
from tests.conftest import World, browser
from tests.security.estate import Estate

NOBODYS = ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'")
FRAGMENT = {"HX-Request": "true"}


def answers(app: Flask, estate: Estate) -> Iterator[tuple[str, TestResponse]]:
    """One of every kind of answer that the portal gives."""
    admin, stranger, ids = estate["administrator"], browser(app), estate.ids
    yield "page", admin.get("/board")
    yield "fragment", admin.get("/customers", headers=FRAGMENT)
    yield "redirect", stranger.get("/customers")
    yield "redirect of htmx", stranger.get("/customers", headers=FRAGMENT)
    yield "not allowed", estate["field_agent"].get("/board")
    yield "not there", admin.get("/nowhere")
    yield "not this way", admin.get("/sign-out")
    yield "wrong form", post(admin, "/customers", {}, page="/customers/new")
    yield "forged form", admin.post("/customers", data={})
    yield "too large", admin.post("/customers", data={"name": "x" * 1_100_000})
    yield "staff PDF", admin.get(f"/invoices/{ids['invoice_id']}/invoice.pdf")
    yield "customer's PDF", stranger.get(f"/p/{ids['token']}/invoice.pdf")
    yield "pay page", stranger.get(f"/p/{ids['token']}")
    yield "unknown link", stranger.get("/p/" + "x" * 43)
    yield "health", stranger.get("/healthz")
    yield "ready", stranger.get("/readyz")
    yield "webhook", stranger.post(f"/webhooks/stripe/{ids['endpoint_key']}", data=b"{}")
    yield "script", stranger.get(static_of(stranger, "js"))
    yield "style", stranger.get(static_of(stranger, "css"))
    yield "no such file", stranger.get("/static/000000000000/js/nothing.js")
    yield "another host", stranger.get("/sign-in", base_url="http://evil.example")


def static_of(client: FlaskClient, kind: str) -> str:
    found = re.search(rf'"(/static/[^"]+\.{kind})"', client.get("/sign-in").text)
    assert found is not None
    return found.group(1)


def test_every_answer_carries_the_headers_that_protect_it(app: Flask, estate: Estate) -> None:
    for kind, answer in answers(app, estate):
        policy = answer.headers["Content-Security-Policy"]
        directives = dict(part.strip().partition(" ")[::2] for part in policy.split(";"))
        assert all(part in policy for part in NOBODYS), kind
        assert not re.search(r"unsafe-|\*|http:(?!//127)|blob:", policy), f"{kind}: {policy}"
        assert (directives["script-src"], directives["style-src"], directives["connect-src"]) == ("'self'",) * 3, kind
        assert answer.headers["X-Content-Type-Options"] == "nosniff", kind
        assert answer.headers["X-Frame-Options"] == "DENY", kind
        assert answer.headers["Referrer-Policy"] in ("no-referrer", "same-origin"), kind
        assert answer.headers["X-Request-ID"], kind
        assert "Server" not in answer.headers and "X-Powered-By" not in answer.headers, kind


def test_nothing_that_is_somebodys_is_kept_by_a_cache(app: Flask, estate: Estate) -> None:
    for kind, answer in answers(app, estate):
        is_static = kind in ("script", "style")
        control = answer.headers.get("Cache-Control", "")
        assert ("immutable" in control) if is_static else ("public" not in control), f"{kind}: {control}"
        if not is_static and kind != "no such file":
            assert "no-store" in control, f"{kind}: {control}"


def test_a_static_file_sets_no_cookie_and_depends_on_none(app: Flask, estate: Estate) -> None:
    client = estate["administrator"]
    for kind in ("js", "css"):
        answer = client.get(static_of(browser(app), kind))
        assert "Set-Cookie" not in answer.headers and "Cookie" not in answer.headers.get("Vary", "")


def test_a_fragment_is_never_taken_for_a_page(app: Flask, estate: Estate) -> None:
    job = estate.ids["open_work_order_id"]
    for path in ("/customers", "/catalogue", "/invoices", "/work-orders", f"/work-orders/{job}/lines/new"):
        for headers in ({}, FRAGMENT, FRAGMENT | {"HX-Boosted": "true"}):
            answer = estate["administrator"].get(path, headers=headers)
            assert {"HX-Request", "HX-Boosted", "HX-History-Restore-Request"} <= set(answer.vary), path
            is_page = headers != FRAGMENT
            assert ("<!doctype html>" in answer.text) is is_page, path


def test_what_a_customer_sees_is_sent_nowhere_else(app: Flask, estate: Estate) -> None:
    """Pay pages: no referrer, no search engine, no third party, no cookie, no script of ours that reads the address."""
    path = f"/p/{estate.ids['token']}"
    for answer in (browser(app).get(path), browser(app).get(path + "/invoice.pdf"), browser(app).get("/p/" + "x" * 43)):
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "noindex" in answer.headers["X-Robots-Tag"]
        assert "Set-Cookie" not in answer.headers
    page = browser(app).get(path).text
    assert not re.search(r'(?:src|action|srcset)="(?:https?:)?//', page)
    for address in re.findall(r'href="((?:https?:)?//[^"]+)"', page):
        raise AssertionError(f"a link out of the pay page: {address}")


def test_a_customers_form_may_lead_to_stripe_and_staff_pages_to_nobody_else(app: Flask, estate: Estate) -> None:
    policy = browser(app).get(f"/p/{estate.ids['token']}").headers["Content-Security-Policy"]
    assert policy.endswith("form-action 'self' https://checkout.stripe.com")


@pytest.mark.parametrize(
    "host", ["evil.example", "portal.test.evil.example", "portal.test@evil.example", "127.0.0.1", "é"]
)
def test_an_unknown_host_is_not_answered(app: Flask, world: World, host: str) -> None:
    for path in ("/sign-in", "/healthz", "/p/" + "x" * 43, "/nowhere"):
        answer = browser(app).get(path, headers={"Host": host.encode().decode("latin-1")})
        assert answer.status_code == 400, path
        assert "evil" not in answer.text


def test_addresses_in_mails_and_codes_are_built_from_the_configuration(estate: Estate) -> None:
    headers = {"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example", "X-Forwarded-Proto": "https"}
    page = estate["administrator"].get(f"/invoices/{estate.ids['invoice_id']}/sending", headers=headers)
    assert "http://portal.test/p/" in page.text and "evil.example" not in page.text


ELSEWHERE = [
    "//evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example", "https:evil.example",
    "javascript:alert(1)", "/\t/evil.example", "\t//evil.example", "/%09/evil.example", "/\u2028/evil.example",
    "http:///evil.example", "/..//evil.example", "///evil.example", "data:text/html,x", "/\r\nLocation: //evil.example",
    "%2F%2Fevil.example", "/%5Cevil.example", "@evil.example", ".evil.example",
]  # fmt: skip


def leads_elsewhere(location: str) -> bool:
    """As a browser reads it: backslashes are slashes, and tabs and line ends are dropped."""
    read = re.sub(r"[\t\r\n]", "", location).replace("\\", "/").strip()
    return not re.match(r"/(?!/)", read)


@pytest.mark.parametrize("bad", ELSEWHERE, ids=lambda bad: repr(bad))
def test_next_leads_to_a_page_of_ours_or_home(app: Flask, estate: Estate, bad: str) -> None:
    client = browser(app)
    form = client.get("/sign-in", query_string={"next": bad})
    assert form.status_code == 200
    sent = {"email": estate.firm.emails["manager"], "password": PASSWORD, "next": bad}
    location = post(client, "/sign-in", sent, page="/sign-in").headers["Location"]
    assert not leads_elsewhere(location), location
    again = estate["manager"].get("/sign-in", query_string={"next": bad}).headers["Location"]
    assert not leads_elsewhere(again), again


def test_the_way_to_sign_in_keeps_the_path_and_nothing_that_leads_out(app: Flask, world: World) -> None:
    for path in (
        "//evil.example/board",
        "/customers?next=//evil.example",
        "/customers?q=%0d%0aX: y",
        "/people?a=b&c=d",
    ):
        answer = browser(app).get(path, base_url="http://portal.test")
        location = answer.headers.get("Location", "/")
        assert not leads_elsewhere(location), location
        assert "\n" not in location

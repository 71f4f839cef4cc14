"""What people type is text, on every page, in fragments, in mails and on paper: never a tag, a script, a formula."""

import html
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, text

from portal.invoices.pay_links import latest_screen_link, reveal_token
from portal.messages.actions import read_mail
from portal.messages.models import Message
from portal.organisations.models import Organisation
from portal.shared.running import here, job_session
from tests.builders import Firm, make_firm, post, sign_in
from tests.conftest import World, browser
from tests.security.estate import Estate, make_attempt, make_estate, path_of, rules_of

# Short enough to reach a phone number or a code whole.
PAYLOADS = {
    "tag": "\"'><img src=x onerror=alert(1)>{{7*7}}",
    "script": "</script><script>alert(2)</script>&quot;",
    "paper": '#eval("7*7") $7*7$ \\u{41} @x <b> ${7*7}',
}
MARK = "zq"  # every payload is written as zq…qz, so that it is found again where it was meant to be
OF_NO_PAGE = ("iframe", "object", "embed", "b")


KEPT_PICTURE = re.compile(r"/payments/\d+/photos/\d+\?|(?:http://portal\.test)?/logos/[0-9a-f]{32}-\d+x\d+\.png$")
_HEAD = (Path(__file__).parents[2] / "templates/layouts/_head.html").read_text("utf-8")
# The page's own icon, word for word as the layout writes it.
ICON = [("rel", "icon"), ("href", re.findall(r'<link rel="icon" href="(data:[^"]*)">', _HEAD)[0])]


class Tags(HTMLParser):
    """What a browser would make of a page: its elements, its handlers and the addresses it leads to."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "link" and attrs == ICON:
            return
        for name, value in attrs:
            if name.startswith("on") or name in ("autofocus", "style", "srcdoc") or name.startswith("hx-on"):
                self.wrong.append(f"{tag} {name}={value}")
            if name in ("href", "src", "action", "formaction", "data-share") and re.match(
                r"\s*(javascript|data|vbscript):", value or "", re.IGNORECASE
            ):
                self.wrong.append(f"{tag} {name}={value}")
        # A photo or logo that the portal keeps is shown by its own address; no payload has one.
        if tag == "img" and not KEPT_PICTURE.match(dict(attrs).get("src") or ""):
            self.wrong.append(f"img {attrs}")
        if tag == "script" and not dict(attrs).get("src", "").startswith("/static/"):
            self.wrong.append(f"script {attrs}")


def wrong_in(page: str) -> list[str]:
    tags = Tags()
    tags.feed(page)
    return tags.wrong + [tag for tag in tags.tags if tag in OF_NO_PAGE]


def marked(payload: str) -> str:
    return f"{MARK}{payload}qz"


def fill_with(app: Flask, payload: str) -> tuple[Estate, str]:
    """A firm whose every text says `payload`, written through the forms; and the path of its pay link."""
    said = marked(payload)
    estate = make_estate(app)
    admin, firm = estate["administrator"], estate.firm
    firm_says = {"name": said, "address": f"{said}\n{said}", "email": "firm@example.com", "phone": "0113 496 0000",
                 "payment_terms_days": "14"}  # fmt: skip
    assert post(admin, "/settings", firm_says).status_code == 303
    papers_say = {"registrations": f"{said}: {said}", "document_words": said}
    assert post(admin, "/settings/documents", papers_say).status_code == 303
    customer = {
        "kind": "business", "name": said, "email": "rita@maple.example", "phone": "0113 496 0000", "first_name": said,
        "last_name": said, "tax_number": said[:40], "street": said, "city": said, "state": said,
        "postal_code": said[:20], "country": "KW", "notes": said,  # where no rule holds for tax numbers
    }  # fmt: skip
    assert post(admin, f"/customers/{firm.customer_id}", customer).status_code == 303
    person = {"name": said[:120], "email": f"x{firm.organisation_id}@example.com", "role": "manager"}
    assert post(admin, "/people", person).status_code == 303
    item = {"code": said[:40], "kind": "service", "name": said[:100], "unit_price": "10.00", "unit": said[:20],
            "description": said, "tax_id": tax_of(firm), "is_active": "yes"}  # fmt: skip
    assert post(admin, "/catalogue", item).status_code == 303
    job = {"customer_id": firm.customer_id, "title": said, "notes": said, "technician_id": "", "form_id": said[:40]}
    answer = post(admin, "/work-orders", job)
    assert answer.status_code == 303, answer.text
    job_path = answer.headers["Location"]
    sent = {"item_id": newest_item(firm), "form_id": said[:32]}
    assert post(admin, f"{job_path}/lines", sent).status_code == 303
    estate.ids |= {"work_order_id": int(job_path.rpartition("/")[2]), "open_work_order_id": None}
    bill = {"line": newest_line(firm), "email": "rita@maple.example", "then": "send"}
    answer = post(admin, f"{job_path}/invoices", bill)
    assert answer.status_code == 303, answer.text
    invoice_id = int(answer.headers["Location"].split("/")[2])
    with job_session(firm.organisation_id) as session:
        # Fields that take no words today, and what Zoho sends.
        for table in ("organisations", "customers", "contacts"):
            session.execute(text(f"UPDATE {table} SET phone = :s"), {"s": said[:40]})
        session.execute(text("UPDATE links SET remote_name = :s"), {"s": said[:200]})
        session.execute(text("UPDATE mirror_records SET last_error = :s"), {"s": said})
        link = latest_screen_link(session, invoice_id)
        assert link is not None
        token = reveal_token(link, here().settings.vault)
    estate.ids |= {"invoice_id": invoice_id, "token": token, "item_id": newest_item(firm)}
    return estate, said


def tax_of(firm: Firm) -> str:
    return one(firm, "SELECT id FROM taxes WHERE is_active ORDER BY id LIMIT 1")


def newest_item(firm: Firm) -> str:
    return one(firm, "SELECT max(id) FROM catalogue_items")


def newest_line(firm: Firm) -> str:
    return one(firm, "SELECT max(id) FROM work_order_lines")


def one(firm: Firm, query: str) -> str:
    with job_session(firm.organisation_id) as session:
        return str(session.execute(text(query)).scalar_one())


def pages(app: Flask, estate: Estate) -> Iterator[tuple[str, str]]:
    """Every page and every fragment, as staff and as the customer; searches and messages among them."""
    admin, stranger, q = estate["administrator"], browser(app), {"q": MARK}
    for rule in rules_of(app, "GET"):
        path = path_of(rule, estate.ids)
        client = stranger if path.startswith(("/p/", "/r/")) else admin
        for headers in ({}, {"HX-Request": "true"}):
            answer = client.get(path, headers=headers, query_string=q)
            assert answer.status_code < 500 or rule.endpoint.startswith("accounting"), path
            if answer.mimetype == "text/html":
                yield path, answer.text
            elif path.endswith(".pdf"):
                assert answer.data.startswith(b"%PDF-") and answer.data.rstrip().endswith(b"%%EOF"), path


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_text_stays_text_on_every_page_and_in_the_mail(app: Flask, world: World, payload: str) -> None:
    estate, said = fill_with(app, payload)
    found = 0
    for path, page in pages(app, estate):
        assert wrong_in(page) == [], path
        assert f"{MARK}49" not in page and ">49<" not in page, path
        found += said in html.unescape(page)
    assert found > 10, "the payload is to be read on the pages, not swallowed"
    with job_session(estate.firm.organisation_id) as session:
        mail = read_mail(session, session.scalars(select(Message.id).order_by(Message.id.desc()).limit(1)).one())
    assert said in html.unescape(mail.html) and said in mail.text
    assert [wrong for wrong in wrong_in(mail.html) if " style=" not in wrong] == []
    assert f"{MARK}49" not in mail.html + mail.text + mail.subject


@pytest.mark.parametrize("field", ["name", "email"])
def test_no_name_adds_a_line_to_a_mails_head(app: Flask, world: World, field: str) -> None:
    firm = make_firm()
    sneaky = {"name": "Firm\r\nBcc: victim@example.com\r\n\r\nBody", "email": "a@example.com\r\nBcc: b@example.com"}
    admin = sign_in(browser(app), firm, "administrator")
    answer = post(admin, "/settings", {"name": "Firm", "email": "a@example.com", "payment_terms_days": "14",
                                       field: sneaky[field]})  # fmt: skip
    assert answer.status_code == (303 if field == "name" else 422)
    with job_session(firm.organisation_id) as session:
        organisation = session.get_one(Organisation, firm.organisation_id)
        assert not re.search(r"[\r\n]", organisation.name + organisation.email)


def test_an_echoed_search_or_state_is_text(app: Flask, estate: Estate) -> None:
    for path in ("/customers", "/catalogue", "/invoices", "/work-orders", "/board", "/payments", "/sign-in", "/p/x"):
        for name in ("q", "state", "page", "kind", "before", "next", "customer_id"):
            page = estate["administrator"].get(path, query_string={name: PAYLOADS["tag"]})
            assert page.status_code < 500
            assert wrong_in(page.text) == [], f"{path}?{name}"


def test_a_path_that_is_not_there_is_not_echoed(app: Flask, world: World) -> None:
    for path in ("/<script>alert(1)</script>", "/p/<img src=x onerror=alert(1)>", "/customers/{{7*7}}"):
        page = browser(app).get(path)
        assert wrong_in(page.text) == [] and "49" not in re.sub(r"<bdi>.*?</bdi>|/static/[0-9a-f]{12}/", "", page.text)


def test_the_token_in_the_page_cannot_break_out_of_its_attribute(app: Flask, estate: Estate) -> None:
    page = estate["administrator"].get("/today").text
    found = re.search(r"hx-headers='([^']*)'", page)
    assert found is not None
    assert set(json.loads(html.unescape(found.group(1)))) == {"X-CSRF-Token"}


def test_coming_back_from_stripe_shows_nothing_of_anybody_elses(app: Flask, estate: Estate) -> None:
    """The address alone, without the cookie of the browser that paid, leads to a page without a name or an amount."""
    with job_session(estate.firm.organisation_id) as session:
        public_id = make_attempt(session, estate).public_id
    page = browser(app).get(f"/r/{public_id}")
    nobodys = browser(app).get("/r/00000000-0000-4000-8000-000000000000")
    assert page.status_code == nobodys.status_code == 200
    assert page.text == nobodys.text
    assert "Maple" not in page.text and "235" not in page.text

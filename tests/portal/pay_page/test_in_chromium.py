"""A customer with a phone: the link, one tap, Stripe's page, the receipt. With scripts and without."""

from typing import Any

import pytest
from playwright.sync_api import expect
from sqlalchemy import update

from bench.running import wait_until
from portal.organisations.logos import keep_logo
from portal.organisations.models import Organisation
from portal.shared.running import job_session
from tests.builders import Firm, picture_file
from tests.paying import Till, invoice_row

pytestmark = pytest.mark.browser
PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 3, "has_touch": True, "is_mobile": True}


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
@pytest.mark.failure_mode(25)
def test_one_tap_from_the_link_to_the_card_form_and_back(
    till: Till, firm: Firm, chromium: Any, scripts: bool
) -> None:  # fmt: skip
    till.connect(firm)
    invoice_id, path = till.invoice(firm)
    context = chromium.new_context(**PHONE, java_script_enabled=scripts)
    page = context.new_page()
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
    page.goto(till.url + path)
    page.get_by_role("button", name="Pay £235.80").click()
    page.wait_for_url("**/c/pay/**")
    till.at_stripe(till.attempts(firm)[0].session_id or "", "pay", card="4242424242424242")
    page.goto(f"{till.url}/r/{till.attempts(firm)[0].public_id}")
    assert page.url == till.url + path
    expect(page.get_by_role("heading", name="Paid")).to_be_visible()
    assert page.get_by_role("button").count() == 0
    assert [words for words in refused if "Content Security Policy" in words or "blocked" in words] == []
    wait_until(lambda: invoice_row(firm, invoice_id).viewed_at, 15, "the word that it was seen")
    context.close()


def test_a_first_visit_is_light(till: Till, firm: Firm, chromium: Any) -> None:
    till.connect(firm)
    _, path = till.invoice(firm)
    context = chromium.new_context(**PHONE)
    page, loaded = context.new_page(), []
    page.on("requestfinished", lambda request: loaded.append((request.url, sum(_weights(request)))))
    page.goto(till.url + path)
    page.wait_for_load_state("networkidle")
    assert len(loaded) <= 5
    assert sum(weight for _url, weight in loaded) <= 40_000
    assert {url for url, _weight in loaded if not url.startswith(till.url)} == set()
    context.close()


def test_whose_what_how_much_and_the_button_are_in_sight_at_once(till: Till, firm: Firm, chromium: Any) -> None:
    till.connect(firm)
    with job_session(firm.organisation_id) as session:
        keep_logo(session, session.get_one(Organisation, firm.organisation_id), picture_file(size=(400, 100)))
    _, path = till.invoice(firm)
    context = chromium.new_context(**PHONE)
    page, loaded = context.new_page(), []
    page.on("requestfinished", lambda request: loaded.append(request.url))
    page.goto(till.url + path)
    page.wait_for_load_state("networkidle")
    seen = [page.locator(each).bounding_box() for each in (".brand img", ".fold", ".big .money", ".dock")]
    places = [box["y"] for box in seen if box]
    assert len(places) == 4 and places == sorted(places)
    assert seen[2]["y"] + seen[2]["height"] <= seen[3]["y"] and seen[3]["y"] + seen[3]["height"] <= 844
    assert len(loaded) <= 5 and sum("/logos/" in url for url in loaded) == 1
    page.get_by_text("What was done").click()
    expect(page.get_by_text("VAT 20%")).to_be_visible()
    page.emulate_media(media="print")
    page.get_by_text("What was done").evaluate("it => it.parentElement.open = false")
    assert page.locator(".fold .row").first.evaluate("it => it.getBoundingClientRect().height") > 0
    context.close()


def test_nothing_scrolls_sideways_on_a_small_phone(till: Till, firm: Firm, chromium: Any) -> None:
    till.connect(firm)
    _, path = till.invoice(firm)
    context = chromium.new_context(viewport={"width": 320, "height": 568})
    page = context.new_page()
    page.goto(till.url + path)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    top, bottom = (f"document.querySelector('{it}').getBoundingClientRect().{at}"
                   for it, at in ((".dock", "top"), (".figure", "bottom")))  # fmt: skip
    assert page.evaluate(f"{bottom} <= {top} && {top} < innerHeight")  # amount and button are both seen
    with job_session(firm.organisation_id) as session:
        session.execute(update(Organisation).values(takes_parts=True, takes_tips=True))
    page.reload()
    assert page.evaluate(f"{bottom} <= {top} && {bottom} < innerHeight")
    context.close()


def _weights(request: Any) -> tuple[int, int]:
    sizes = request.sizes()
    return sizes["responseBodySize"], sizes["responseHeadersSize"]

"""With scripts off nothing tells that a page is open: it counts as opened once somebody does something on it, and what
only fetches addresses still does nothing."""

from typing import Any

import pytest
import requests
from playwright.sync_api import expect
from sqlalchemy import select

from portal.invoices.models import PayLink
from portal.shared.running import job_session
from tests.builders import Firm, sign_in
from tests.paying import Till, invoice_row
from tests.portal.pay_page.test_together import Joint, three
from tests.portal.payments.test_deposit_links import Asked, asked

__all__ = ["asked", "three"]
TAPPED = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-User": "?1", "Sec-Fetch-Mode": "navigate"}


def opens(firm: Firm) -> list[int]:
    with job_session(firm.organisation_id) as session:
        return list(session.scalars(select(PayLink.opens).order_by(PayLink.id)))


@pytest.fixture
def sent(till: Till, firm: Firm) -> tuple[int, str]:
    till.connect(firm)
    return till.invoice(firm)


@pytest.mark.parametrize("end", ["?lang=fr", "/invoice.pdf"])
def test_whoever_follows_a_link_of_the_page_has_opened_it(
    till: Till, firm: Firm, sent: tuple[int, str], end: str
) -> None:
    for _ in range(2):
        assert till.get(f"{sent[1]}{end}", headers=TAPPED).status_code == 200
    assert sum(opens(firm)) == 1 and invoice_row(firm, sent[0]).viewed_at is not None


@pytest.mark.parametrize(
    "said",
    [
        {}, {"Sec-Fetch-Site": "none", "Sec-Fetch-User": "?1"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-User": "?1"}, {"Sec-Fetch-Site": "same-origin"},
    ],
)  # fmt: skip
def test_whatever_comes_from_elsewhere_or_loads_by_itself_has_not(
    till: Till, firm: Firm, sent: tuple[int, str], said: dict[str, str]
) -> None:
    for end in ("", "?lang=fr", "/invoice.pdf"):
        till.get(f"{sent[1]}{end}", headers=said)
        requests.head(f"{till.url}{sent[1]}{end}", headers=TAPPED, timeout=9)
    assert sum(opens(firm)) == 0 and invoice_row(firm, sent[0]).viewed_at is None


def test_whoever_pays_or_asks_has_opened_it_once(till: Till, firm: Firm, sent: tuple[int, str]) -> None:
    till.post(f"{sent[1]}/questions", data={"question": "x"}, headers={"Sec-Fetch-Site": "cross-site"})
    till.send_pay(sent[1], {"shown": "1", "proof": "no"})
    assert sum(opens(firm)) == 0
    assert till.post(f"{sent[1]}/questions", data={"question": "When was it?"}).status_code == 303
    assert till.tap_pay(sent[1]).status_code == 303
    assert sum(opens(firm)) == 1 and invoice_row(firm, sent[0]).viewed_at is not None


def test_several_together_and_a_deposit_as_well(till: Till, firm: Firm, three: Joint, asked: Asked) -> None:
    assert till.get(f"{three.path}?lang=de", headers=TAPPED).status_code == 200
    assert all(invoice_row(firm, each).viewed_at for each in three.ids)
    before = sum(opens(firm))
    assert till.tap_pay(asked.path).status_code == 303
    assert sum(opens(firm)) == before + 1


def test_the_list_of_links_says_what_it_can_know(till: Till, firm: Firm, sent: tuple[int, str]) -> None:
    office, page = sign_in(till.browser(), firm, "manager"), f"/invoices/{sent[0]}"
    how = "An opening is seen where the browser runs scripts, or where somebody does something on the page."
    shown = office.get(page).text
    assert "No opening seen" in shown and how in shown and "Not opened" not in shown


@pytest.mark.browser
def test_in_a_browser_without_scripts(till: Till, firm: Firm, sent: tuple[int, str], chromium: Any) -> None:
    context = chromium.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(till.url + sent[1])
    assert sum(opens(firm)) == 0
    page.locator(".languages summary").click()
    page.get_by_role("link", name="Français").click()
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    assert sum(opens(firm)) == 1
    context.close()

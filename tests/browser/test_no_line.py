"""A payment written down where there is no line: it waits on the phone, in sight, and is booked once."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from bench.running import RunningDemo
from tests.phone import Phone

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
WAITING = "1 payment waiting on this phone"


def test_what_was_taken_without_a_line_is_recorded_once_when_there_is_one(
    demo: RunningDemo, make_phone: Callable[..., Phone]
) -> None:
    phone = make_phone()
    page = phone.sign_in(demo, "Manager")
    invoice = _form_of_an_open_invoice(page, demo)
    page.get_by_label("Amount").fill("1.00")
    phone.context.set_offline(True)
    page.get_by_role("button", name="Record payment").click()
    expect(page.get_by_text("Kept on this phone.")).to_be_visible()
    expect(page.get_by_text(WAITING)).to_be_visible()
    expect(page.get_by_label("Waiting on this phone")).to_contain_text("1.00 GBP for INV-")
    phone.context.set_offline(False)
    page.wait_for_url(invoice)
    expect(page.get_by_text("£1.00 recorded, receipt")).to_be_visible()
    expect(page.get_by_text(WAITING)).to_be_hidden()
    expect(page.get_by_text("1.00 paid, cash")).to_have_count(1)


def test_what_got_no_answer_though_it_arrived_is_not_booked_again_and_is_nobody_elses_to_send(
    demo: RunningDemo, make_phone: Callable[..., Phone]
) -> None:
    phone = make_phone()
    page = phone.sign_in(demo, "Manager")
    invoice = _form_of_an_open_invoice(page, demo)
    page.get_by_label("Amount").fill("2.00")
    page.route("**/payments", _no_answer)
    page.get_by_role("button", name="Record payment").click()
    expect(page.get_by_text(WAITING)).to_be_visible()
    page.unroute("**/payments")
    page.get_by_label("Menu").first.click()
    page.get_by_role("button", name="Sign out").click()
    phone.sign_in(demo, "Administrator")
    expect(page.get_by_text("1 waiting of somebody else")).to_be_visible()
    phone.context.clear_cookies()
    phone.sign_in(demo, "Manager")
    expect(page.locator("[data-live]")).to_contain_text("recorded, receipt")
    page.goto(invoice)
    expect(page.get_by_text("2.00 paid, cash")).to_have_count(1)


def test_what_is_refused_later_comes_back_into_its_form(demo: RunningDemo, make_phone: Callable[..., Phone]) -> None:
    phone = make_phone()
    page = phone.sign_in(demo, "Manager")
    invoice = _form_of_an_open_invoice(page, demo)
    page.get_by_label("Amount").fill("3.00")
    page.get_by_label("Cheque", exact=True).check()
    phone.context.set_offline(True)
    page.get_by_role("button", name="Record payment").click()
    expect(page.get_by_text(WAITING)).to_be_visible()
    phone.context.set_offline(False)
    expect(page.get_by_text("Enter the cheque's number.")).to_be_visible()
    expect(page.get_by_label("Amount")).to_have_value("3.00")
    expect(page.get_by_label("Cheque", exact=True)).to_be_checked()
    page.get_by_label("Number on the cheque").fill("100234")
    page.get_by_role("button", name="Record payment").click()
    page.wait_for_url(invoice)
    expect(page.get_by_text(WAITING)).to_be_hidden()
    expect(page.get_by_text("3.00 paid, cheque")).to_have_count(1)


def _form_of_an_open_invoice(page: Page, demo: RunningDemo) -> str:
    """The address of the invoice; the page then shows the form on which its payments are written down."""
    page.goto(f"{demo.portal}/invoices?state=overdue")
    page.locator("#invoices a[href^='/invoices/']").first.click()
    page.wait_for_url(re.compile(r"/invoices/\d+$"))
    invoice = page.url
    page.get_by_role("link", name="Record payment").click()
    page.wait_for_url(f"{invoice}/payments/new")
    return invoice


def _no_answer(route: Route) -> None:
    if route.request.method == "POST":
        route.fetch(max_redirects=0)
        route.abort("internetdisconnected")
    else:
        route.fallback()

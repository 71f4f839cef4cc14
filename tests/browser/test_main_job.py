"""Job done → invoice → paid → in the books, by real taps on a phone."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from PIL import Image
from playwright.sync_api import Page, expect

from bench.running import RunningDemo, wait_until
from tests.phone import Phone

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
JOBS = {True: "Boiler annual service", False: "Radiator swap, living room"}
SECONDS_TO_THE_BOOKS = 10


def _add_a_part(page: Page) -> int:
    """Two taps. Returns how many it took."""
    page.get_by_role("link", name="Add service or part").click()
    page.get_by_role("button", name=re.compile("Magnetic filter")).click()
    expect(page.locator("#lines")).to_contain_text("Magnetic filter, 22 mm")
    return 2


def _bill(page: Page) -> int:
    """From the open job to the sent invoice. Returns the taps."""
    page.get_by_role("button", name="Complete job").click()
    page.get_by_role("link", name="Create invoice").click()
    ticks = page.get_by_role("checkbox")
    expect(ticks.nth(1)).to_be_visible()
    assert all(ticks.nth(n).is_checked() for n in range(ticks.count()))
    page.get_by_role("button", name="Send", exact=True).click()
    page.wait_for_url(re.compile(r"/invoices/\d+/sending"))
    return 3


def _pay(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.get_by_text("Northgate Heating").first).to_be_visible()
    page.get_by_role("button", name=re.compile("^Pay")).click()
    expect(page.get_by_text(re.compile("no real money", re.IGNORECASE)).first).to_be_visible()
    page.get_by_role("button", name=re.compile("^Pay")).click()
    page.wait_for_url(re.compile(r"/(p|r)/"))
    expect(page.get_by_text(re.compile(r"\bPaid\b")).first).to_be_visible()


def test_job_done_to_money_in_the_books(
    demo: RunningDemo, make_phone: Callable[..., Phone], scripts: bool, tmp_path: Path
) -> None:
    technician, customer = make_phone(scripts=scripts), make_phone(scripts=scripts)
    page = technician.sign_in(demo, "Field Agent")
    page.get_by_role("link", name=JOBS[scripts]).click()
    assert page.get_by_role("link", name="Directions").get_attribute("href").startswith("https://")  # type: ignore[union-attr]
    assert page.get_by_role("link", name=re.compile("^Call")).get_attribute("href").startswith("tel:")  # type: ignore[union-attr]
    assert _add_a_part(page) == 2
    assert _bill(page) <= 5
    expect(page.get_by_role("img", name=re.compile("Code that opens"))).to_be_visible()
    number = re.search(r"INV-\d+", page.content())
    assert number is not None
    address = page.get_by_label("The link", exact=True).input_value()
    _pay(customer.page, address)
    if not scripts:
        page.reload()
    expect(page.locator("#payment-state")).to_contain_text("Paid")
    _in_the_books(demo, number.group())
    page.goto(page.url.removesuffix("/sending"))
    _timeline_names_each_step(page)
    customer.page.goto(address)  # the link keeps working and says what is so
    expect(customer.page.get_by_text(re.compile(r"\bPaid\b")).first).to_be_visible()
    assert customer.page.get_by_role("button", name=re.compile("^Pay")).count() == 0
    assert technician.complaints + customer.complaints == []


def _in_the_books(demo: RunningDemo, number: str) -> None:
    """Within 10 s of payment, once each, with the same total."""
    base, org = re.match(r"(.*)/[a-z]+/app/\w+/(\d+)", demo.books()).groups()  # type: ignore[union-attr]

    def records(module: str) -> list[dict[str, object]]:
        answer = requests.get(f"{base}/_control/orgs/{org}/records", params={"module": module}, timeout=5).json()
        return answer if isinstance(answer, list) else next(v for v in answer.values() if isinstance(v, list))

    def paid_invoice() -> dict[str, object] | None:
        found = [record for record in records("invoices") if record["invoice_number"] == number]
        assert len(found) <= 1, "the invoice is there twice"
        return found[0] if found and found[0]["status"] == "paid" else None

    invoice = wait_until(paid_invoice, SECONDS_TO_THE_BOOKS, f"{number} in the books")
    assert invoice is not None and invoice["balance"] == 0
    applied = [each for each in records("applications") if each["invoice_id"] == invoice["invoice_id"]]
    assert len(applied) == 1, "paid once"
    payment = next(each for each in records("customerpayments") if each["payment_id"] == applied[0]["source_id"])
    assert payment["amount"] == invoice["total"]


def _timeline_names_each_step(page: Page) -> None:
    timeline = page.locator(".timeline")
    expect(timeline).to_contain_text("Sent as INV-")
    expect(timeline).to_contain_text("Zoho Books")
    link = timeline.get_by_role("link").first
    assert "/app/books/" in str(link.get_attribute("href"))


def test_the_mail_with_the_link_is_in_the_mailbox(demo: RunningDemo) -> None:
    def mails() -> list[dict[str, object]]:
        answer = requests.get(f"{demo.facts['addresses']['mailbox']}/messages.json", timeout=5).json()
        return [mail for mail in (answer if isinstance(answer, list) else answer["messages"]) if "INV-" in str(mail)]

    assert wait_until(mails, 15, "the mail")


def test_the_managers_board_opens_the_lists_behind_its_numbers(
    demo: RunningDemo, make_phone: Callable[..., Phone], tmp_path: Path
) -> None:
    manager = make_phone(width=1240)
    page = manager.sign_in(demo, "Manager")
    page.goto(f"{demo.portal}/board")
    for label in ("Done, not billed", "Sent, not yet due", "Overdue", "Paid this week", "Not in the books yet"):
        page.goto(f"{demo.portal}/board")
        page.get_by_role("link", name=re.compile(label)).first.click()
        page.wait_for_url(lambda url: not url.endswith("/board"))
        expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert manager.complaints == []


def test_no_page_is_wider_than_the_phone(demo: RunningDemo, make_phone: Callable[..., Phone]) -> None:
    """Those with the most side by side: an invoice with all its actions, the books, taxes, a payment to record."""
    administrator = make_phone()
    page = administrator.sign_in(demo, "Administrator")
    for path in ("/board", "/invoices/4", "/invoices/4/payments/new", "/books", "/books/mapping", "/settings/taxes"):
        page.goto(f"{demo.portal}{path}")
        expect(page.get_by_role("heading", level=1).first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), path
    assert administrator.complaints == []


def test_long_unbroken_words_break_instead_of_widening_a_page(
    demo: RunningDemo, make_phone: Callable[..., Phone]
) -> None:
    page, word = make_phone().sign_in(demo, "Administrator"), "Donaudampfschifffahrtsgesellschaft" * 3
    page.goto(f"{demo.portal}/customers/new")
    page.get_by_label("Name", exact=True).fill(word)
    page.get_by_role("button", name="Add customer").click()
    page.wait_for_url(re.compile(r"/customers/\d+$"))
    customer = page.url
    page.goto(f"{demo.portal}/work-orders/new?customer_id={customer.rpartition('/')[2]}")
    page.get_by_label("What is to be done").fill(word)
    page.get_by_label("Notes for the technician").fill(f"https://maps.example/{word}")
    page.get_by_role("button", name="Create work order").click()
    page.wait_for_url(re.compile(r"/work-orders/\d+$"))
    for path in (page.url, customer, f"{demo.portal}/work-orders", f"{demo.portal}/customers", f"{demo.portal}/today"):
        for width in (390, 1280):
            page.set_viewport_size({"width": width, "height": 844})
            page.goto(path)
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide <= 0, (path, width)


def test_photos_travel_small_and_the_customer_signs_on_the_glass(
    demo: RunningDemo, make_phone: Callable[..., Phone], tmp_path: Path
) -> None:
    photo, sent = tmp_path / "boiler.jpg", []
    noise = Image.effect_noise((3200, 2400), 60).convert("RGB")
    noise.save(photo, quality=95)
    phone = make_phone()
    page = phone.sign_in(demo, "Field Agent")
    page.on("request", lambda asked: sent.append(asked) if asked.method == "POST" else None)
    page.get_by_role("link", name=JOBS[True]).click()
    expect(page.get_by_role("button", name="Send the photos")).to_be_hidden()  # the scripts are there
    page.get_by_label("Add photos").set_input_files(photo)
    expect(page.get_by_role("img", name="Photo 1")).to_be_visible()
    assert 0 < int(sent[0].header_value("content-length")) < photo.stat().st_size / 3
    page.get_by_role("link", name="Let the customer sign").click()
    expect(page.locator("canvas")).to_be_visible()
    box = page.locator("canvas").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 40, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 90, steps=5)
    page.mouse.up()
    page.get_by_label("Your name").fill("Rita Okafor")
    page.get_by_role("button", name="Keep this signature").click()
    expect(page.get_by_role("img", name="Signature of Rita Okafor")).to_be_visible()
    assert phone.complaints == []


def test_photos_chosen_before_the_scripts_came_keep_their_button(
    demo: RunningDemo, make_phone: Callable[..., Phone], tmp_path: Path
) -> None:
    photo, waiting = tmp_path / "boiler.jpg", []
    Image.new("RGB", (40, 30), "red").save(photo)
    page = make_phone().sign_in(demo, "Field Agent")
    page.route("**/app.js", lambda asked: waiting.append(asked))
    with page.expect_request("**/app.js"):
        page.get_by_role("link", name=JOBS[True]).click()
    page.get_by_label("Add photos").set_input_files(photo)
    with page.expect_event("load"):
        waiting[-1].continue_()
    photos = page.get_by_role("img", name=re.compile(r"^Photo \d"))
    before = photos.count()
    page.get_by_role("button", name="Send the photos").click()
    expect(photos).to_have_count(before + 1)

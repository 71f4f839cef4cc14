"""A real browser as the judge: what people typed does not run, and would not even if it came through unescaped."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text

from portal.shared.running import job_session
from tests.builders import PASSWORD, Firm, make_firm, make_invoice, make_work_order, pay_address
from tests.paying import Till, till

__all__ = ["till"]
pytestmark = pytest.mark.browser
EVIL = '"\'><img src=x onerror="fired=1;alert(1)"></script><script>fired=1;alert(2)</script>'
TYPED = (
    "UPDATE organisations SET name = :e, address = :e", "UPDATE customers SET name = :e, notes = :e",
    "UPDATE contacts SET first_name = :e", "UPDATE addresses SET street = :e",
    "UPDATE catalogue_items SET name = :e, description = :e",
    "UPDATE people SET name = :e", "UPDATE taxes SET name = id || :e", "UPDATE taxes SET why = :e",
)  # fmt: skip


@pytest.fixture(scope="module")
def poisoned(till: Till) -> tuple[Firm, list[str]]:
    """A firm in which everything that can be typed is a script, and the pages that show it."""
    firm = make_firm()
    with job_session(firm.organisation_id) as session:
        for query in TYPED:
            session.execute(text(query), {"e": EVIL})
        job = make_work_order(session, firm)
        job.title = job.notes = EVIL
        session.flush()
        invoice = make_invoice(session, firm, work_order=job)
        shown = [f"/invoices/{invoice.id}", f"/invoices/{invoice.id}/sending", pay_address(session, invoice)]
        open_job = make_work_order(session, firm).id
    jobs = [f"/work-orders/{job.id}", f"/work-orders/{open_job}/lines/new", f"/work-orders/{open_job}/invoices/new"]
    lists = ["/board", "/today", "/work-orders", "/invoices", "/customers", "/catalogue", "/people", "/settings"]
    customer = [f"/customers/{firm.customer_id}", f"/customers/{firm.customer_id}/edit"]
    return firm, [*lists, *customer, *jobs, *shown]


@pytest.fixture
def page(chromium: Any, till: Till, poisoned: tuple[Firm, list[str]]) -> Iterator[Any]:
    context = chromium.new_context()
    signed_in = context.new_page()
    signed_in.goto(till.url + "/sign-in")
    signed_in.get_by_label("E-mail").fill(poisoned[0].emails["administrator"])
    signed_in.get_by_label("Password").fill(PASSWORD)
    signed_in.get_by_role("button", name="Sign in").click()
    signed_in.wait_for_url(till.url + "/board")
    yield signed_in
    context.close()


def test_nothing_that_people_typed_runs(page: Any, till: Till, poisoned: tuple[Firm, list[str]]) -> None:
    dialogs, blocked = [], []
    page.on("dialog", lambda dialog: (dialogs.append(page.url), dialog.dismiss()))
    page.on("console", lambda said: blocked.append((page.url, said.text)) if said.type == "error" else None)
    for path in poisoned[1]:
        page.goto(till.url + path)
        assert "onerror" in page.locator("body").inner_text(), f"{path} does not show what was typed"
        assert page.evaluate("typeof fired") == "undefined", path
        assert page.locator('img[src="x"]').count() == 0, path
    assert dialogs == [] and blocked == []


def test_searching_while_typing_shows_text_as_text(page: Any, till: Till) -> None:
    """The fragment that htmx puts into the page."""
    page.goto(till.url + "/customers")
    with page.expect_response(lambda answer: "q=" in answer.url):
        page.locator("input[type=search]").press_sequentially("img")
    assert page.locator("input[type=search]").input_value() == "img"
    assert page.evaluate("typeof fired") == "undefined"
    assert page.locator('img[src="x"]').count() == 0


def test_the_content_policy_is_a_second_wall(page: Any, till: Till) -> None:
    """Markup that came through unescaped would be dead: no handler, no script, no foreign form, no eval."""
    page.goto(till.url + "/today")
    page.evaluate(
        """async (evil) => {
            const box = document.createElement("div");
            box.innerHTML = evil;
            const failed = new Promise((tell) => box.querySelector("img").addEventListener("error", tell));
            document.body.append(box);
            const script = document.createElement("script");
            script.textContent = "fired = 1";
            document.body.append(script);
            await failed;
        }""",
        EVIL,
    )
    assert page.evaluate("typeof fired") == "undefined"

"""An organisation is left while thousands of documents have not reached it: no page and no press grows with them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from portal.accounting.mirror.drain import drain
from portal.accounting.queries import count_not_in_books
from portal.shared.running import here, job_session
from tests.builders import sign_in
from tests.conftest import browser
from tests.portal.accounting.doings import sent_invoice
from tests.portal.accounting.stand_in import LinkedFirm, linked, zoho
from tests.portal.accounting.test_link_pages import start
from tests.portal.accounting.test_switching import another, switch

__all__ = ["linked", "zoho"]

_MANY = """
    INSERT INTO invoices OVERRIDING SYSTEM VALUE
    SELECT (jsonb_populate_record(NULL::invoices, to_jsonb(i) || jsonb_build_object(
        'id', 100000 + n, 'number', 'OLD-' || n, 'form_id', NULL, 'work_order_id', NULL))).*
    FROM invoices i, generate_series(CAST(:first AS int) + 1, CAST(:first AS int) + :most) n WHERE i.id = :of
"""
_UNSENT = """
    INSERT INTO outbox (organisation_id, subject, subject_id, version, changed_at)
    SELECT :of, 'invoice', 100000 + n, 1, now()
    FROM generate_series(CAST(:first AS int) + 1, CAST(:first AS int) + :most) n
"""


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements that are sent meanwhile."""
    sent: list[str] = []

    def note(*facts: Any) -> None:
        sent.append(facts[2])

    event.listen(here().engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(here().engine, "before_cursor_execute", note)


def cost_of(client: FlaskClient, page: str) -> tuple[int, int]:
    """Statements, and size in kilobytes."""
    with counted() as sent:
        size = len(client.get(page).text)
    return len(sent), size // 1000


def test_no_page_and_no_press_grows_with_what_was_never_sent(linked: LinkedFirm, app: Flask) -> None:
    admin = sign_in(browser(app), linked.firm, "administrator")
    invoice = sent_invoice(linked)
    drain(linked.organisation_id)
    costs = []
    for first in (0, 400):  # the page shows two hundred at most
        linked.change(_MANY, of=invoice.id, first=first, most=400)
        linked.change(_UNSENT, of=linked.organisation_id, first=first, most=400)
        other = another(linked, name=f"Books after {first}")
        with counted() as pressed:
            assert switch(admin, linked, other).location == "/books/setup"
        start(admin, linked.organisation_id)
        drain(linked.organisation_id)
        costs.append((len(pressed), cost_of(admin, "/books/inbox")))
        with job_session(linked.organisation_id) as session:
            assert count_not_in_books(session) == first + 400
    (few_pressed, few), (many_pressed, many) = costs
    assert many_pressed <= few_pressed + 20 and many[0] == few[0] and many[1] <= few[1] + 5

"""What one look at a pay page costs the database."""

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

from portal.pay_page.queries import open_link
from portal.shared.running import here
from tests.builders import Firm
from tests.paying import Till


def test_a_look_takes_few_statements(till: Till, firm: Firm) -> None:
    till.connect(firm)
    _, path = till.invoice(firm)
    till.pay(path)
    till.work(firm)  # paid: the state that reads most
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(here().engine, "before_cursor_execute", note)
    try:
        assert till.browser().get(path).status_code == 200
    finally:
        event.remove(here().engine, "before_cursor_execute", note)
    assert len(seen) <= 4, seen  # the payments of a paid one are the fourth


def test_a_look_can_write_nothing(till: Till, firm: Firm) -> None:
    _, path = till.invoice(firm)
    with here().sessions() as session:
        open_link(session, path.rpartition("/")[2], to_look=True)
        with pytest.raises(DBAPIError, match="read-only transaction"):
            session.execute(text("UPDATE pay_links SET opened_at = now()"))


def test_looking_again_plans_nothing_anew(till: Till, firm: Firm) -> None:
    """A rollback at the end would make the driver forget its prepared statements: each look would pay for planning."""
    _, path = till.invoice(firm)
    browser = till.browser()
    sent: list[object] = []
    for _ in range(8):
        browser.get(path)
    note = sent.append
    event.listen(here().engine, "rollback", note)
    try:
        assert browser.get(path).status_code == 200
    finally:
        event.remove(here().engine, "rollback", note)
    assert sent == []

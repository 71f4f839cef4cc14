"""What one look at a pay page costs the database."""

from sqlalchemy import event

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
    assert len(seen) <= 8, seen

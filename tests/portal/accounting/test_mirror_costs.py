"""What one record costs our own database on its way to Zoho."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event

from portal.accounting.mirror.drain import drain
from portal.shared.running import here, job_session
from tests.builders import make_customer
from tests.portal.accounting.stand_in import LinkedFirm, linked, zoho

__all__ = ["linked", "zoho"]
MOST_STATEMENTS, MOST_TRANSACTIONS = 27, 5


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """What is asked of the database meanwhile."""
    count: Counter[str] = Counter()

    def statement(*_event: object) -> None:
        count["statements"] += 1

    def transaction(*_event: object) -> None:
        count["transactions"] += 1

    listeners = (("before_cursor_execute", statement), ("commit", transaction))
    for name, note in listeners:
        event.listen(here().engine, name, note)
    try:
        yield count
    finally:
        for name, note in listeners:
            event.remove(here().engine, name, note)


def cost_of_customers(linked: LinkedFirm, customers: int) -> Counter[str]:
    with job_session(linked.organisation_id) as session:
        for number in range(customers):
            make_customer(session, linked.organisation_id, f"Customer {number} of {customers}")
    with counted() as count:
        drain(linked.organisation_id)
    return count


def test_a_new_customer_takes_few_transactions_and_statements(linked: LinkedFirm) -> None:
    drain(linked.organisation_id)
    few, more = cost_of_customers(linked, 2), cost_of_customers(linked, 12)
    assert {each.state for each in linked.mirror("customer")} == {"in_step"}
    assert (more["transactions"] - few["transactions"]) / 10 <= MOST_TRANSACTIONS
    assert (more["statements"] - few["statements"]) / 10 <= MOST_STATEMENTS

"""A payment in Zoho whose customer is not here yet comes once the customer does, however long that takes."""

from typing import Any

from portal.accounting.models import ImportRow
from portal.accounting.setup.taking import OWN
from portal.payments.models import Payment
from portal.shared import clock
from portal.shared.running import job_session
from tests.portal.accounting.both_ways import act, both_ways, let_time_pass, look, questions
from tests.portal.accounting.stand_in import LinkedFirm, linked_to_either, zoho

__all__ = ["linked_to_either", "zoho"]


def amounts(linked: LinkedFirm) -> list[int]:
    with job_session(linked.organisation_id) as session:
        return sorted(minor for (minor,) in session.query(Payment.amount_minor))


def advance(linked: LinkedFirm, customer_id: str, amount: float, **more: Any) -> str:
    body = {"customer_id": customer_id, "payment_mode": "cash", "amount": amount,
            "date": clock.today("Europe/London").isoformat()}  # fmt: skip
    return str(act(linked, "POST /customerpayments", **body, **more)["payment"]["payment_id"])


def test_it_waits_for_its_customer_and_comes_then_once(linked_to_either: LinkedFirm) -> None:
    linked = linked_to_either
    both_ways(linked, "payment")
    contact = act(linked, "POST /contacts", contact_name="Priory School Annex")["contact"]
    advance(linked, contact["contact_id"], 33.33)
    gone = advance(linked, contact["contact_id"], 5)
    for _ in range(2):
        look(linked)
        let_time_pass(linked)
    act(linked, f"DELETE /customerpayments/{gone}")
    linked.change("UPDATE pull_cursors SET since = clock_timestamp() + interval '5 minutes'")
    assert amounts(linked) == [] and questions(linked) == []
    both_ways(linked, "customer")
    linked.change("UPDATE pull_cursors SET since = clock_timestamp() - interval '1 day' WHERE module = 'customer'")
    look(linked)
    with job_session(linked.organisation_id) as session:
        assert session.query(ImportRow.decision).scalar() == OWN
    for _ in range(3):
        look(linked)
    assert amounts(linked) == [3333] and questions(linked) == []
    assert [(each["amount"], each["unused_amount"]) for each in linked.there("customerpayments")] == [(33.33, 33.33)]
    assert {each.state for each in linked.mirror()} == {"in_step"}

"""What was paid here on an invoice that is closed in Zoho by then: asked about, never refused for ever."""

from decimal import Decimal
from typing import Any

import pytest

from portal.accounting.inbox import stuck_records
from portal.accounting.mirror.drain import drain
from portal.accounting.pull import decisions
from portal.accounting.queries import tied_now
from portal.accounting.reconciliation import causes
from portal.invoices.models import Invoice
from portal.payments.credits import unused_credit
from portal.shared.running import job_session
from tests.portal.accounting.both_ways import act, both_ways, let_time_pass, look, questions
from tests.portal.accounting.doings import pay, sent_invoice
from tests.portal.accounting.stand_in import LinkedFirm, linked, linked_to_either, zoho
from tests.portal.accounting.test_payments_back import balance, paid_there
from tests.portal.accounting.test_reconciling import reconcile

__all__ = ["linked", "linked_to_either", "zoho"]
MODULES = ("customer", "item", "invoice", "payment")


def billed_once(linked: LinkedFirm, *modules: str) -> Invoice:
    """One invoice of 235.80 that both sides have."""
    invoice = sent_invoice(linked)
    drain(linked.organisation_id)
    if modules:
        both_ways(linked, *modules)
        look(linked)
        let_time_pass(linked)
    return invoice


def answer(linked: LinkedFirm, field: str, decision: str) -> None:
    (asked,) = [each for each in questions(linked) if each.field == field]
    with job_session(linked.organisation_id) as session:
        person = linked.firm.people["manager"]
        assert decisions.decide(session, asked.id, decision, by="Mo Manager", person_id=person)
    for _ in range(3):
        linked.make_due()
        drain(linked.organisation_id)


def write_off_there(linked: LinkedFirm) -> None:
    (there,) = linked.there("invoices")
    act(linked, f"POST /invoices/{there['invoice_id']}/writeoff")


def causes_of(linked: LinkedFirm) -> list[tuple[str, str]]:
    with job_session(linked.organisation_id) as session:
        tied = tied_now(session)
        assert tied is not None
        return [(each.label.partition(" ")[0], each.cause.key) for each in stuck_records(session, tied)]


def free_here(linked: LinkedFirm, invoice: Invoice) -> int:
    with job_session(linked.organisation_id) as session:
        return sum(use.unused_minor for use in unused_credit(session, invoice.customer_id, "GBP", invoice_id=None))


def there_now(linked: LinkedFirm) -> tuple[Any, Any, list[tuple[Any, Any]]]:
    """Open on the invoice, written off, and (amount, free) of each payment."""
    (one,) = linked.there("invoices")
    free = [(each["amount"], each["unused_amount"]) for each in linked.there("customerpayments")]
    return Decimal(str(one["balance"])), Decimal(str(one["write_off_amount"])), sorted(free)


@pytest.mark.parametrize("modules", [(), MODULES])
def test_a_write_off_there_is_taken_back_and_the_payment_follows(
    linked_to_either: LinkedFirm, modules: tuple[str, ...]
) -> None:
    linked = linked_to_either
    invoice = billed_once(linked, *modules)
    write_off_there(linked)
    look(linked) if modules else None
    pay(linked, invoice)
    drain(linked.organisation_id)
    look(linked) if modules else None
    assert causes_of(linked) == [("Payment", "too much")]
    (asked,) = questions(linked)
    assert asked.ours == f"235.80 GBP paid on Invoice {invoice.number}"
    assert asked.theirs == "0.00 GBP open, 235.80 GBP written off"
    answer(linked, "too much", "ours")
    assert there_now(linked) == (0, 0, [(235.8, 0)])
    assert {each.state for each in linked.mirror()} == {"in_step"} and questions(linked) == []


def test_a_part_paid_here_leaves_the_rest_written_off_on_both_sides(linked: LinkedFirm) -> None:
    invoice = billed_once(linked, *MODULES)
    write_off_there(linked)
    pay(linked, invoice, 5000)
    drain(linked.organisation_id)
    look(linked)
    assert sorted(each.field for each in questions(linked)) == ["too much", "written off"]
    (asked,) = [each for each in questions(linked) if each.field == "written off"]
    with job_session(linked.organisation_id) as session:
        decisions.prepare(session, asked.id, "theirs")
    answer(linked, "written off", "theirs")
    answer(linked, "too much", "ours")
    assert there_now(linked) == (0, Decimal("185.8"), [(50, 0)])
    assert {each.state for each in linked.mirror()} == {"in_step"} and questions(linked) == []


@pytest.mark.parametrize("decision", ["credit", "out"])
def test_what_is_paid_otherwise_there_goes_over_as_credit_or_is_left_out(
    linked_to_either: LinkedFirm, decision: str
) -> None:
    linked = linked_to_either
    invoice = billed_once(linked)
    paid_there(linked, invoice, 200)
    pay(linked, invoice, 5000, method="cash")
    drain(linked.organisation_id)
    assert causes_of(linked) == [("Payment", "too much")]
    answer(linked, "too much", decision)
    expected = [(50, 14.2), (200, 0)] if decision == "credit" else [(200, 0)]
    assert there_now(linked)[2] == expected
    assert [each.state for each in linked.mirror("payment")] == ["in_step" if decision == "credit" else "paused"]
    before = len(linked.zoho.requests(linked.remote, "POST"))
    linked.make_due()
    drain(linked.organisation_id)
    assert len(linked.zoho.requests(linked.remote, "POST")) == before


def paid_on_both(linked: LinkedFirm) -> Invoice:
    invoice = billed_once(linked, *MODULES)
    paid_there(linked, invoice)
    pay(linked, invoice, 5000, method="cash")
    linked.change("UPDATE pull_cursors SET looked_at = looked_at - interval '10 minutes'")
    drain(linked.organisation_id)
    (asked,) = questions(linked)
    assert (asked.kind, asked.facts["title"]) == ("twice", "Is this one payment, or two?")
    assert len(linked.there("customerpayments")) == 1
    return invoice


@pytest.mark.parametrize(("decision", "free"), [("two", 50), ("same", 0)])
def test_paid_on_both_sides_for_more_than_is_owed_comes_to_the_same_cents(
    linked_to_either: LinkedFirm, decision: str, free: int
) -> None:
    linked = linked_to_either
    invoice = paid_on_both(linked)
    assert causes_of(linked) == [("Payment", "one or two")]
    asked = reconcile(linked)
    assert {(each.cause, each.module) for each in asked} == {("asked", "payment"), ("other balance", "invoice")}
    assert len(asked) == 3 and all(causes.fixes_of(each.cause, "", each.module) == () for each in asked)
    answer(linked, "", decision)
    let_time_pass(linked)
    look(linked)
    ours = [(50, 50)] if decision == "two" else []
    assert there_now(linked) == (0, 0, [*ours, (235.8, 0)])
    assert (balance(linked, invoice).minor, free_here(linked, invoice)) == (0, free * 100)
    assert {each.state for each in linked.mirror()} == {"in_step"} and questions(linked) == []
    assert reconcile(linked) == []


def test_cash_that_somebody_answers_for_is_never_reversed_for_it(linked: LinkedFirm) -> None:
    invoice = billed_once(linked, *MODULES)
    paid_there(linked, invoice)
    pay(linked, invoice, 5000, method="cash", taken_by=linked.firm.people["field_agent"])
    linked.change("UPDATE pull_cursors SET looked_at = looked_at - interval '10 minutes'")
    drain(linked.organisation_id)
    (asked,) = questions(linked)
    with job_session(linked.organisation_id) as session, pytest.raises(decisions.CannotDecide):
        decisions.decide(session, asked.id, "same", by="Mo", person_id=linked.firm.people["manager"])
